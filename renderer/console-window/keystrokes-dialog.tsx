/** Text that is typed key by key: for firmware, a boot loader, a getty, which lose what comes faster than somebody types. */
import { type ReactElement, useState } from 'react';
import { useStore } from 'zustand';
import { Button } from '../shared/button.tsx';
import { AlertFrame } from '../shared/dialogs.tsx';
import { NumberInput } from '../shared/field.tsx';
import { formatDuration, plural } from '../words/format.ts';
import { useConsole, useConsoleState } from './console-context.ts';
import { keystrokeRates, keystrokesLastMs, linePauses } from './keystrokes.ts';

const maximumCharacters = 100_000;

export function KeystrokesDialog({ text: given, onClose }: { readonly text: string; readonly onClose: () => void }): ReactElement {
  const { tools } = useConsole();
  const writes = useConsoleState((state) => state.phase === 'open' && state.mode === 'write');
  const kept = useStore(tools.settings.store);
  const [text, setText] = useState(given.slice(0, maximumCharacters));
  const [rate, setRate] = useState(kept.keystrokesPerS);
  const [pauseMs, setPauseMs] = useState(kept.linePauseMs);
  const lastsMs = keystrokesLastMs(text, rate, pauseMs);
  return (
    <AlertFrame title="Paste as keystrokes" onClose={onClose}>
      <p>Types the text key by key, for what cannot take it faster: firmware, a boot loader, a login prompt.</p>
      <textarea className="input paste-text mono" aria-label="Text to type" rows={6} value={text} maxLength={maximumCharacters} spellCheck={false} onChange={(event) => setText(event.target.value)} />
      <div className="field-grid">
        <NumberInput label="Characters a second" value={rate} least={keystrokeRates.slowestPerS} most={keystrokeRates.fastestPerS} onChange={setRate} />
        <NumberInput label="Pause after a line, ms" value={pauseMs} least={linePauses.noneMs} most={linePauses.longestMs} step={10} onChange={setPauseMs} />
      </div>
      <p className="quiet" role="status">{writes ? `${plural(Array.from(text).length, 'character')}, about ${formatDuration(Math.max(1_000, lastsMs))}. It ends when this window stops writing.` : 'This window watches: nothing can be typed.'}</p>
      <div className="dialog-buttons">
        <Button label="Cancel" onPress={onClose} />
        <Button
          label="Type"
          kind="primary"
          autoFocus
          disabled={text === '' || !writes}
          onPress={() => {
            onClose();
            tools.startKeystrokes(text, rate, pauseMs);
          }}
        />
      </div>
    </AlertFrame>
  );
}
