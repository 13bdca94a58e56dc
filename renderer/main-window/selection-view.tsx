/** Several domains at once: how many in which state, and what can be done to all that it fits. */
import type { ReactElement } from 'react';
import { ArrowRightLeft } from 'lucide-react';
import { Toolbar } from 'react-aria-components';
import type { DomainSummary } from '../../core/domain/domain-summary.ts';
import { Button } from '../shared/button.tsx';
import { useActionState } from '../shared/session.ts';
import { StateMark } from '../shared/state-mark.tsx';
import { pendingOf } from '../store/action-store.ts';
import { type DomainAction, domainActions } from '../store/domain-actions.ts';
import { askToMigrate, isMovable } from '../store/migrate-store.ts';
import { formatMemory, plural } from '../words/format.ts';
import { actionIcons } from './action-menu.tsx';
import { useCommands } from './view-context.ts';

const offered: readonly DomainAction[] = ['start', 'pause', 'resume', 'shutdown', 'forceOff'];

export function SelectionView({ domains }: { readonly domains: readonly DomainSummary[] }): ReactElement {
  const { act } = useCommands();
  const pending = useActionState((state) => state.pending);
  const states = Map.groupBy(domains, (domain) => domain.state);
  const memoryKiB = domains.reduce((sum, domain) => sum + domain.memoryKiB, 0);
  return (
    <div className="column selection">
      <div>
        <h1>{plural(domains.length, 'domain')} selected</h1>
        <p className="quiet">{formatMemory(memoryKiB)} of memory, {plural(domains.reduce((sum, domain) => sum + domain.vcpus, 0), 'vCPU')}</p>
      </div>
      <ul className="selection-states">
        {[...states].map(([state, of]) => <li key={state}><StateMark state={state} /> {of.length} {state}</li>)}
      </ul>
      <Toolbar className="toolbar" aria-label="Actions for the selection">
        {offered.map((action) => {
          const fitting = domains.filter((domain) => domainActions[action].applies(domain));
          const busy = domains.some((domain) => pendingOf({ pending }, domain.uuid).has(action));
          return (
            <Button
              key={action}
              label={domainActions[action].label}
              icon={actionIcons[action]}
              busy={busy}
              disabled={!busy && fitting.length === 0}
              hint={`${domainActions[action].hint} Fits ${fitting.length} of ${domains.length}.`}
              onPress={() => act(action, fitting.map((domain) => domain.uuid))}
            />
          );
        })}
        <Button label="Migrate…" icon={ArrowRightLeft} disabled={!domains.some(isMovable)} hint="Moves them to another host (virsh migrate)." onPress={() => askToMigrate(domains.filter(isMovable).map(({ uuid }) => uuid))} />
      </Toolbar>
    </div>
  );
}
