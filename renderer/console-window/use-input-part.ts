/** This pane's part in who writes, in the words of consoles. */
import { Keyboard } from 'lucide-react';
import type { InputPart, InputTexts } from '../presence/input-part.ts';
import { useConsole, useConsoleState } from './console-context.ts';
import { useConsoleSummary } from './use-console-name.ts';

const words: InputTexts = {
  icon: Keyboard,
  who: 'who is on this console',
  self: 'this pane',
  has: 'writes',
  youHave: 'You are writing',
  asks: 'asks to write',
  nobodyHas: 'Nobody writes',
  youHaveNot: 'You do not write',
  inVain: 'You are watching. What you type is not sent.',
  Somebody: 'The writer',
  somebody: 'the writer',
  asked: (by) => `Asked ${by}`,
  handedOver: (by) => `${by} handed the input to you`,
  handedAway: (by) => `You handed the input to ${by}`,
  released: (by) => `${by} released the console`,
  forced: (by) => `${by} took the input by force`,
  closed: 'The console was closed',
  take: 'Write',
  takeHint: 'Nobody writes: you do from now on.',
  takeOverHint: 'You write from now on; whoever wrote is told and watches.',
  requestHint: 'Asks whoever writes for the input. They hand it over or decline.',
  releaseHint: 'Stops writing and goes on watching. Whoever asked first writes then, or anybody who wants to.',
};

export function useInputPart(): InputPart {
  const { uuid, session, terminal } = useConsole();
  const known = useConsoleState((state) => state);
  const place = useConsoleSummary();
  return { words, uuid, input: session.input, known, place, goOn: () => terminal.xterm.focus() };
}
