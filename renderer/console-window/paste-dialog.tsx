/** What would be pasted, before the guest runs it. */
import { type ReactElement, useState } from 'react';
import { Button } from '../shared/button.tsx';
import { CheckBox } from '../shared/check-box.tsx';
import { AlertFrame } from '../shared/dialogs.tsx';
import { plural } from '../words/format.ts';
import { useConsole } from './console-context.ts';
import { asOneLine, lookAtPaste, shownText, withoutControls } from './paste-text.ts';
import { pasteQuestions } from './terminal-tools.ts';

export function PasteDialog({ text, onClose }: { readonly text: string; readonly onClose: () => void }): ReactElement {
  const { tools } = useConsole();
  const [asks, setAsks] = useState(true);
  const [cleans, setCleans] = useState(true);
  const { characters, lines, controls, reasons } = lookAtPaste(text);
  const shown = shownText(text);
  const paste = (chosen: string): void => {
    if (!asks) pasteQuestions.setState({ asks: false });
    onClose();
    tools.pasteNow(cleans ? withoutControls(chosen) : chosen);
  };
  return (
    <AlertFrame title={`Paste ${lines > 1 ? plural(lines, 'line') : plural(characters, 'character')}?`} onClose={onClose}>
      {reasons.includes('lines') && <p>{lines > 1 ? 'A shell runs each line as it comes.' : 'It ends with a line end: a shell runs it at once.'}</p>}
      {reasons.includes('large') && <p>It has {plural(characters, 'character')}.</p>}
      <pre className="paste-text selectable" tabIndex={0} aria-label="The text">{shown.text}{shown.left > 0 && `\n… and ${plural(shown.left, 'character')} more`}</pre>
      {controls.length > 0 && (
        <CheckBox label={`Leave out control characters: ${controls.slice(0, 6).join(', ')}${controls.length > 6 ? ' and others' : ''}`} isSelected={cleans} onChange={setCleans}>
          <span className="field-note">They act like keys that somebody pressed.</span>
        </CheckBox>
      )}
      <CheckBox label="Do not ask again in this window" isSelected={!asks} onChange={(isSelected) => setAsks(!isSelected)} />
      <div className="dialog-buttons">
        <Button label="Cancel" onPress={onClose} />
        {lines > 0 && reasons.includes('lines') && <Button label={lines > 1 ? 'Paste as one line' : 'Paste without Return'} onPress={() => paste(asOneLine(text))} />}
        <Button label="Paste" kind="primary" autoFocus onPress={() => paste(text)} />
      </div>
    </AlertFrame>
  );
}
