/** What the keys do, for the mouse and for who does not know the keys; and what no key does. */
import { BellRing, Circle, ClipboardPaste, Copy, EllipsisVertical, Keyboard, type LucideIcon, Maximize, Save, Search, Settings2, Square, Type, ZoomIn, ZoomOut } from 'lucide-react';
import type { ReactElement, ReactNode } from 'react';
import { Menu, MenuItem, MenuTrigger, Popover, Separator, SubmenuTrigger } from 'react-aria-components';
import { useStore } from 'zustand';
import { Button } from '../shared/button.tsx';
import { useConsole, useConsoleState } from './console-context.ts';
import { type GuestKey, controlKeys, functionKeys, sysRqWay } from './guest-keys.ts';
import { useConsoleName, useConsoleSummary } from './use-console-name.ts';

export function ConsoleMenu({ onFind }: { readonly onFind: () => void }): ReactElement {
  const { tools, paneId, copy, paste, resize } = useConsole();
  const { name, label } = useConsoleName(paneId);
  const writes = useConsoleState((state) => state.phase === 'open' && state.mode === 'write');
  const records = useStore(tools.recorder.store, (state) => state.path !== null);
  const readsScreen = useStore(tools.settings.store, (state) => state.screenReaderMode);
  const open = (kind: 'settings' | 'save' | 'triggers') => () => tools.dialog.setState({ open: { kind } });
  return (
    <MenuTrigger>
      <Button label="Menu" icon={EllipsisVertical} kind="bare" small iconOnly />
      <Popover className="popover" placement="bottom end" offset={4}>
        <Menu className="menu" aria-label="Console">
          <Item label="Copy" icon={Copy} keys="Ctrl+Shift+C" onAction={copy} />
          <Item label="Paste" icon={ClipboardPaste} keys="Ctrl+Shift+V" disabled={!writes} onAction={paste} />
          <Item label="Paste as keystrokes…" icon={Type} disabled={!writes} onAction={() => tools.keystrokesFromClipboard()} />
          <Item label="Find" icon={Search} keys="Ctrl+Shift+F" onAction={onFind} />
          <Separator className="menu-separator" />
          <SendMenu disabled={!writes} />
          <Item label="Fit guest to window" icon={Maximize} disabled={!writes} onAction={() => tools.fitGuest()} />
          <Separator className="menu-separator" />
          <Item label="Save…" icon={Save} keys="Ctrl+Shift+S" onAction={open('save')} />
          <Item label={records ? 'Stop recording' : 'Record…'} icon={records ? Square : Circle} onAction={() => tools.toggleRecording(`${name} / ${label}`)} />
          <Item label="Triggers…" icon={BellRing} onAction={open('triggers')} />
          <Separator className="menu-separator" />
          <Item label="Bigger text" icon={ZoomIn} keys="Ctrl+Shift+Plus" onAction={() => resize(1)} />
          <Item label="Smaller text" icon={ZoomOut} keys="Ctrl+Shift+Minus" onAction={() => resize(-1)} />
          <MenuItem className="menu-item" textValue="Screen reader mode" onAction={() => tools.settings.change({ screenReaderMode: !readsScreen })}>
            <span className="menu-gap" aria-hidden />
            Screen reader mode
            <kbd aria-hidden>{readsScreen ? 'on' : 'off'}</kbd>
          </MenuItem>
          <Item label="Settings…" icon={Settings2} keys="Ctrl+Shift+Comma" onAction={open('settings')} />
        </Menu>
      </Popover>
    </MenuTrigger>
  );
}

/** A break is a serial line's; QEMU's virtio console passes none on. */
function SendMenu({ disabled }: { readonly disabled: boolean }): ReactElement {
  const { tools } = useConsole();
  const kind = useConsoleSummary()?.kind ?? 'serial';
  const way = sysRqWay(kind);
  return (
    <Submenu label="Send" icon={Keyboard} disabled={disabled}>
      {kind === 'serial' && <Item label="Break" hint="line held low" onAction={() => tools.sendBreak()} />}
      {controlKeys.map((key) => <KeyItem key={key.label} guestKey={key} />)}
      <Separator className="menu-separator" />
      <Submenu label="Function keys">
        {functionKeys.map((key) => <KeyItem key={key.label} guestKey={key} />)}
      </Submenu>
      {way && <Item label="Magic SysRq…" onAction={() => tools.dialog.setState({ open: { kind: 'sysrq', way } })} />}
    </Submenu>
  );
}

function KeyItem({ guestKey: { label, hint, text } }: { readonly guestKey: GuestKey }): ReactElement {
  const { tools } = useConsole();
  return <Item label={label} hint={hint} onAction={() => tools.press(text)} />;
}

function Submenu({ label, icon: Icon, disabled = false, children }: { readonly label: string; readonly icon?: LucideIcon; readonly disabled?: boolean; readonly children: ReactNode }): ReactElement {
  return (
    <SubmenuTrigger>
      <MenuItem className="menu-item" textValue={label} isDisabled={disabled}>
        {Icon && <Icon size={16} aria-hidden />}
        {label}
        <kbd aria-hidden>›</kbd>
      </MenuItem>
      <Popover className="popover" offset={-2}>
        <Menu className="menu" aria-label={label}>{children}</Menu>
      </Popover>
    </SubmenuTrigger>
  );
}

interface ItemProps {
  readonly label: string;
  readonly icon?: LucideIcon;
  /** The keys that do the same. */
  readonly keys?: string;
  /** What it does to the guest. */
  readonly hint?: string;
  readonly disabled?: boolean;
  readonly onAction: () => void;
}

function Item({ label, icon: Icon, keys, hint, disabled = false, onAction }: ItemProps): ReactElement {
  return (
    <MenuItem className="menu-item" textValue={label} isDisabled={disabled} onAction={onAction}>
      {Icon && <Icon size={16} aria-hidden />}
      {label}
      {keys && <kbd aria-hidden>{keys}</kbd>}
      {hint && <span className="menu-hint quiet">{hint}</span>}
    </MenuItem>
  );
}
