/** This window's part in who has keyboard and pointer, in the words of displays. */
import { MousePointer2 } from 'lucide-react';
import type { InputPart, InputTexts } from '../presence/input-part.ts';
import { useDisplay, useDisplayState, useDisplaySummary } from './display-context.ts';

const words: InputTexts = {
  icon: MousePointer2,
  who: 'who looks at this display',
  self: 'this window',
  has: 'has control',
  youHave: 'You have control',
  asks: 'asks for control',
  nobodyHas: 'Nobody has control',
  youHaveNot: 'You do not have control',
  inVain: 'You are watching. Keys and clicks are not sent to the guest.',
  Somebody: 'The other window',
  somebody: 'the other window',
  asked: (by) => `Asked ${by} for control`,
  handedOver: (by) => `${by} handed control to you`,
  handedAway: (by) => `You handed control to ${by}`,
  released: (by) => `${by} let go of keyboard and pointer`,
  forced: (by) => `${by} took control by force`,
  closed: 'The display was closed',
  take: 'Control',
  takeHint: 'Nobody has keyboard and pointer: you do from now on.',
  takeOverHint: 'You have keyboard and pointer from now on; whoever had them is told and watches.',
  requestHint: 'Asks whoever has keyboard and pointer for them. They hand them over or decline.',
  releaseHint: 'Lets go of keyboard and pointer and goes on watching. Whoever asked first has them then, or anybody who wants to.',
};

export function useInputPart(): InputPart {
  const { uuid, session, screen } = useDisplay();
  const known = useDisplayState((state) => state);
  const place = useDisplaySummary();
  return { words, uuid, input: session.input, known, place, goOn: () => screen.focus() };
}
