/** Which panes a broadcast goes to. None is chosen but the one that it is started from. */
import { type ReactElement, useState } from 'react';
import { useStore } from 'zustand';
import { panesOf } from '../../core/api/console-layout.ts';
import { Button } from '../shared/button.tsx';
import { CheckBox } from '../shared/check-box.tsx';
import { AlertFrame } from '../shared/dialogs.tsx';
import { useSession } from '../shared/session.ts';
import { useConsoleWindow } from './console-context.ts';
import { consoleNameOf } from './use-console-name.ts';
import { useReturnToTerminal } from './use-return-to-terminal.ts';

export function BroadcastDialog(): ReactElement | null {
  const { broadcast } = useConsoleWindow();
  const isChoosing = useStore(broadcast.store, (state) => state.isChoosing);
  return isChoosing ? <Choice /> : null;
}

function Choice(): ReactElement {
  const { broadcast, layout, pane, focused } = useConsoleWindow();
  const { host } = useSession();
  const [chosen, setChosen] = useState<ReadonlySet<string>>(() => new Set([focused().paneId]));
  const all = panesOf(useStore(layout)).flatMap(({ id }) => pane(id) ?? []);
  useReturnToTerminal();
  const close = (): void => broadcast.choose(false);
  const change = (paneId: string, isChosen: boolean): void => setChosen(new Set(isChosen ? [...chosen, paneId] : [...chosen].filter((id) => id !== paneId)));
  return (
    <AlertFrame title="Broadcast input" onClose={close}>
      <p>What you type into one of these goes to all of them, until you stop it, reload the window or close it.</p>
      <div className="broadcast-choice" role="group" aria-label="Consoles">
        {all.map((parts) => {
          const { name, label } = consoleNameOf(host.domain(parts.uuid), parts);
          const { mode } = parts.session.store.getState();
          return (
            <CheckBox key={parts.paneId} label={`${name} / ${label}`} isSelected={chosen.has(parts.paneId)} onChange={(isChosen) => change(parts.paneId, isChosen)}>
              {mode === 'watch' && <span className="quiet">You watch this one: it takes part once you write.</span>}
            </CheckBox>
          );
        })}
      </div>
      <div className="dialog-buttons">
        <Button label="Cancel" autoFocus onPress={close} />
        <Button label="Broadcast" kind="primary" disabled={chosen.size < 2} onPress={() => {
          broadcast.start(chosen);
          close();
        }} />
      </div>
    </AlertFrame>
  );
}
