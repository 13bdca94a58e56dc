import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseMessage } from './message.ts';

const parse = (value: unknown): unknown => parseMessage(Buffer.from(JSON.stringify(value)));
const timestamp = { seconds: 1, microseconds: 2 };

describe('parseMessage', () => {
  test('tells replies, errors and events apart', () => {
    expect(parse({ return: [1], id: 'a' })).toEqual({ kind: 'reply', id: 'a', result: [1] });
    expect(parse({ id: 'a', error: { class: 'GenericError', desc: 'no' } }))
      .toEqual({ kind: 'failure', id: 'a', qemuClass: 'GenericError', text: 'no' });
    expect(parse({ event: 'STOP', timestamp })).toEqual({ kind: 'event', event: { event: 'STOP', data: {}, timestamp } });
  });

  test('an event that the schema does not know keeps its name beside the mark', () => {
    expect(parse({ event: 'NEW_IN_2030', data: { x: 1 }, timestamp }))
      .toEqual({ kind: 'event', event: { event: 'unknown', name: 'NEW_IN_2030', data: { x: 1 }, timestamp } });
  });

  test.each([
    ['an error without an id', { error: { class: 'GenericError', desc: 'what?' } }, { kind: 'failure', id: null }],
    ['a reply without an id', { return: {} }, { kind: 'malformed' }],
    ['a number as id', { return: {}, id: 1 }, { kind: 'malformed' }],
    ['an event without a time', { event: 'STOP' }, { kind: 'malformed' }],
    ['a list', [], { kind: 'malformed', why: 'JSON that is no object: []' }],
    ['a greeting without a version', { QMP: { capabilities: [] } }, { kind: 'malformed' }],
  ])('%s is what it is', (_, value, expected) => {
    expect(parse(value)).toMatchObject(expected);
  });

  test('never throws, whatever the bytes', () => {
    const json = fc.json().map((text) => Buffer.from(text));
    const bytes = fc.uint8Array().map((array) => Buffer.from(array));
    const nearly = fc.record({ event: fc.anything(), return: fc.anything(), error: fc.anything(), id: fc.anything(), QMP: fc.anything() }, { requiredKeys: [] });
    const almost = nearly.map((value) => {
      try {
        return Buffer.from(JSON.stringify(value) ?? '');
      } catch {
        return Buffer.from('{}'); // a bigint or a circle
      }
    });
    fc.assert(fc.property(fc.oneof(json, bytes, almost), (line) => {
      expect(parseMessage(line).kind).toMatch(/^(greeting|reply|failure|event|malformed)$/);
    }));
  });
});
