/** A migration as it goes on, and what became of it: DESKTOP's wireframe. On the destination's window it is the same, without levers. */
import { ArrowRight, CircleAlert, CircleCheck, CircleSlash, LoaderCircle, X } from 'lucide-react';
import { type ReactElement, useState } from 'react';
import type { MigrationView } from '../../core/migration/migration-view.ts';
import { asVireoError } from '../../core/base/errors.ts';
import { Button } from '../shared/button.tsx';
import { showFailure } from '../shared/failure-toast.tsx';
import { useSession } from '../shared/session.ts';
import { useNow } from '../shared/use-now.ts';
import { reasonIn } from '../words/errors.ts';
import { formatBytes, formatDuration, formatExact, formatWhen } from '../words/format.ts';
import { MigrationGraph } from './migration-graph.tsx';
import { MigrationLevers } from './migration-levers.tsx';
import { MigrationRows } from './migration-rows.tsx';
import { adviceOf, endSentence, formatPause, formatTook, slowPart, verdictSentence } from './migration-words.ts';
import { hostLabel } from './other-hosts.ts';

export interface MigrationPanelProps {
  readonly view: MigrationView;
  /** Asks for the same again; null where the domain is not here any more. */
  readonly onAgain: (() => void) | null;
}

export function MigrationPanel({ view, onAgain }: MigrationPanelProps): ReactElement {
  const isRunning = view.outcome === 'running';
  return (
    <section className="migration" aria-label={`Migration of ${view.name}`}>
      <Head view={view} />
      {!isRunning && <Result view={view} onAgain={onAgain} />}
      {(isRunning || view.memoryTotalBytes !== null || view.disks.length > 0) && <MigrationRows view={view} />}
      {view.samples.length > 0 && <MigrationGraph view={view} />}
      {isRunning && <Verdict view={view} />}
      <MigrationLevers view={view} />
    </section>
  );
}

function Head({ view }: { readonly view: MigrationView }): ReactElement {
  const now = useNow();
  const isRunning = view.outcome === 'running';
  const there = <bdi title={view.peer ?? undefined}>{view.peer === null ? 'the other host' : hostLabel(view.peer)}</bdi>;
  const here = <span className="quiet">this host</span>;
  const took = view.totalMs ?? (view.endedAtMs ?? Math.max(now, view.startedAtMs)) - view.startedAtMs;
  return (
    <header className="migration-head">
      <h2 className="ellipsis">
        {view.side === 'source' ? here : there} <ArrowRight size={14} aria-label="to" /> {view.side === 'source' ? there : here}
      </h2>
      <span className="migration-activity" role="status">
        {isRunning && <LoaderCircle className="spinner" size={14} aria-hidden />}
        {view.activity}
        {isRunning && view.percent !== null && <span className="numbers quiet">{view.percent} %</span>}
      </span>
      <span className="numbers quiet" title={formatExact(view.startedAtMs)}>{view.totalMs === null ? formatDuration(took) : formatTook(took)}</span>
      {isRunning && view.side === 'source' && <Cancel view={view} />}
    </header>
  );
}

export function Cancel({ view }: { readonly view: Pick<MigrationView, 'uuid' | 'name' | 'levers'> }): ReactElement {
  const { host } = useSession();
  const [busy, setBusy] = useState(false);
  const { available, reason } = view.levers.cancel;
  const cancel = async (): Promise<void> => {
    setBusy(true);
    try {
      await host.client.call('domainAbortJob', { domain: view.uuid });
    } catch (error) {
      showFailure({ title: `The migration of ${view.name} was not cancelled`, error: asVireoError(error), retry: null });
    }
    setBusy(false);
  };
  return (
    <span className="migration-lever">
      <Button label="Cancel" icon={X} small busy={busy} disabled={!available} hint="The guest stays here, as it was before (virsh domjobabort)." onPress={() => void cancel()} />
      {reason !== null && <span className="quiet why">{reason}</span>}
    </span>
  );
}

function Verdict({ view }: { readonly view: MigrationView }): ReactElement | null {
  if (!view.verdict) return null;
  const isBad = view.verdict.kind === 'not converging';
  const advice = adviceOf(view);
  const throttle = view.autoConvergeThrottlePercent;
  return (
    <p className={isBad ? 'migration-verdict bad' : 'migration-verdict'} role="status" aria-label="Outlook">
      {isBad && <CircleAlert size={14} aria-hidden />}
      <span>
        {verdictSentence(view.verdict)} {advice && <span>{advice}</span>}
        {throttle !== null && throttle > 0 && <span className="quiet"> The guest is slowed by {throttle} %.</span>}
      </span>
    </p>
  );
}

const endIcons = { completed: CircleCheck, cancelled: CircleSlash, failed: CircleAlert } as const;

function Result({ view, onAgain }: MigrationPanelProps): ReactElement | null {
  const now = useNow();
  if (view.outcome === 'running') return null;
  const Icon = endIcons[view.outcome];
  const slow = slowPart(view);
  return (
    <div className={`migration-result ${view.outcome}`}>
      <p className="migration-end" role="status">
        <Icon size={16} aria-hidden />
        <span className="selectable">
          {view.outcome === 'failed' && view.error && <strong>{reasonIn(view.error)}. </strong>}
          {endSentence(view)}
        </span>
        {onAgain && view.outcome !== 'completed' && view.side === 'source' && <Button label="Migrate again…" small onPress={onAgain} />}
      </p>
      <dl className="migration-facts">
        {view.endedAtMs !== null && <Fact name="Ended" value={formatWhen(view.endedAtMs, now)} title={formatExact(view.endedAtMs)} />}
        {view.totalMs !== null && <Fact name="Took" value={formatTook(view.totalMs)} />}
        {view.outcome === 'completed' && <Fact name="The guest stood still" value={view.downtimeMs === null ? 'not told' : formatPause(view.downtimeMs)} />}
        {view.transferredBytes !== null && <Fact name="Went over" value={formatBytes(view.transferredBytes)} />}
        {view.iteration !== null && <Fact name="Passes" value={String(view.iteration)} />}
      </dl>
      {slow && <p className="quiet">{slow}</p>}
    </div>
  );
}

function Fact({ name, value, title }: { readonly name: string; readonly value: string; readonly title?: string }): ReactElement {
  return (
    <div title={title}>
      <dt>{name}</dt>
      <dd className="numbers">{value}</dd>
    </div>
  );
}
