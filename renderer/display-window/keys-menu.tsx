/** Key combinations that the computer keeps to itself, for the guest. */
import { Keyboard } from 'lucide-react';
import { Fragment, type ReactElement } from 'react';
import { Menu, MenuItem, MenuTrigger, Popover, Separator } from 'react-aria-components';
import { Button } from '../shared/button.tsx';
import { useDisplay, useDisplayState } from './display-context.ts';
import { keyCombinations } from './key-combinations.ts';

export function KeysMenu(): ReactElement {
  const { screen } = useDisplay();
  const canSend = useDisplayState(({ sessionId, mode }) => sessionId !== null && mode === 'write');
  return (
    <MenuTrigger>
      <Button label="Send keys" icon={Keyboard} kind="bare" small iconOnly disabled={!canSend} />
      <Popover className="popover" placement="bottom end" offset={4}>
        <Menu className="menu" aria-label="Send keys">
          {keyCombinations.map((group, index) => (
            <Fragment key={group[0]?.label}>
              {index > 0 && <Separator className="menu-separator" />}
              {group.map(({ label, codes }) => (
                <MenuItem key={label} className="menu-item" onAction={() => {
                  screen.press(codes);
                  screen.focus();
                }}>{label}</MenuItem>
              ))}
            </Fragment>
          ))}
        </Menu>
      </Popover>
    </MenuTrigger>
  );
}
