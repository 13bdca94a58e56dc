/** A guest's screen in a row of the list, and a larger one beside the list for who lingers over it. Room for it is kept. */
import { type ReactElement, useEffect, useRef, useState } from 'react';
import { createPortal } from 'react-dom';
import { useStore } from 'zustand';
import type { DomainSummary } from '../../core/domain/domain-summary.ts';
import { screenSetting } from '../store/screen-setting.ts';
import { hasScreen } from '../words/displays.ts';
import { smallScreenPixels, useScreen } from './use-screen.ts';

/** Long enough that a pointer on its way elsewhere opens nothing. */
const lingerMs = 350;

export function ScreenThumbnail({ summary }: { readonly summary: DomainSummary }): ReactElement | null {
  const inList = useStore(screenSetting, (setting) => setting.inList);
  const screen = useScreen(summary, smallScreenPixels, { paused: !inList });
  const [place, setPlace] = useState<{ readonly left: number; readonly top: number } | null>(null);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  if (!inList || summary.id === null || !hasScreen(summary)) return null;
  const linger = (element: Element): void => {
    clearTimeout(timer.current);
    timer.current = setTimeout(() => setPlace(besideOf(element.getBoundingClientRect())), lingerMs);
  };
  const leave = (): void => {
    clearTimeout(timer.current);
    setPlace(null);
  };
  return (
    <span className="tree-screen" aria-hidden onPointerEnter={(event) => linger(event.currentTarget)} onPointerLeave={leave} onPointerDown={leave}>
      {screen && <img src={screen.url} alt="" draggable={false} />}
      {screen && place && createPortal(
        <span className="screen-preview" style={place} aria-hidden>
          <img src={screen.url} alt="" width={smallScreenPixels} height={Math.round((screen.screenHeightPixels * smallScreenPixels) / screen.screenWidthPixels)} />
        </span>,
        document.body,
      )}
    </span>
  );
}

const gapPx = 12;
/** A screen of four to three with its frame. */
const highestPx = (smallScreenPixels * 3) / 4 + 2 * gapPx;

function besideOf({ right, top }: DOMRect): { left: number; top: number } {
  return { left: right + gapPx, top: Math.max(gapPx, Math.min(top - gapPx, window.innerHeight - highestPx)) };
}
