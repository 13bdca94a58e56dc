/** What the keys do, for the mouse and for who does not know the keys. */
import { ClipboardPaste, Copy, EllipsisVertical, type LucideIcon, Search, ZoomIn, ZoomOut } from 'lucide-react';
import { type ReactElement, useState } from 'react';
import { Menu, MenuItem, MenuTrigger, Popover, Separator } from 'react-aria-components';
import { Button } from '../shared/button.tsx';
import { useConsole } from './console-context.ts';

export function ConsoleMenu({ onFind }: { readonly onFind: () => void }): ReactElement {
  const { terminal, copy, paste, resize } = useConsole();
  const [reader, setReader] = useState(false);
  return (
    <MenuTrigger>
      <Button label="Menu" icon={EllipsisVertical} kind="bare" small iconOnly />
      <Popover className="popover" placement="bottom end" offset={4}>
        <Menu className="menu" aria-label="Console">
          <Item label="Copy" icon={Copy} keys="Ctrl+Shift+C" onAction={copy} />
          <Item label="Paste" icon={ClipboardPaste} keys="Ctrl+Shift+V" onAction={paste} />
          <Item label="Find" icon={Search} keys="Ctrl+Shift+F" onAction={onFind} />
          <Separator className="menu-separator" />
          <Item label="Bigger text" icon={ZoomIn} keys="Ctrl+Shift+Plus" onAction={() => resize(1)} />
          <Item label="Smaller text" icon={ZoomOut} keys="Ctrl+Shift+Minus" onAction={() => resize(-1)} />
          <Separator className="menu-separator" />
          <MenuItem
            className="menu-item"
            textValue="Screen reader mode"
            onAction={() => {
              terminal.setScreenReaderMode(!reader);
              setReader(!reader);
            }}
          >
            Screen reader mode
            <kbd aria-hidden>{reader ? 'on' : 'off'}</kbd>
          </MenuItem>
        </Menu>
      </Popover>
    </MenuTrigger>
  );
}

interface ItemProps {
  readonly label: string;
  readonly icon: LucideIcon;
  readonly keys: string;
  readonly onAction: () => void;
}

function Item({ label, icon: Icon, keys, onAction }: ItemProps): ReactElement {
  return (
    <MenuItem className="menu-item" textValue={label} onAction={onAction}>
      <Icon size={16} aria-hidden />
      {label}
      <kbd aria-hidden>{keys}</kbd>
    </MenuItem>
  );
}
