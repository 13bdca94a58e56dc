/** Above the events: which kinds, which words, whether the newest stay in sight, and the way into a file. */
import { ArrowUpToLine, Download, FileBraces, FileText, Search, X } from 'lucide-react';
import { type ReactElement, useState } from 'react';
import { Button as AriaButton, Input, Menu, MenuItem, MenuTrigger, Popover, SearchField, ToggleButton, ToggleButtonGroup } from 'react-aria-components';
import type { DomainSummary } from '../../core/domain/domain-summary.ts';
import { type TimelineKind, timelineKinds } from '../../core/timeline/timeline-entry.ts';
import { Button } from '../shared/button.tsx';
import { useSession } from '../shared/session.ts';
import type { TimelineFilter } from '../store/timeline-feed.ts';
import { kindWords } from '../words/timeline.ts';
import { exportTimeline } from './export-timeline.ts';
import { KindIcon } from './timeline-icon.tsx';

export interface TimelineBarProps {
  readonly summary: DomainSummary;
  readonly kinds: readonly TimelineKind[];
  readonly onKinds: (kinds: readonly TimelineKind[]) => void;
  readonly text: string;
  readonly onText: (text: string) => void;
  readonly follows: boolean;
  readonly onFollows: (follows: boolean) => void;
  /** As it is applied. */
  readonly filter: TimelineFilter;
}

const offered = Object.keys(kindWords) as TimelineKind[];

export function TimelineBar({ summary, kinds, onKinds, text, onText, follows, onFollows, filter }: TimelineBarProps): ReactElement {
  return (
    <div className="pane-bar timeline-bar">
      <ToggleButtonGroup className="chips" aria-label="Kinds of events" selectionMode="multiple" selectedKeys={kinds} onSelectionChange={(keys) => onKinds(timelineKinds.filter((kind) => keys.has(kind)))}>
        {offered.map((kind) => (
          <ToggleButton key={kind} id={kind} className="chip">
            <KindIcon kind={kind} />
            <span title={kindWords[kind].hint}>{kindWords[kind].label}</span>
          </ToggleButton>
        ))}
      </ToggleButtonGroup>
      <div className="timeline-tools">
        <SearchField className="search small" aria-label="Search events" value={text} onChange={onText}>
          <Search size={14} aria-hidden />
          <Input placeholder="Search" />
          {text !== '' && <AriaButton aria-label="Clear the search"><X size={14} aria-hidden /></AriaButton>}
        </SearchField>
        <ToggleButton className="button small toggle" isSelected={follows} onChange={onFollows}>
          <ArrowUpToLine size={16} aria-hidden />
          <span title="Keeps the newest in sight.">Follow</span>
        </ToggleButton>
        <ExportMenu summary={summary} filter={filter} />
      </div>
    </div>
  );
}

function ExportMenu({ summary, filter }: Pick<TimelineBarProps, 'summary' | 'filter'>): ReactElement {
  const { host } = useSession();
  const [busy, setBusy] = useState(false);
  const save = (format: 'jsonl' | 'txt'): void => {
    setBusy(true);
    void exportTimeline(host.client, summary, filter, format).finally(() => setBusy(false));
  };
  return (
    <MenuTrigger>
      <Button label="Export" icon={Download} small busy={busy} hint="Writes the events that are chosen here to a file." />
      <Popover className="popover" placement="bottom end" offset={4}>
        <Menu className="menu" aria-label="Export the events">
          <MenuItem id="txt" className="menu-item" textValue="As text" onAction={() => save('txt')}>
            <FileText size={16} aria-hidden />
            As text
          </MenuItem>
          <MenuItem id="jsonl" className="menu-item" textValue="As JSON lines" onAction={() => save('jsonl')}>
            <FileBraces size={16} aria-hidden />
            As JSON lines, with all details
          </MenuItem>
        </Menu>
      </Popover>
    </MenuTrigger>
  );
}
