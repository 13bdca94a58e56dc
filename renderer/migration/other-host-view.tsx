/** Another Vireo host that guests were moved to: whether it answers, what was moved there, and how more is. */
import { Server, Trash2 } from 'lucide-react';
import type { ReactElement } from 'react';
import { useStore } from 'zustand';
import { Button } from '../shared/button.tsx';
import { useSession } from '../shared/session.ts';
import { ReachWords } from './destination-fields.tsx';
import { forgetHost, hostLabel, otherHosts, probeHost } from './other-hosts.ts';

export interface OtherHostViewProps {
  readonly uri: string;
  readonly onLeave: () => void;
}

export function OtherHostView({ uri, onLeave }: OtherHostViewProps): ReactElement {
  const { host } = useSession();
  const reach = useStore(otherHosts, (state) => state.hosts.find((each) => each.uri === uri)?.reach ?? ({ state: 'not asked' } as const));
  return (
    <div className="column other-host">
      <h1><Server size={20} aria-hidden /> <bdi>{hostLabel(uri)}</bdi></h1>
      <p><code className="selectable">{uri}</code></p>
      <p className="migrate-reach" role="status">
        <Button label="Ask whether it answers" small busy={reach.state === 'asking'} onPress={() => void probeHost(host.client, uri)} />
        <ReachWords reach={reach} />
      </p>
      <p className="quiet">Drop domains on this row to migrate them there, or choose Migrate… from their menu. Vireo shows the domains of this computer alone; those of the other host are in its own window.</p>
      <div>
        <Button label="Forget this host" icon={Trash2} hint="Takes it out of the list. Nothing is changed over there." onPress={() => { onLeave(); forgetHost(uri); }} />
      </div>
    </div>
  );
}
