import { describe, expect, it } from 'vitest';
import type { ConsoleTrigger } from '../../core/console/history/trigger-schema.ts';
import { draftOf, judgeDraft, newDraft, triggerOf } from './trigger-draft.ts';

const trigger = (changes: Partial<ConsoleTrigger> = {}): ConsoleTrigger => ({ id: 't1', pattern: 'panic', kind: 'text', caseSensitive: false, device: null, words: null, once: false, enabled: true, lastFired: null, problem: null, ...changes });

describe('a trigger that is being written', () => {
  it('is unfit while it is empty, which needs no words', () => {
    expect(judgeDraft(newDraft(null), [])).toEqual({ isFit: false, says: null });
  });

  it('is told what keeps it from being a regular expression, and may be anything as plain text', () => {
    expect(judgeDraft({ ...newDraft(null), pattern: '(panic', kind: 'regex' }, [])).toEqual({ isFit: false, says: 'No regular expression yet: unterminated group.' });
    expect(judgeDraft({ ...newDraft(null), pattern: '(panic' }, [])).toEqual({ isFit: true, says: null });
  });

  it('is warned of an expression that every line matches', () => {
    expect(judgeDraft({ ...newDraft(null), pattern: 'x*', kind: 'regex' }, [])).toMatchObject({ isFit: true, says: expect.stringContaining('every line') as string });
  });

  it('is unfit where the same is waited for already on the same console, and not on another', () => {
    const draft = { ...newDraft('ttyS0'), pattern: 'panic' };
    expect(judgeDraft(draft, [trigger({ device: 'ttyS0' })]).isFit).toBe(false);
    expect(judgeDraft(draft, [trigger(), trigger({ device: 'hvc0' }), trigger({ device: 'ttyS0', kind: 'regex' })]).isFit).toBe(true);
  });

  it('comes from a trigger and becomes one again, whose empty fields are null; one that was off waits anew', () => {
    const told = trigger({ device: 'ttyS0', words: 'It broke', once: true, enabled: false, lastFired: { atMs: 1, alias: 'serial0', offset: 0, line: 'panic' } });
    expect(triggerOf(draftOf(told))).toEqual({ id: 't1', pattern: 'panic', kind: 'text', caseSensitive: false, device: 'ttyS0', words: 'It broke', once: true, enabled: true });
    expect(triggerOf({ ...newDraft(null), pattern: 'x', words: '  ' })).toMatchObject({ id: null, device: null, words: null });
  });
});
