/** A domain's state as a shape in a colour. The word always stands beside it, so the shape is hidden from readers. */
import type { ReactElement } from 'react';
import type { VisibleState } from '../words/states.ts';

const shapes: Readonly<Record<VisibleState, ReactElement>> = {
  running: <circle cx="6" cy="6" r="4.5" fill="currentColor" />,
  paused: (
    <g fill="currentColor">
      <rect x="2" y="1.5" width="3" height="9" rx="1" />
      <rect x="7" y="1.5" width="3" height="9" rx="1" />
    </g>
  ),
  'in shutdown': (
    <g>
      <circle cx="6" cy="6" r="4" fill="none" stroke="currentColor" strokeWidth="1.6" />
      <path d="M6 6V2a4 4 0 0 1 0 8z" fill="currentColor" />
    </g>
  ),
  'shut off': <circle cx="6" cy="6" r="4" fill="none" stroke="currentColor" strokeWidth="1.6" />,
  saved: (
    <g>
      <circle cx="6" cy="6" r="4" fill="none" stroke="currentColor" strokeWidth="1.6" />
      <circle cx="6" cy="6" r="1.8" fill="currentColor" />
    </g>
  ),
  crashed: <path d="M6 .8 11.6 11H.4z" fill="currentColor" strokeLinejoin="round" />,
  pmsuspended: <path d="M10.4 7.6A4.9 4.9 0 1 1 4.4 1.6 4 4 0 0 0 10.4 7.6z" fill="currentColor" />,
  'not answering': <circle cx="6" cy="6" r="4.2" fill="none" stroke="currentColor" strokeWidth="1.8" strokeDasharray="2.4 2" />,
};

export function StateMark({ state, size = 12 }: { readonly state: VisibleState; readonly size?: number }): ReactElement {
  return (
    <svg className={`state-mark state-${state.replaceAll(' ', '-')}`} width={size} height={size} viewBox="0 0 12 12" aria-hidden>
      {shapes[state]}
    </svg>
  );
}
