/** What a pane asks and tells over its terminal: one dialog at a time, and the progress of what is typed key by key. */
import type { ReactElement } from 'react';
import { useStore } from 'zustand';
import { Button } from '../shared/button.tsx';
import { useDomain } from '../shared/session.ts';
import { TriggersDialog } from '../triggers/triggers-dialog.tsx';
import { formatCount } from '../words/format.ts';
import { useConsole, useConsoleState } from './console-context.ts';
import { HistoryView } from './history-view.tsx';
import { KeystrokesDialog } from './keystrokes-dialog.tsx';
import { PasteDialog } from './paste-dialog.tsx';
import { SaveDialog } from './save-dialog.tsx';
import { SettingsDialog } from './settings-dialog.tsx';
import { SysRqDialog } from './sysrq-dialog.tsx';

export function PaneDialogs(): ReactElement | null {
  const { tools } = useConsole();
  const dialog = useStore(tools.dialog, (state) => state.open);
  const onClose = (): void => {
    tools.dialog.setState({ open: null });
    tools.terminal.xterm.focus();
  };
  if (!dialog) return null;
  if (dialog.kind === 'paste') return <PasteDialog text={dialog.text} onClose={onClose} />;
  if (dialog.kind === 'keystrokes') return <KeystrokesDialog text={dialog.text} onClose={onClose} />;
  if (dialog.kind === 'sysrq') return <SysRqDialog way={dialog.way} onClose={onClose} />;
  if (dialog.kind === 'settings') return <SettingsDialog onClose={onClose} />;
  if (dialog.kind === 'triggers') return <PaneTriggers onClose={onClose} />;
  return <SaveDialog onClose={onClose} />;
}

/** Of the whole domain; a new one begins with this pane's console. */
function PaneTriggers({ onClose }: { readonly onClose: () => void }): ReactElement | null {
  const { uuid } = useConsole();
  const summary = useDomain(uuid);
  const label = useConsoleState((state) => state.label);
  return summary && <TriggersDialog summary={summary} device={label} onClose={onClose} />;
}

/** Beside the terminal, within its frame. */
export function PaneOverlays(): ReactElement {
  return (
    <>
      <HistoryView />
      <KeystrokeBar />
    </>
  );
}

function KeystrokeBar(): ReactElement | null {
  const { tools } = useConsole();
  const progress = useStore(tools.keystrokes, (state) => state.progress);
  if (!progress) return null;
  const share = progress.of === 0 ? 1 : progress.typed / progress.of;
  return (
    <div className="keystroke-bar" role="group" aria-label="Typing">
      <span role="progressbar" aria-label="Characters typed" aria-valuenow={Math.round(share * 100)} className="keystroke-meter">
        <span style={{ width: `${share * 100}%` }} />
      </span>
      <span>Typing {formatCount(progress.typed)} of {formatCount(progress.of)}</span>
      <Button label="Cancel" small onPress={() => tools.cancelKeystrokes()} />
    </div>
  );
}
