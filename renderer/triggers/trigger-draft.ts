/** A trigger as somebody is writing it: what is wrong with it so far, before the host is asked. */
import type { ConsoleTrigger, NewConsoleTrigger } from '../../core/console/history/trigger-schema.ts';

/** Fields hold text; an empty one stands for null. */
export interface TriggerDraft {
  readonly id: string | null;
  readonly pattern: string;
  readonly kind: 'text' | 'regex';
  readonly caseSensitive: boolean;
  readonly device: string;
  readonly words: string;
  readonly once: boolean;
  readonly enabled: boolean;
}

export function newDraft(device: string | null): TriggerDraft {
  return { id: null, pattern: '', kind: 'text', caseSensitive: false, device: device ?? '', words: '', once: false, enabled: true };
}

/** One that has told and is off waits anew once it is changed. */
export function draftOf({ id, pattern, kind, caseSensitive, device, words, once }: ConsoleTrigger): TriggerDraft {
  return { id, pattern, kind, caseSensitive, device: device ?? '', words: words ?? '', once, enabled: true };
}

export function triggerOf({ device, words, ...draft }: TriggerDraft): NewConsoleTrigger {
  return { ...draft, device: device === '' ? null : device, words: words.trim() === '' ? null : words.trim() };
}

export interface DraftVerdict {
  /** Whether it can be saved. */
  readonly isFit: boolean;
  /** What is wrong with it, or what will come of it; null where nothing is to be said. */
  readonly says: string | null;
}

/** `others` are the triggers that there are beside it. */
export function judgeDraft({ pattern, kind, device }: TriggerDraft, others: readonly ConsoleTrigger[]): DraftVerdict {
  if (pattern === '') return { isFit: false, says: null };
  const same = others.find((other) => other.pattern === pattern && other.kind === kind && (other.device ?? '') === device);
  if (same) return { isFit: false, says: 'There is already a trigger for this pattern.' };
  if (kind === 'text') return { isFit: true, says: null };
  try {
    const meetsNothing = new RegExp(pattern).test('');
    return { isFit: true, says: meetsNothing ? 'It matches an empty line, and with it every line.' : null };
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/^Invalid regular expression: .*\/[a-z]*: /, '') : String(error);
    return { isFit: false, says: `No regular expression yet: ${reason.charAt(0).toLowerCase()}${reason.slice(1)}.` };
  }
}
