/** What of a console is saved, and as what. */
import { type ReactElement, useState } from 'react';
import { useStore } from 'zustand';
import { Button } from '../shared/button.tsx';
import { CheckBox } from '../shared/check-box.tsx';
import { AlertFrame } from '../shared/dialogs.tsx';
import { attempt, showNews } from '../shared/failure-toast.tsx';
import { Choice } from '../shared/field.tsx';
import { useSession } from '../shared/session.ts';
import { formatBytes } from '../words/format.ts';
import { useConsole, useConsoleState } from './console-context.ts';
import { logEncoding } from './log-encoding.ts';
import { dialogMs } from './terminal-tools.ts';
import { useConsoleName } from './use-console-name.ts';

const scopes = [
  { id: 'run', label: 'Everything since power-on' },
  { id: 'beginning', label: 'Everything that is kept' },
  { id: 'window', label: 'What this window can scroll to' },
] as const;
const formats = [
  { id: 'text', label: 'Text', ends: '.txt' },
  { id: 'raw', label: 'Raw bytes', ends: '.log' },
  { id: 'asciicast', label: 'Recording for players (asciicast)', ends: '.cast' },
] as const;

export function SaveDialog({ onClose }: { readonly onClose: () => void }): ReactElement {
  const { host } = useSession();
  const { uuid, device, tools, paneId } = useConsole();
  const { name, label } = useConsoleName(paneId);
  const alias = useConsoleState((state) => state.alias) ?? device;
  const { encoding } = useStore(tools.guest.store);
  const [scope, setScope] = useState<(typeof scopes)[number]['id']>('run');
  const [format, setFormat] = useState<(typeof formats)[number]['id']>('text');
  const [timestamps, setTimestamps] = useState(false);
  const isWindow = scope === 'window';
  const save = async (): Promise<void> => {
    const stem = `${name.slice(0, 100)}-${label.slice(0, 60)}`;
    if (isWindow) {
      const saved = await attempt('The console was not saved', () => host.client.call('desktopSaveText', { suggestedName: `${stem}.txt`, text: `${tools.terminal.text()}\n` }, { timeoutMs: dialogMs }));
      if (saved) showNews('The console is saved', saved.path);
      return;
    }
    const { cols: columns, rows } = tools.terminal.xterm;
    const request = { uuid, device: alias, from: scope, format, encoding: logEncoding(encoding), timestamps, title: `${name} / ${label}`, columns, rows, suggestedName: `${stem}${formats.find(({ id }) => id === format)?.ends ?? ''}` };
    const saved = await attempt('The console was not saved', () => host.client.call('desktopSaveConsole', request, { timeoutMs: dialogMs }));
    if (saved) showNews('The console is saved', `${saved.path}, ${formatBytes(saved.sizeBytes)}`);
  };
  return (
    <AlertFrame title={<>Save <bdi>{name}</bdi> / <span className="mono">{label}</span></>} onClose={onClose}>
      <Choice label="What" value={scope} choices={scopes} onChange={setScope} />
      {!isWindow && <Choice label="Format" value={format} choices={formats} onChange={setFormat} />}
      {!isWindow && format === 'text' && <CheckBox label="Write the time before each line" isSelected={timestamps} onChange={setTimestamps} />}
      <p className="quiet">It may hold what was typed and shown on the console: only you can read the file.</p>
      <div className="dialog-buttons">
        <Button label="Cancel" onPress={onClose} />
        <Button label="Save…" kind="primary" autoFocus onPress={() => { onClose(); void save(); }} />
      </div>
    </AlertFrame>
  );
}
