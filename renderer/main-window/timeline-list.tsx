/**
 * The rows of a timeline. All are of one height, so that only those in sight are drawn and what comes in above moves
 * nothing that somebody reads.
 */
import { type ReactElement, type RefObject, memo, useLayoutEffect, useMemo, useRef } from 'react';
import { ListBox, ListBoxItem, ListLayout, Virtualizer } from 'react-aria-components';
import { entryInWords } from '../../core/timeline/entry-in-words.ts';
import type { TimelineEntry } from '../../core/timeline/timeline-entry.ts';
import { useNow } from '../shared/use-now.ts';
import { formatExact } from '../words/format.ts';
import { agoInWords, kindWords, momentInWords } from '../words/timeline.ts';
import { EntryIcon, toneOf } from './timeline-icon.tsx';

const rowHeightPx = 28;
const paddingPx = 6;
/** This near to the end the older page is fetched, before anybody waits for it. */
const olderWithinPx = 40 * rowHeightPx;

export interface TimelineListProps {
  /** Newest first. */
  readonly entries: readonly TimelineEntry[];
  readonly chosen: number | null;
  readonly onChoose: (seq: number | null) => void;
  readonly follows: boolean;
  readonly onFollows: (follows: boolean) => void;
  readonly hasOlder: boolean;
  readonly onOlder: () => void;
}

export function TimelineList({ entries, chosen, onChoose, follows, onFollows, hasOlder, onOlder }: TimelineListProps): ReactElement {
  const layout = useMemo(() => new ListLayout({ rowHeight: rowHeightPx, padding: paddingPx }), []);
  const items = useMemo(() => entries.map((entry) => ({ id: entry.seq, entry })), [entries]);
  const list = useRef<HTMLDivElement>(null);
  useSteadyPlace(list, entries, follows);
  const onScroll = (element: HTMLDivElement): void => {
    if (element.scrollTop > rowHeightPx && follows) onFollows(false);
    if (hasOlder && element.scrollHeight - element.scrollTop - element.clientHeight < olderWithinPx) onOlder();
  };
  return (
    <Virtualizer layout={layout}>
      <ListBox
        ref={list}
        className="timeline-list"
        aria-label="Events"
        items={items}
        selectionMode="single"
        selectedKeys={chosen === null ? [] : [chosen]}
        onSelectionChange={(keys) => onChoose(keys === 'all' ? null : Number([...keys][0] ?? 0) || null)}
        onScroll={({ currentTarget }) => onScroll(currentTarget)}
      >
        {({ entry }) => <Row entry={entry} />}
      </ListBox>
    </Virtualizer>
  );
}

/** Stays at the top while it follows; otherwise the row that is looked at stays where it is when others come in above. */
function useSteadyPlace(list: RefObject<HTMLDivElement | null>, entries: readonly TimelineEntry[], follows: boolean): void {
  const newest = entries[0]?.seq ?? 0;
  const before = useRef(newest);
  useLayoutEffect(() => {
    const element = list.current;
    const added = before.current === newest ? 0 : entries.findIndex(({ seq }) => seq <= before.current);
    before.current = newest;
    if (!element) return;
    if (follows) element.scrollTo({ top: 0 });
    else if (added > 0) element.scrollBy({ top: added * rowHeightPx });
  }, [list, newest, follows, entries]);
}

const Row = memo(function Row({ entry }: { readonly entry: TimelineEntry }): ReactElement {
  const sentence = entryInWords(entry, momentInWords);
  return (
    <ListBoxItem id={entry.seq} className={`timeline-row ${toneOf(entry)}`} textValue={sentence}>
      <Ago atMs={entry.atMs} />
      <EntryIcon entry={entry} />
      <span className="timeline-kind">{kindWords[entry.kind].one}</span>
      <span className={`timeline-sentence ellipsis${entry.kind === 'stderr' || entry.kind === 'qmp' ? ' mono' : ''}`}><bdi>{sentence}</bdi></span>
    </ListBoxItem>
  );
});

function Ago({ atMs }: { readonly atMs: number }): ReactElement {
  return <time className="timeline-time" dateTime={new Date(atMs).toISOString()} title={formatExact(atMs)}>{agoInWords(atMs, useNow())}</time>;
}
