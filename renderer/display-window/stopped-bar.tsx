/** Below the last picture of a guest that stopped: what became of it, and the way to start it again. */
import { Play } from 'lucide-react';
import type { ReactElement } from 'react';
import { Button } from '../shared/button.tsx';
import { useActionState, useDomain, useHost, useSession } from '../shared/session.ts';
import { StateMark } from '../shared/state-mark.tsx';
import { pendingOf } from '../store/action-store.ts';
import { stateWithReason } from '../words/states.ts';
import { useDisplay } from './display-context.ts';

export function StoppedBar(): ReactElement | null {
  const { uuid } = useDisplay();
  const { actions } = useSession();
  const summary = useDomain(uuid);
  const isKnown = useHost((state) => state.sync.list !== null && state.link.phase === 'connected');
  const starting = useActionState((state) => pendingOf(state, uuid).has('start'));
  if (!isKnown || !summary || summary.state !== 'shut off') return null;
  return (
    <div className="stopped" role="group" aria-label="The guest is not running">
      <StateMark state="shut off" />
      <span><bdi>{summary.name}</bdi> is {stateWithReason('shut off', summary.reason)}</span>
      <Button label="Start" icon={Play} kind="primary" busy={starting} onPress={() => void actions.run(uuid, 'start')} />
    </div>
  );
}
