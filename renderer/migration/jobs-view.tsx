/** All that takes long on this host: what is under way now, and the migrations that ended, also of domains that have left. */
import { ListTodo, LoaderCircle } from 'lucide-react';
import type { ReactElement } from 'react';
import { Button as AriaButton } from 'react-aria-components';
import { useShallow } from 'zustand/react/shallow';
import type { DomainSummary } from '../../core/domain/domain-summary.ts';
import type { MigrationView } from '../../core/migration/migration-view.ts';
import { JobProgress } from '../main-window/job-progress.tsx';
import { HolderSentence } from '../shared/holder-sentence.tsx';
import { Picture } from '../shared/picture.tsx';
import { useHost } from '../shared/session.ts';
import { useNow } from '../shared/use-now.ts';
import { domainsOf } from '../store/host-store.ts';
import { formatExact, formatWhen } from '../words/format.ts';
import { reasonIn } from '../words/errors.ts';
import { Cancel } from './migration-panel.tsx';
import { endSentence, formatPause, formatTook, verdictSentence } from './migration-words.ts';
import { hostLabel } from './other-hosts.ts';
import { useMigrations } from './use-migrations.ts';

export interface JobsViewProps {
  /** Shows a domain, at its migration where it has one. */
  readonly onOpen: (uuid: string, tab: 'migration' | 'overview') => void;
}

export function JobsView({ onOpen }: JobsViewProps): ReactElement {
  const migrations = useMigrations();
  const known = useHost(useShallow((state) => new Set(domainsOf(state).keys())));
  const others = useHost(useShallow((state) => [...domainsOf(state).values()].filter(({ jobs, migration }) => jobs.async !== null && migration?.outcome !== 'running')));
  if (!migrations) return <Picture icon={LoaderCircle} spins title="Reading what is under way" />;
  const running = migrations.filter(({ outcome }) => outcome === 'running');
  const ended = migrations.filter(({ outcome }) => outcome !== 'running').toSorted((a, b) => (b.endedAtMs ?? 0) - (a.endedAtMs ?? 0));
  if (running.length + others.length + ended.length === 0) return <Picture icon={ListTodo} title="Nothing is under way" text="Migrations, dumps and other long work of this host are shown here." />;
  return (
    <div className="column jobs-view">
      <h1>Jobs</h1>
      <section aria-label="Under way">
        <h2>Under way</h2>
        {running.length + others.length === 0 && <p className="quiet">Nothing at the moment.</p>}
        <ul className="jobs-list">
          {running.map((view) => <RunningMigration key={view.uuid} view={view} onOpen={known.has(view.uuid) ? () => onOpen(view.uuid, 'migration') : null} />)}
          {others.map((summary) => <OtherJob key={summary.uuid} summary={summary} onOpen={() => onOpen(summary.uuid, 'overview')} />)}
        </ul>
      </section>
      {ended.length > 0 && (
        <section aria-label="Ended migrations">
          <h2>Ended migrations</h2>
          <ul className="jobs-list">
            {ended.map((view) => <EndedMigration key={view.uuid} view={view} onOpen={known.has(view.uuid) ? () => onOpen(view.uuid, 'migration') : null} />)}
          </ul>
        </section>
      )}
    </div>
  );
}

function Name({ name, onOpen }: { readonly name: string; readonly onOpen: (() => void) | null }): ReactElement {
  if (!onOpen) return <strong className="ellipsis" title={name}><bdi>{name}</bdi></strong>;
  return <AriaButton className="button link ellipsis" onPress={onOpen}><bdi>{name}</bdi></AriaButton>;
}

function route(view: MigrationView): string {
  const peer = view.peer === null ? 'the other host' : hostLabel(view.peer);
  return view.side === 'source' ? `to ${peer}` : `from ${peer}`;
}

function RunningMigration({ view, onOpen }: { readonly view: MigrationView; readonly onOpen: (() => void) | null }): ReactElement {
  const isBad = view.verdict?.kind === 'not converging';
  return (
    <li className="job-item">
      <Name name={view.name} onOpen={onOpen} />
      <span className="quiet ellipsis">{route(view)}</span>
      <span className={view.percent === null ? 'meter wide indeterminate' : 'meter wide'} role="progressbar" aria-label={`Migration of ${view.name}`} aria-valuetext={view.activity} {...(view.percent === null ? {} : { 'aria-valuemin': 0, 'aria-valuemax': 100, 'aria-valuenow': view.percent })}>
        <span style={{ width: `${view.percent ?? 0}%` }} />
      </span>
      <span className="numbers">{view.percent === null ? '' : `${view.percent} %`}</span>
      {view.side === 'source' && <Cancel view={view} />}
      <span className={isBad ? 'job-item-line bad' : 'job-item-line quiet'}>{view.activity}. {view.verdict && verdictSentence(view.verdict)}</span>
    </li>
  );
}

function OtherJob({ summary, onOpen }: { readonly summary: DomainSummary; readonly onOpen: () => void }): ReactElement | null {
  const { async: job } = summary.jobs;
  if (!job) return null;
  return (
    <li className="job-item">
      <Name name={summary.name} onOpen={onOpen} />
      <span className="quiet">{job.kind.replace('-', ' ')}</span>
      <JobProgress summary={summary} />
      <span className="job-item-line quiet"><HolderSentence holder={job} /></span>
    </li>
  );
}

const endWords = { completed: 'moved', failed: 'failed', cancelled: 'cancelled', running: '' } as const;

function EndedMigration({ view, onOpen }: { readonly view: MigrationView; readonly onOpen: (() => void) | null }): ReactElement {
  const now = useNow();
  const numbers = [view.totalMs === null ? null : `took ${formatTook(view.totalMs)}`, view.downtimeMs === null ? null : `stood still for ${formatPause(view.downtimeMs)}`].filter((text) => text !== null);
  return (
    <li className="job-item">
      <Name name={view.name} onOpen={onOpen} />
      <span className="quiet ellipsis">{route(view)}</span>
      <span className={view.outcome === 'failed' ? 'bad' : ''}>{view.side === 'destination' && view.outcome === 'completed' ? 'received' : endWords[view.outcome]}</span>
      {view.endedAtMs !== null && <span className="quiet numbers" title={formatExact(view.endedAtMs)}>{formatWhen(view.endedAtMs, now)}</span>}
      <span className="job-item-line quiet selectable">{view.outcome === 'failed' && view.error ? `${reasonIn(view.error)}. ` : ''}{endSentence(view)} {numbers.length > 0 && `It ${numbers.join(' and ')}.`}</span>
    </li>
  );
}
