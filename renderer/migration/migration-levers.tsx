/** What can be done to a migration that runs. A lever that cannot be used says why; those that would help now come first to the eye. */
import { Gauge, Pause, Send } from 'lucide-react';
import { type ReactElement, useState } from 'react';
import type { MigrationView } from '../../core/migration/migration-view.ts';
import { Button } from '../shared/button.tsx';
import { AlertFrame } from '../shared/dialogs.tsx';
import { attempt } from '../shared/failure-toast.tsx';
import { useSession } from '../shared/session.ts';
import { CommitField } from './commit-field.tsx';
import { helpfulLevers } from './migration-words.ts';

export function MigrationLevers({ view }: { readonly view: MigrationView }): ReactElement | null {
  const { host } = useSession();
  const [asksPostCopy, setAsksPostCopy] = useState(false);
  if (view.outcome !== 'running' || view.side === 'destination') return null;
  const { uuid: domain, levers } = view;
  const helpful = new Set(helpfulLevers(view));
  const isSteerable = view.levers.cancel.available || view.verdict?.kind === 'post-copy';
  const setSpeed = (bandwidthMiBps: number | null): void => void attempt('The speed limit was not changed', () => host.client.call('domainMigrateSetMaxSpeed', { domain, bandwidthMiBps: bandwidthMiBps ?? 0 }));
  const setPause = (downtimeMs: number | null): void => void (downtimeMs !== null && attempt('The longest pause was not changed', () => host.client.call('domainMigrateSetMaxDowntime', { domain, downtimeMs })));
  return (
    <div className="migration-levers" role="group" aria-label="Levers">
      <CommitField label="Speed limit" unit="MiB/s" value={view.bandwidthMiBps === 0 ? null : view.bandwidthMiBps} empty="none" disabled={!isSteerable} onCommit={setSpeed} />
      <CommitField label="Longest pause" unit="ms" value={view.maxDowntimeMs} empty={null} disabled={!isSteerable} onCommit={setPause} />
      <span className="migration-lever-buttons">
        <Lever label="Slow the guest" icon={Gauge} lever={levers.autoConverge} helps={helpful.has('autoConverge')} hint="Gives its CPUs less time until the link keeps up (auto-converge)." onPress={() => void attempt('The guest was not slowed', () => host.client.call('domainMigrateSetAutoConverge', { domain, on: true }))} />
        <Lever label="Switch to post-copy" icon={Send} lever={levers.postcopy} helps={helpful.has('postcopy')} hint="Runs it over there at once; what is missing follows (virsh migrate-postcopy)." onPress={() => setAsksPostCopy(true)} />
        <Lever label="Suspend" icon={Pause} lever={levers.suspend} helps={false} hint="Freezes the guest: it changes nothing any more, and is as paused over there (virsh suspend)." onPress={() => void attempt('The guest was not suspended', () => host.client.call('domainSuspend', { domain }))} />
      </span>
      {asksPostCopy && <PostCopyQuestion domain={domain} onClose={() => setAsksPostCopy(false)} />}
    </div>
  );
}

interface LeverProps {
  readonly label: string;
  readonly icon: typeof Gauge;
  readonly lever: MigrationView['levers']['cancel'];
  readonly helps: boolean;
  readonly hint: string;
  readonly onPress: () => void;
}

/** Why not stands in text: a tooltip of a button that cannot be focused is read by nobody. */
function Lever({ label, icon, lever, helps, hint, onPress }: LeverProps): ReactElement {
  return (
    <span className="migration-lever">
      <Button label={label} icon={icon} small kind={helps && lever.available ? 'primary' : 'plain'} disabled={!lever.available} hint={hint} onPress={onPress} />
      {lever.reason !== null && <span className="quiet why">{lever.reason}</span>}
    </span>
  );
}

function PostCopyQuestion({ domain, onClose }: { readonly domain: string; readonly onClose: () => void }): ReactElement {
  const { host } = useSession();
  const go = (): void => {
    onClose();
    void attempt('It was not switched to post-copy', () => host.client.call('domainMigrateStartPostCopy', { domain }));
  };
  return (
    <AlertFrame title="Switch to post-copy?" onClose={onClose}>
      <p>The guest goes on over there at once and fetches from here what it still lacks. It cannot be cancelled any more: until all is over neither host has the whole guest. If the link breaks, the guest is paused on both until it is recovered.</p>
      <div className="dialog-buttons">
        <Button label="Cancel" autoFocus onPress={onClose} />
        <Button label="Switch to post-copy" kind="danger" onPress={go} />
      </div>
    </AlertFrame>
  );
}
