/**
 * A place of the console's log, over the terminal, which goes on beneath: a second terminal that reads only, from some
 * way before the place on, and further back than the terminal can scroll.
 */
import { ArrowDownToLine, ChevronDown, ChevronUp } from 'lucide-react';
import { type KeyboardEvent, type ReactElement, useEffect, useMemo, useRef } from 'react';
import { useStore } from 'zustand';
import type { VireoError } from '../../core/base/errors.ts';
import { Button } from '../shared/button.tsx';
import { useSession } from '../shared/session.ts';
import { formatBytes, formatExact } from '../words/format.ts';
import { sentenceFor } from '../words/errors.ts';
import { useConsole, useConsoleState } from './console-context.ts';
import { HistoryReader, type HistoryState } from './history-reader.ts';
import type { HistoryPlace } from './history-place.ts';
import { HistoryScreen } from './history-screen.ts';

export function HistoryView(): ReactElement | null {
  const { tools } = useConsole();
  const place = useStore(tools.history, (state) => state.place);
  return place && <HistoryOverlay key={place.offset} place={place} onClose={() => tools.showHistory(null)} />;
}

function HistoryOverlay({ place, onClose }: { readonly place: HistoryPlace; readonly onClose: () => void }): ReactElement {
  const { tools } = useConsole();
  const reader = useReader();
  const state = useStore(reader.store);
  const frame = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const screen = new HistoryScreen({ settings: tools.settings.store, guest: tools.guest.store, place, element: frame.current! });
    const stop = reader.store.subscribe((now, before) => now.pieces !== before.pieces && screen.show(now));
    if (reader.store.getState().to > 0) screen.show(reader.store.getState());
    else void reader.open(place.offset);
    return () => {
      stop();
      screen[Symbol.dispose]();
    };
  }, [reader, tools, place]);
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key !== 'Escape') return;
    event.preventDefault();
    event.stopPropagation();
    onClose();
  };
  return (
    <section className="history-view" aria-label="History" onKeyDown={onKeyDown}>
      <div className="history-bar">
        <strong className="ellipsis">{place.atMs === null ? 'History' : `History at ${formatExact(place.atMs)}`}</strong>
        <HistoryWords state={state} />
        <span className="spring" />
        <Button label="Earlier" icon={ChevronUp} small busy={state.busy === 'earlier'} disabled={state.to === 0 || state.from <= state.start} hint="Loads what was printed before." onPress={() => void reader.earlier()} />
        <Button label="Later" icon={ChevronDown} small busy={state.busy === 'later'} disabled={state.to === 0} hint="Loads what was printed after." onPress={() => void reader.later()} />
        <Button label="Back to now" icon={ArrowDownToLine} small kind="primary" onPress={onClose} />
      </div>
      <div className="terminal-frame"><div ref={frame} className="terminal-pane" /></div>
    </section>
  );
}

function useReader(): HistoryReader {
  const { uuid, device } = useConsole();
  const { host } = useSession();
  const alias = useConsoleState((state) => state.alias) ?? device;
  return useMemo(
    () =>
      new HistoryReader(async (from, maximumBytes) => {
        const { data, ...page } = await host.client.call('domainReadConsole', { domain: uuid, device: alias, from, maximumBytes });
        return { ...page, bytes: Uint8Array.from(atob(data), (character) => character.charCodeAt(0)) };
      }),
    [host, uuid, alias],
  );
}

function HistoryWords({ state }: { readonly state: HistoryState }): ReactElement {
  const words = (error: VireoError | null): string =>
    error ? `It could not be read: ${sentenceFor(error)}`
    : state.busy === 'opening' || state.to === 0 ? 'Reading'
    : state.to === state.start ? 'Nothing is kept'
    : state.from <= state.start && state.to >= state.end ? 'All that is kept'
    : `${formatBytes(state.from - state.start)} before, ${formatBytes(Math.max(0, state.end - state.to))} after`;
  return <span role="status" className={state.error ? 'ellipsis bad-words' : 'ellipsis quiet'}>{words(state.error)}</span>;
}
