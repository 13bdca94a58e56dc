/** Over all panes while what is typed goes to several of them: to which, to which not just now, and the way to stop. */
import { Radio } from 'lucide-react';
import { type ReactElement, useSyncExternalStore } from 'react';
import { useStore } from 'zustand';
import { Button } from '../shared/button.tsx';
import { useSession } from '../shared/session.ts';
import { plural } from '../words/format.ts';
import { useConsoleWindow } from './console-context.ts';
import { consoleNameOf } from './use-console-name.ts';

export function BroadcastBar(): ReactElement | null {
  const { broadcast } = useConsoleWindow();
  const panes = useStore(broadcast.store, (state) => state.panes);
  return panes.length === 0 ? null : <Bar panes={panes} />;
}

function Bar({ panes }: { readonly panes: readonly string[] }): ReactElement {
  const { broadcast, pane, focused } = useConsoleWindow();
  const { host } = useSession();
  // A text, because it is compared by value.
  const names = useSyncExternalStore(
    (listener) => {
      const ends = panes.flatMap((id) => pane(id)?.session.store.subscribe(listener) ?? []);
      return () => ends.forEach((end) => end());
    },
    () => {
      const parts = panes.flatMap((id) => pane(id) ?? []);
      const named = parts.map((each) => ({ writes: each.session.store.getState().mode === 'write', name: nameOf(consoleNameOf(host.domain(each.uuid), each)) }));
      return JSON.stringify([named.filter((each) => each.writes).map((each) => each.name), named.filter((each) => !each.writes).map((each) => each.name)]);
    },
  );
  const [writing, watching] = JSON.parse(names) as [string[], string[]];
  return (
    <div className="broadcast-bar" role="alert">
      <Radio size={16} aria-hidden />
      <span>
        <strong>What you type goes to {plural(writing.length, 'console')}:</strong> {writing.join(', ') || 'none'}
        {watching.length > 0 && <span className="broadcast-left-out">. Not to {watching.join(', ')}: watching</span>}
      </span>
      <Button label="Stop" small onPress={() => {
        broadcast.stop();
        focused().terminal.xterm.focus();
      }} />
    </div>
  );
}

const nameOf = ({ name, label }: { readonly name: string; readonly label: string }): string => `${name} / ${label}`;
