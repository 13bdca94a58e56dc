/** One domain in the list: state as shape, colour and word, or the job that holds it. */
import { LoaderCircle } from 'lucide-react';
import type { ReactElement } from 'react';
import type { DomainSummary } from '../../core/domain/domain-summary.ts';
import { migrationWord, runningMigration } from '../migration/migration-notice.tsx';
import { mainHolder } from '../shared/holder-sentence.tsx';
import { useActionState, useDomain } from '../shared/session.ts';
import { StateMark } from '../shared/state-mark.tsx';
import { useNow } from '../shared/use-now.ts';
import { pendingOf } from '../store/action-store.ts';
import { domainActions } from '../store/domain-actions.ts';
import { formatElapsed } from '../words/format.ts';
import { visibleState } from '../words/states.ts';
import { ScreenThumbnail } from './screen-thumbnail.tsx';

export function DomainRowContent({ uuid, name }: { readonly uuid: string; readonly name: string }): ReactElement {
  const summary = useDomain(uuid);
  const now = useNow();
  if (!summary) return <div className="tree-cell" />;
  const state = visibleState(summary, now);
  return (
    <div className="tree-cell">
      <StateMark state={state} />
      <span className="tree-name ellipsis" title={name}><bdi>{name}</bdi></span>
      <ScreenThumbnail summary={summary} />
      <RowWord summary={summary} now={now} word={state} />
    </div>
  );
}

/** A job shorter than this would only flicker. */
const noticedAfterMs = 400;

function RowWord({ summary, now, word }: { readonly summary: DomainSummary; readonly now: number; readonly word: string }): ReactElement {
  const pending = useActionState((state) => pendingOf(state, summary.uuid));
  const own = [...pending][0];
  const holder = mainHolder(summary.jobs);
  if (word === 'not answering') {
    return <span className="tree-word warn" title={summary.control.details ?? ''}>no answer {formatElapsed(now - summary.control.sinceMs)}</span>;
  }
  const migration = runningMigration(summary);
  if (migration) return <span className="tree-word busy numbers" title={migration.activity}>{migrationWord(migration)}</span>;
  if (own) {
    return (
      <span className="tree-word busy">
        <LoaderCircle className="spinner" size={12} aria-hidden />
        {own[1] === 'waiting' ? 'waiting' : domainActions[own[0]].busyLabel.toLowerCase()}
      </span>
    );
  }
  if (holder && now - holder.sinceMs > noticedAfterMs) {
    return (
      <span className="tree-word busy" title={`Held by ${holder.owner}, started by ${holder.client}`}>
        <LoaderCircle className="spinner" size={12} aria-hidden />
        held {formatElapsed(now - holder.sinceMs)}
      </span>
    );
  }
  return <span className={word === 'crashed' ? 'tree-word bad' : 'tree-word'}>{word}</span>;
}
