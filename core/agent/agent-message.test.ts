import { describe, expect, test } from 'vitest';
import { parseAgentMessage } from './agent-message.ts';

const parse = (text: string): unknown => parseAgentMessage(Buffer.from(text));

describe('a line of the agent', () => {
  test.each([
    ['an answer', '{"return": {"a": 1}}', { kind: 'answer', result: { a: 1 } }],
    ['an empty answer', '{"return": null}', { kind: 'answer', result: null }],
    ['a refusal', '{"error": {"class": "GenericError", "desc": "no"}}', { kind: 'refusal', agentClass: 'GenericError', text: 'no' }],
    ['half JSON', '{"return": ', { kind: 'malformed', why: 'malformed JSON: {"return":' }],
    ['a list', '[]', { kind: 'malformed', why: 'JSON that is no object' }],
    ['another object', '{"event": "X"}', { kind: 'malformed', why: 'a message of no known kind' }],
    ['an error of the wrong shape', '{"error": {"class": 1}, "return": 1}', { kind: 'malformed', why: 'a message of no known kind' }],
  ])('is told apart: %s', (_, text, expected) => {
    expect(parse(text)).toEqual(expected);
  });

  test('is not parsed where it nests too deep, however long it is', () => {
    expect(parse(`{"return": ${'['.repeat(500_000)}${']'.repeat(500_000)}}`)).toEqual({ kind: 'malformed', why: 'JSON nested more than 64 deep' });
    expect(parse(`{"return": ${'['.repeat(63)}${']'.repeat(63)}}`)).toMatchObject({ kind: 'answer' });
  });

  test('may hold brackets in its text', () => {
    const text = `${'[{'.repeat(100)}\\"`;
    expect(parse(JSON.stringify({ return: text }))).toEqual({ kind: 'answer', result: text });
  });

  test('brings neither line breaks nor terminal codes nor a novel into a message', () => {
    const refusal = parse(JSON.stringify({ error: { class: 'GenericError', desc: `a\n\u001b[31mb${'x'.repeat(5_000)}` } })) as { text: string };
    expect(refusal.text).toMatch(/^a \[31mbx+\.\.\.$/);
    expect(refusal.text.length).toBeLessThan(1_010);
  });
});
