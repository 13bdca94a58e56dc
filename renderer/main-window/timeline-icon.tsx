/** The picture of an entry's kind; what went wrong has its own, in every kind. */
import { Bot, CircleAlert, CirclePower, Eye, ListTodo, type LucideIcon, Radio, SquareTerminal, UserRound } from 'lucide-react';
import type { ReactElement } from 'react';
import type { TimelineEntry, TimelineKind } from '../../core/timeline/timeline-entry.ts';

const icons: Readonly<Record<TimelineKind, LucideIcon>> = {
  lifecycle: CirclePower,
  action: UserRound,
  stderr: SquareTerminal,
  qmp: Radio,
  agent: Bot,
  job: ListTodo,
  driver: Eye,
};

export function KindIcon({ kind }: { readonly kind: TimelineKind }): ReactElement {
  const Icon = icons[kind];
  return <Icon size={14} aria-hidden />;
}

export function EntryIcon({ entry }: { readonly entry: TimelineEntry }): ReactElement {
  const tone = toneOf(entry);
  const Icon = tone === 'bad' ? CircleAlert : icons[entry.kind];
  return <Icon size={16} aria-hidden className={`timeline-icon ${tone}`} />;
}

/** `bad` is what somebody should look at; `quiet` is what is there for the record. */
export function toneOf({ kind, what, details, outcome }: TimelineEntry): 'good' | 'bad' | 'warn' | 'plain' | 'quiet' {
  const detail = details['detail'];
  if (outcome?.ok === false || what === 'entries-lost' || what === 'io-error' || what === 'control-error') return 'bad';
  if (kind === 'lifecycle' && (what === 'crashed' || detail === 'crashed' || detail === 'failed' || details['reason'] === 'failed')) return 'bad';
  if (what === 'nobody-watched' || what === 'watchdog' || what === 'suspended') return 'warn';
  if (what === 'started' || what === 'resumed') return 'good';
  return kind === 'qmp' || kind === 'job' ? 'quiet' : 'plain';
}
