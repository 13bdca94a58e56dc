/** How terminals look and behave, at once in every window; and how this console's guest wants to be spoken to. */
import type { ReactElement } from 'react';
import { useStore } from 'zustand';
import { Button } from '../shared/button.tsx';
import { CheckBox } from '../shared/check-box.tsx';
import { AlertFrame } from '../shared/dialogs.tsx';
import { Choice, NumberInput, TextInput } from '../shared/field.tsx';
import { useConsole } from './console-context.ts';
import { guestEncodings } from './guest-encoding.ts';
import { type PaletteId, paletteIds, palettes } from './terminal-palettes.ts';
import { fontSizesPx, scrollbacks, usualGuestSettings, usualSettings } from './terminal-settings.ts';
import { useConsoleName } from './use-console-name.ts';

const paletteChoices: readonly { readonly id: 'app' | PaletteId; readonly label: string }[] = [{ id: 'app', label: 'As the app' }, ...paletteIds.map((id) => ({ id, label: palettes[id].label }))];
const cursors = [{ id: 'block', label: 'Block' }, { id: 'bar', label: 'Bar' }, { id: 'underline', label: 'Underline' }] as const;
const bells = [{ id: 'visual', label: 'Flash the terminal' }, { id: 'notification', label: 'Notify' }, { id: 'none', label: 'Ignore' }] as const;
const lineEnds = [{ id: 'CR', label: 'CR (usual)' }, { id: 'LF', label: 'LF' }, { id: 'CRLF', label: 'CR and LF' }] as const;
const backspaces = [{ id: 'DEL', label: 'DEL, 127 (usual)' }, { id: 'BS', label: 'BS, 8' }] as const;

export function SettingsDialog({ onClose }: { readonly onClose: () => void }): ReactElement {
  const { tools, paneId } = useConsole();
  const { name, label } = useConsoleName(paneId);
  return (
    <AlertFrame title="Terminal settings" onClose={onClose}>
      <fieldset className="field-group">
        <legend>This guest: <bdi>{name}</bdi> / <span className="mono">{label}</span></legend>
        <GuestFields />
      </fieldset>
      <fieldset className="field-group">
        <legend>All consoles</legend>
        <TerminalFields />
      </fieldset>
      <div className="dialog-buttons">
        <Button
          label="Restore the usual"
          onPress={() => {
            tools.settings.change(usualSettings);
            tools.guest.change(usualGuestSettings);
          }}
        />
        <Button label="Done" kind="primary" autoFocus onPress={onClose} />
      </div>
    </AlertFrame>
  );
}

function GuestFields(): ReactElement {
  const { guest } = useConsole().tools;
  const { encoding, enterSends, backspaceSends, localEcho } = useStore(guest.store);
  return (
    <>
      <Choice label="Encoding" value={encoding} choices={guestEncodings} onChange={(value) => guest.change({ encoding: value })} />
      <div className="field-grid">
        <Choice label="Return sends" value={enterSends} choices={lineEnds} onChange={(value) => guest.change({ enterSends: value })} />
        <Choice label="Backspace sends" value={backspaceSends} choices={backspaces} onChange={(value) => guest.change({ backspaceSends: value })} />
      </div>
      <CheckBox label="Local echo: show here what is typed" isSelected={localEcho} onChange={(value) => guest.change({ localEcho: value })} />
    </>
  );
}

function TerminalFields(): ReactElement {
  const { settings } = useConsole().tools;
  const now = useStore(settings.store);
  return (
    <>
      <div className="field-grid">
        <TextInput label="Font" value={now.fontFamily} placeholder="As the app" maxLength={200} onChange={(fontFamily) => settings.change({ fontFamily })} />
        <NumberInput label="Size, px" value={now.fontSizePx} least={fontSizesPx.smallest} most={fontSizesPx.largest} onChange={(fontSizePx) => settings.change({ fontSizePx })} />
        <Choice label="Colours" value={now.palette} choices={paletteChoices} onChange={(palette) => settings.change({ palette })} />
        <Choice label="Cursor" value={now.cursorStyle} choices={cursors} onChange={(cursorStyle) => settings.change({ cursorStyle })} />
        <Choice label="Bell" value={now.bell} choices={bells} onChange={(bell) => settings.change({ bell })} />
        <NumberInput label="Lines to scroll back" value={now.scrollbackLines} least={scrollbacks.fewest} most={scrollbacks.most} step={100} onChange={(scrollbackLines) => settings.change({ scrollbackLines })} />
        <TextInput label="Words end at" value={now.wordSeparators} mono maxLength={100} onChange={(wordSeparators) => settings.change({ wordSeparators })} />
      </div>
      <CheckBox label="The cursor blinks" isSelected={now.cursorBlinks} onChange={(cursorBlinks) => settings.change({ cursorBlinks })} />
      <CheckBox label="Copy what is selected" isSelected={now.copyOnSelect} onChange={(copyOnSelect) => settings.change({ copyOnSelect })} />
      <CheckBox label="Alt sends Escape before the key (Meta)" isSelected={now.altIsMeta} onChange={(altIsMeta) => settings.change({ altIsMeta })} />
      <CheckBox label="Screen reader mode" isSelected={now.screenReaderMode} onChange={(screenReaderMode) => settings.change({ screenReaderMode })}>
        <span className="field-note">Keeps a copy of the screen that assistive technology reads, at some cost.</span>
      </CheckBox>
    </>
  );
}
