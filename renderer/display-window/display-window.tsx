/** A display's window: who has it along the top, the guest's screen full bleed, and what is to be said over it. */
import { type ReactElement, useEffect, useRef, useState } from 'react';
import { useStore } from 'zustand';
import { ScreenshotDialog } from '../shared/screenshot-dialog.tsx';
import { HeldDialog } from '../shared/dialogs.tsx';
import { Toaster, attempt } from '../shared/failure-toast.tsx';
import { LinkBanner } from '../shared/link-banner.tsx';
import { useActionState, useDomain, useSession } from '../shared/session.ts';
import { useDisplay, useDisplaySettings, useDisplayState } from './display-context.ts';
import { DisplayHeader } from './display-header.tsx';
import { DisplayNotices } from './display-notices.tsx';
import { DisplayPlaceholder } from './display-placeholder.tsx';
import { StoppedBar } from './stopped-bar.tsx';

export function DisplayWindow(): ReactElement {
  const { uuid, index, number, fullScreen } = useDisplay();
  const isFull = useStore(fullScreen, (state) => state.isFull);
  const { actions, host } = useSession();
  const held = useActionState((state) => state.held);
  const summary = useDomain(uuid);
  const name = summary?.name ?? 'Domain';
  const label = summary && summary.displays.length > 1 ? `display ${index + 1}` : 'display';
  const [shoots, setShoots] = useState(false);
  useEffect(() => {
    document.title = `${name} / ${label}${number > 1 ? ` (${number})` : ''} — Vireo`;
  }, [name, label, number]);
  return (
    <div className={`display-window ${isFull ? 'full' : ''}`}>
      <DisplayHeader name={name} label={label} onScreenshot={() => setShoots(true)} />
      <LinkBanner />
      <DisplayNotices />
      <main className="display-frame" aria-label={`Screen of ${name}`}>
        <ScreenPane />
        <DisplayPlaceholder />
        <GrabHint />
      </main>
      <StoppedBar />
      {shoots && summary && <ScreenshotDialog summary={summary} onClose={() => setShoots(false)} />}
      {held && <HeldDialog held={held} onView={() => {
        actions.dismissHeld();
        void attempt(`${name} was not shown`, () => host.client.call('desktopShowMain', { uuid }));
      }} onWait={() => void actions.waitAndRun(held)} onClose={() => actions.dismissHeld()} />}
      <Toaster />
    </div>
  );
}

function ScreenPane(): ReactElement {
  const { screen } = useDisplay();
  const { scales } = useDisplaySettings();
  const phase = useDisplayState((state) => state.phase);
  const pane = useRef<HTMLDivElement>(null);
  useEffect(() => {
    pane.current!.append(screen.element);
    screen.focus();
  }, [screen]);
  return <div ref={pane} className={`screen-pane ${scales ? 'scales' : ''} ${phase === 'shown' ? '' : 'old'}`} />;
}

/** While the guest has the pointer, the way to have it back. */
function GrabHint(): ReactElement | null {
  const { grab } = useDisplay();
  const isGrabbed = useStore(grab, (state) => state.isGrabbed);
  return isGrabbed ? <p className="grab-hint" role="status">The guest has the pointer. Press Ctrl+Alt to have it back.</p> : null;
}
