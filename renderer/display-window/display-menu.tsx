/** How the screen is shown, what the clipboards share, pictures and other windows. */
import { AppWindow, Camera, Check, ClipboardPaste, EllipsisVertical, type LucideIcon, Maximize, MousePointer2 } from 'lucide-react';
import type { ReactElement } from 'react';
import { Header, Menu, MenuItem, MenuSection, MenuTrigger, Popover, Separator, Text } from 'react-aria-components';
import { Button } from '../shared/button.tsx';
import { attempt } from '../shared/failure-toast.tsx';
import { useSession } from '../shared/session.ts';
import { type DisplaySettings, useDisplay, useDisplaySettings, useDisplayState } from './display-context.ts';

type Switch = keyof DisplaySettings;

export function DisplayMenu({ onScreenshot }: { readonly onScreenshot: () => void }): ReactElement {
  const { uuid, index, settings, grabPointer, toggleFullScreen, sendClipboard } = useDisplay();
  const { host } = useSession();
  const shown = useDisplaySettings();
  const { mode, sessionId, pointer } = useDisplayState((state) => state);
  const hasInput = sessionId !== null && mode === 'write';
  const chosen = (names: readonly Switch[]): Switch[] => names.filter((name) => shown[name]);
  const choose = (names: readonly Switch[], keys: 'all' | ReadonlySet<unknown>): void =>
    settings.setState(Object.fromEntries(names.map((name) => [name, keys === 'all' || keys.has(name)])));
  return (
    <MenuTrigger>
      <Button label="Menu" icon={EllipsisVertical} kind="bare" small iconOnly />
      <Popover className="popover" placement="bottom end" offset={4}>
        <Menu className="menu display-menu" aria-label="Display">
          <Item label="Full screen" icon={Maximize} keys="Ctrl+Alt+Enter" onAction={toggleFullScreen} />
          <Item label="Give the pointer to the guest" icon={MousePointer2} disabled={!hasInput || pointer !== 'relative'} onAction={grabPointer} />
          <Item label="Take a screenshot" icon={Camera} onAction={onScreenshot} />
          <Item label="Another window on this display" icon={AppWindow} onAction={() => void attempt('No window was opened', () => host.client.call('desktopOpenDisplay', { uuid, display: index }))} />
          <Separator className="menu-separator" />
          <MenuSection selectionMode="multiple" selectedKeys={chosen(view)} onSelectionChange={(keys) => choose(view, keys)}>
            <Header className="menu-heading">View</Header>
            <SwitchItem id="scales" label="Scale to the window" note="Else point for point, with scroll bars." />
            <SwitchItem id="resizesGuest" label="Resize the guest to the window" note="Where its video device carries it, such as virtio." />
          </MenuSection>
          <Separator className="menu-separator" />
          <MenuSection selectionMode="multiple" selectedKeys={chosen(clipboards)} onSelectionChange={(keys) => choose(clipboards, keys)}>
            <Header className="menu-heading">Clipboard, where the guest has an agent for it</Header>
            <SwitchItem id="copiesToGuest" label="Copy to the guest" note="What you copy, whenever this window has the focus." />
            <SwitchItem id="copiesFromGuest" label="Copy from the guest" note="What is copied there replaces your clipboard." />
          </MenuSection>
          <Item label="Send the clipboard once" icon={ClipboardPaste} disabled={!hasInput} onAction={sendClipboard} />
        </Menu>
      </Popover>
    </MenuTrigger>
  );
}

const view: readonly Switch[] = ['scales', 'resizesGuest'];
const clipboards: readonly Switch[] = ['copiesToGuest', 'copiesFromGuest'];

function SwitchItem({ id, label, note }: { readonly id: Switch; readonly label: string; readonly note: string }): ReactElement {
  return (
    <MenuItem id={id} className="menu-item" textValue={label}>
      {({ isSelected }) => (
        <>
          <span className="checkbox-box" aria-hidden>{isSelected && <Check size={12} />}</span>
          <span className="menu-words">
            <Text slot="label">{label}</Text>
            <Text slot="description" className="menu-note">{note}</Text>
          </span>
        </>
      )}
    </MenuItem>
  );
}

interface ItemProps {
  readonly label: string;
  readonly icon: LucideIcon;
  readonly keys?: string;
  readonly disabled?: boolean;
  readonly onAction: () => void;
}

function Item({ label, icon: Icon, keys, disabled = false, onAction }: ItemProps): ReactElement {
  return (
    <MenuItem className="menu-item" textValue={label} isDisabled={disabled} onAction={onAction}>
      <Icon size={16} aria-hidden />
      {label}
      {keys && <kbd aria-hidden>{keys}</kbd>}
    </MenuItem>
  );
}
