/** What the components that show who has the input are given: one viewer's part in it, and the words of its window. */
import type { LucideIcon } from 'lucide-react';
import type { ConsoleSummary } from '../../core/domain/domain-summary.ts';
import type { InputControl } from './input-control.ts';
import type { Presence } from './presence.ts';

/** As the host tells it: everybody who is there. A console and a display have this in common. */
export type InputPlace = Pick<ConsoleSummary, 'writer' | 'sessions'> & Partial<Pick<ConsoleSummary, 'readOnly'>>;
export type Present = ConsoleSummary['sessions'][number];

export interface InputPart {
  readonly words: InputTexts;
  readonly uuid: string;
  readonly input: InputControl;
  readonly known: Presence & { readonly phase: string };
  /** Null while nothing is known of it. */
  readonly place: InputPlace | null;
  /** Gives the keyboard back to the guest: a button goes with its occasion. */
  readonly goOn: () => void;
}

export interface InputTexts {
  readonly icon: LucideIcon;
  /** "who is on this console" */
  readonly who: string;
  /** "this pane" */
  readonly self: string;
  /** What somebody who has the input does, said of others and of oneself, and what somebody does who asks for it. */
  readonly has: string;
  readonly youHave: string;
  readonly asks: string;
  readonly nobodyHas: string;
  readonly youHaveNot: string;
  readonly inVain: string;
  /** Who has the input where no name is known, at the beginning of a sentence and inside one. */
  readonly Somebody: string;
  readonly somebody: string;
  readonly asked: (by: string) => string;
  readonly handedOver: (by: string) => string;
  readonly handedAway: (by: string) => string;
  readonly released: (by: string) => string;
  readonly forced: (by: string) => string;
  readonly closed: string;
  /** The buttons: what taking a free input is called, and what each does. */
  readonly take: string;
  readonly takeHint: string;
  readonly takeOverHint: string;
  readonly requestHint: string;
  readonly releaseHint: string;
}

export function othersOf({ known, place }: InputPart): readonly Present[] {
  return (place?.sessions ?? []).filter(({ sessionId }) => sessionId !== known.sessionId);
}

/** A press that is over with its button. */
export function pressed({ goOn }: InputPart, act: () => void): () => void {
  return () => {
    act();
    goOn();
  };
}
