/** The choice of who has the input next. Nobody is given one that they did not ask for. */
import { ArrowLeftRight } from 'lucide-react';
import type { ReactElement } from 'react';
import { Menu, MenuItem, MenuTrigger, Popover, Text } from 'react-aria-components';
import { Button } from '../shared/button.tsx';
import { formatClock } from '../words/format.ts';
import { type InputPart, othersOf } from './input-part.ts';

export function HandOverMenu({ part }: { readonly part: InputPart }): ReactElement | null {
  const { asking, requests } = part.known;
  const others = othersOf(part).filter(({ sessionId }) => !requests.some((request) => request.sessionId === sessionId));
  const rows = [
    ...requests.map(({ sessionId, label, sinceMs }) => ({ sessionId, label, note: `asked at ${formatClock(sinceMs).slice(0, 5)}` })),
    ...others.map(({ sessionId, label }) => ({ sessionId, label, note: 'has not asked' })),
  ];
  if (rows.length === 0) return null;
  return (
    <MenuTrigger>
      <Button label="Hand over" icon={ArrowLeftRight} small busy={asking === 'hand-over'} />
      <Popover className="popover" placement="bottom end" offset={4}>
        <Menu className="menu" aria-label="Hand over to" disabledKeys={others.map(({ sessionId }) => sessionId)} onAction={(key) => part.input.handOver({ sessionId: String(key) })}>
          {rows.map(({ sessionId, label, note }) => (
            <MenuItem key={sessionId} id={sessionId} className="menu-item" textValue={label}>
              <Text slot="label">{label}</Text>
              <Text slot="description" className="menu-aside">{note}</Text>
            </MenuItem>
          ))}
        </Menu>
      </Popover>
    </MenuTrigger>
  );
}
