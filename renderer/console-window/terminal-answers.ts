/**
 * A terminal answers some of what it shows (who are you, where is the cursor, which colour). Such an answer is typed by
 * nobody: it must come from one terminal only and only once, and never reach another guest.
 */
import type { Terminal } from '@xterm/xterm';

export interface TerminalAnswers {
  /** Whether what xterm says at this moment answers the guest and was not typed. */
  readonly isAnswering: boolean;
}

/** Handlers come before xterm's own; one that returns true keeps xterm from answering. */
export function watchAnswers(xterm: Terminal, isSilent: () => boolean): TerminalAnswers {
  const { parser } = xterm;
  let answering = false;
  const onQuestion = (): boolean => {
    if (isSilent()) return true;
    answering = true; // xterm answers within this task, in which no key can be pressed
    queueMicrotask(() => (answering = false));
    return false;
  };
  const sequences = [{ final: 'c' }, { prefix: '>', final: 'c' }, { prefix: '=', final: 'c' }, { final: 'n' }, { prefix: '?', final: 'n' }, { intermediates: '$', final: 'p' }, { prefix: '?', intermediates: '$', final: 'p' }, { prefix: '>', final: 'q' }];
  for (const sequence of sequences) parser.registerCsiHandler(sequence, onQuestion);
  parser.registerDcsHandler({ intermediates: '$', final: 'q' }, onQuestion);
  for (const colour of [4, 10, 11, 12]) parser.registerOscHandler(colour, (text) => text.includes('?') && onQuestion());
  return {
    get isAnswering() {
      return answering;
    },
  };
}
