/** What happened to the domain: the newest first, one line each, with all that is known of the one that is chosen. */
import { CloudOff, History, LoaderCircle, SearchX } from 'lucide-react';
import { type ReactElement, useDeferredValue, useEffect, useState } from 'react';
import type { DomainSummary } from '../../core/domain/domain-summary.ts';
import type { TimelineEntry, TimelineKind } from '../../core/timeline/timeline-entry.ts';
import { Button } from '../shared/button.tsx';
import { Picture } from '../shared/picture.tsx';
import { adviceFor } from '../words/errors.ts';
import { TimelineBar } from './timeline-bar.tsx';
import { TimelineDetails } from './timeline-details.tsx';
import { TimelineList } from './timeline-list.tsx';
import { useTimeline } from './use-timeline.ts';
import { useView, useViewStore } from './view-context.ts';

/** A word is looked for when it is typed, not at each of its letters. */
const typingMs = 200;

export function TimelineTab({ summary }: { readonly summary: DomainSummary }): ReactElement {
  const [kinds, setKinds] = useState<readonly TimelineKind[]>([]);
  const [text, setText] = useState('');
  const [follows, setFollows] = useState(true);
  const [chosen, setChosen] = useState<number | null>(null);
  const filter = { kinds, text: useSettled(text.trim()) };
  const timeline = useTimeline(summary.uuid, filter);
  const entries = useDeferredValue(timeline.entries);
  useCrashChosen(entries, setChosen);
  const entry = entries?.find(({ seq }) => seq === chosen) ?? null;
  return (
    <div className="timeline">
      <TimelineBar summary={summary} kinds={kinds} onKinds={setKinds} text={text} onText={setText} follows={follows} onFollows={setFollows} filter={filter} />
      {timeline.error && entries !== null && (
        <p className="notice bad" role="alert">
          <span>The events were not read. {timeline.error.message} {adviceFor(timeline.error)}</span>
          <Button label="Try again" small onPress={timeline.retry} />
        </p>
      )}
      {entries === null || entries.length === 0 ? (
        <Nothing timeline={timeline} isFiltered={kinds.length > 0 || filter.text !== ''} onShowAll={() => { setKinds([]); setText(''); }} />
      ) : (
        <TimelineList entries={entries} chosen={chosen} onChoose={setChosen} follows={follows} onFollows={setFollows} hasOlder={timeline.next !== null} onOlder={timeline.loadOlder} />
      )}
      {entry && <TimelineDetails entry={entry} onClose={() => setChosen(null)} />}
    </div>
  );
}

function useSettled(text: string): string {
  const [settled, setSettled] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(text), typingMs);
    return () => clearTimeout(timer);
  }, [text]);
  return settled;
}

/** Who came from "See what happened" finds the end of the last run opened. */
function useCrashChosen(entries: readonly TimelineEntry[] | null, choose: (seq: number) => void): void {
  const view = useViewStore();
  const isAsked = useView((state) => state.showsLastEnd);
  useEffect(() => {
    if (!isAsked || !entries) return;
    view.setState({ showsLastEnd: false });
    const end = entries.find(({ account }) => account !== null);
    if (end) choose(end.seq);
  }, [isAsked, entries, choose, view]);
}

interface NothingProps {
  readonly timeline: ReturnType<typeof useTimeline>;
  readonly isFiltered: boolean;
  readonly onShowAll: () => void;
}

/** Loading, failed, nothing found and nothing there look different. */
function Nothing({ timeline: { entries, error, retry }, isFiltered, onShowAll }: NothingProps): ReactElement {
  if (entries === null && error) {
    return (
      <Picture icon={CloudOff} title="The events were not read" text={`${error.message} ${adviceFor(error) ?? ''}`}>
        <Button label="Try again" onPress={retry} />
      </Picture>
    );
  }
  if (entries === null) return <div className="late"><Picture icon={LoaderCircle} spins title="Reading the events" /></div>;
  if (isFiltered) {
    return (
      <Picture icon={SearchX} title="No event fits">
        <Button label="Show all" onPress={onShowAll} />
      </Picture>
    );
  }
  return <Picture icon={History} title="Nothing has happened yet" text="Starts, stops, what is asked for and what QEMU says will stand here, also after a restart of Vireo." />;
}
