/** What the keys of the frame do: tabs, splits, windows of their own, and typing to several panes. */
import { AppWindow, Columns2, ExternalLink, type LucideIcon, Plus, Radio, Rows2, SquarePlus, X } from 'lucide-react';
import type { ReactElement } from 'react';
import { Menu, MenuItem, MenuTrigger, Popover, Separator } from 'react-aria-components';
import { useStore } from 'zustand';
import { panesOf } from '../../core/api/console-layout.ts';
import { attempt } from '../shared/failure-toast.tsx';
import { Button } from '../shared/button.tsx';
import { useSession } from '../shared/session.ts';
import { useConsole, useConsoleWindow } from './console-context.ts';
import { hasRoom } from './layout-tree.ts';
import { frameKeys } from './window-keys.ts';

export function FrameMenu(): ReactElement {
  const { host } = useSession();
  const { chooser, layout, broadcast, close } = useConsoleWindow();
  const pane = useConsole();
  const count = useStore(layout, (state) => panesOf(state).length);
  const isFull = useStore(layout, (state) => !hasRoom(state));
  const broadcasts = useStore(broadcast.store, (state) => state.panes.length > 0);
  const moveOut = (): void => {
    const { alias, wish } = pane.session.store.getState();
    const moved = { uuid: pane.uuid, device: alias ?? pane.device, mode: wish };
    close(pane.paneId); // first, so that the input is free when the other window asks for it
    void attempt('The console was not moved', () => host.client.call('desktopOpenConsole', moved));
  };
  const disabled = [...(isFull ? ['tab', 'right', 'down'] : []), ...(count === 1 ? ['move', 'broadcast'] : [])];
  return (
    <MenuTrigger>
      <Button label="Tabs and splits" icon={SquarePlus} kind="bare" small iconOnly />
      <Popover className="popover" placement="bottom end" offset={4}>
        <Menu className="menu" aria-label="Tabs and splits" disabledKeys={disabled}>
          <Item id="tab" label="New tab…" icon={Plus} keys={frameKeys['new tab']} onAction={() => chooser.setState({ place: 'tab' })} />
          <Item id="right" label="Split right…" icon={Columns2} keys={frameKeys['split right']} onAction={() => chooser.setState({ place: 'right' })} />
          <Item id="down" label="Split down…" icon={Rows2} keys={frameKeys['split down']} onAction={() => chooser.setState({ place: 'down' })} />
          <Item id="window" label="New window…" icon={AppWindow} onAction={() => chooser.setState({ place: 'window' })} />
          <Separator className="menu-separator" />
          <Item id="move" label="Move to own window" icon={ExternalLink} onAction={moveOut} />
          <Item id="broadcast" label={broadcasts ? 'Stop broadcasting' : 'Broadcast input…'} icon={Radio} onAction={() => (broadcasts ? broadcast.stop() : broadcast.choose(true))} />
          <Separator className="menu-separator" />
          <Item id="close" label={count === 1 ? 'Close window' : 'Close pane'} icon={X} keys="Ctrl+Shift+W" onAction={() => close(pane.paneId)} />
        </Menu>
      </Popover>
    </MenuTrigger>
  );
}

interface ItemProps {
  readonly id: string;
  readonly label: string;
  readonly icon: LucideIcon;
  readonly keys?: string | undefined;
  readonly onAction: () => void;
}

function Item({ id, label, icon: Icon, keys, onAction }: ItemProps): ReactElement {
  return (
    <MenuItem id={id} className="menu-item" textValue={label} onAction={onAction}>
      <Icon size={16} aria-hidden />
      {label}
      {keys && <kbd aria-hidden>{keys}</kbd>}
    </MenuItem>
  );
}
