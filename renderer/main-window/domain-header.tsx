/** A domain's name, state and buttons, and beneath them the one thing about it that needs attention now. */
import { CircleAlert, Clock, HardDrive, LoaderCircle, TriangleAlert } from 'lucide-react';
import type { ReactElement } from 'react';
import type { VireoError } from '../../core/base/errors.ts';
import type { DomainSummary } from '../../core/domain/domain-summary.ts';
import { MigrationNotice, runningMigration } from '../migration/migration-notice.tsx';
import { Button } from '../shared/button.tsx';
import { showFailure } from '../shared/failure-toast.tsx';
import { HolderSentence, mainHolder } from '../shared/holder-sentence.tsx';
import { useActionState } from '../shared/session.ts';
import { StateMark } from '../shared/state-mark.tsx';
import { useNow } from '../shared/use-now.ts';
import type { Failure } from '../store/action-store.ts';
import { imageRefusalIn, missingFrom, refusalOfQemu, sentenceFor } from '../words/errors.ts';
import { formatDuration, formatElapsed, formatExact, plural } from '../words/format.ts';
import { stateSentences, stateWithReason, visibleState } from '../words/states.ts';
import { CancelSave, isBeingSaved } from './cancel-save.tsx';
import { CrashNotice } from './crash-notice.tsx';
import { DiskErrorNotice, isPausedByDisk } from './disk-error-notice.tsx';
import { DomainToolbar } from './domain-toolbar.tsx';
import { ImageHolderNotice } from './image-holder.tsx';
import { JobProgress } from './job-progress.tsx';
import { useCommands, useViewStore } from './view-context.ts';

export function DomainHeader({ summary }: { readonly summary: DomainSummary }): ReactElement {
  const now = useNow();
  const state = visibleState(summary, now);
  const word = state === summary.state ? stateWithReason(state, summary.reason) : state;
  return (
    <header className="domain-header">
      <div className="domain-title">
        <div className="domain-names">
          <h1 className="ellipsis selectable" title={summary.name}><bdi>{summary.name}</bdi></h1>
          <p className="domain-state" role="status" aria-label="State" title={stateSentences[state]}>
            <StateMark state={state} />
            <span className={`state-${state.replaceAll(' ', '-')}`}>{word}</span>
            {summary.stateSinceMs !== null && state === summary.state && (
              <span className="quiet" aria-hidden title={formatExact(summary.stateSinceMs)}>{formatDuration(now - summary.stateSinceMs)}</span>
            )}
            {summary.title && <span className="quiet ellipsis"><bdi>{summary.title}</bdi></span>}
          </p>
        </div>
        <DomainToolbar summary={summary} />
      </div>
      <Attention summary={summary} now={now} />
    </header>
  );
}

/** How long a guest may take to power off before somebody is offered more. */
const patienceMs = 20_000;
/** A job shorter than this would only flicker. */
const noticedAfterMs = 400;

/** One line that keeps its room, so that a short job moves nothing. */
function Attention({ summary, now }: { readonly summary: DomainSummary; readonly now: number }): ReactElement {
  const askedMs = useActionState((state) => state.askedToShutDown.get(summary.uuid));
  const failedStart = useActionState((state) => state.failedStarts.get(summary.uuid));
  const { act } = useCommands();
  const view = useViewStore();
  const holder = mainHolder(summary.jobs);
  const migration = runningMigration(summary);
  if (visibleState(summary, now) === 'not answering') {
    return (
      <div className="notice warn" role="alert" title={summary.control.details ?? undefined}>
        <TriangleAlert size={16} aria-hidden />
        <span>QEMU has not answered for {formatElapsed(now - summary.control.sinceMs)}. The guest itself may still work.</span>
      </div>
    );
  }
  if (migration) return <MigrationNotice migration={migration} onView={() => view.setState({ tab: 'migration' })} />;
  if (holder && now - holder.sinceMs > noticedAfterMs) {
    return (
      <div className="notice work">
        <LoaderCircle className="spinner" size={16} aria-hidden />
        <span>
          {isBeingSaved(summary) ? `The guest is being saved, as ${holder.client} asked` : <HolderSentence holder={holder} />}
          {summary.jobs.waiting > 0 && `, ${plural(summary.jobs.waiting, 'other')} waiting`}
        </span>
        {summary.jobs.async && <JobProgress summary={summary} />}
        <CancelSave summary={summary} />
      </div>
    );
  }
  if (isPausedByDisk(summary)) {
    return (
      <div className="notice bad" role="alert">
        <HardDrive size={16} aria-hidden />
        <DiskErrorNotice summary={summary} />
      </div>
    );
  }
  if (askedMs !== undefined && now - askedMs > patienceMs && summary.state === 'running') {
    return (
      <div className="notice warn">
        <Clock size={16} aria-hidden />
        <span>The guest was asked to shut down {formatElapsed(now - askedMs)} ago and still runs. It may be busy, or not listening.</span>
        <Button label="Force off" small onPress={() => act('forceOff', [summary.uuid])} />
      </div>
    );
  }
  if (askedMs !== undefined && summary.state === 'running') {
    return (
      <div className="notice work">
        <Clock size={16} aria-hidden />
        <span>The guest was asked to shut down {formatElapsed(now - askedMs)} ago. It decides when.</span>
      </div>
    );
  }
  const refusal = failedStart && summary.state === 'shut off' ? imageRefusalIn(failedStart.error) : null;
  if (refusal) {
    return (
      <div className="notice bad">
        <CircleAlert size={16} aria-hidden />
        <ImageHolderNotice refusal={refusal} />
      </div>
    );
  }
  if (summary.state === 'crashed' || (summary.state === 'shut off' && (summary.reason === 'crashed' || summary.reason === 'failed'))) {
    return (
      <div className="notice bad">
        <CircleAlert size={16} aria-hidden />
        {summary.reason === 'failed' ? <FailedStart failure={failedStart} /> : <CrashNotice summary={summary} />}
      </div>
    );
  }
  return <div className="notice-room" />;
}

/** Another window or command may have asked for the start; then only the log knows, if QEMU came to run at all. */
function FailedStart({ failure }: { readonly failure: Failure | undefined }): ReactElement {
  if (!failure) return <span>The last start failed. The Log tab shows what QEMU said, if it ran.</span>;
  return (
    <>
      <span>{whyNotStarted(failure.error)}</span>
      <Button label="Show" small onPress={() => showFailure(failure)} />
    </>
  );
}

function whyNotStarted(error: VireoError): string {
  const { length, 0: first } = missingFrom(error);
  if (length > 1) return `The last start failed: ${length} things that it needs are missing on this computer.`;
  return refusalOfQemu(error) ? 'The last start failed. The Log tab shows what QEMU said.' : `The last start failed. ${first ?? sentenceFor(error)}`;
}
