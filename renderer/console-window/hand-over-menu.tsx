/** The writer's choice of who writes next. Nobody is given an input that they did not ask for. */
import { ArrowLeftRight } from 'lucide-react';
import type { ReactElement } from 'react';
import { Menu, MenuItem, MenuTrigger, Popover, Text } from 'react-aria-components';
import { Button } from '../shared/button.tsx';
import { formatClock } from '../words/format.ts';
import { useConsole, useConsoleState } from './console-context.ts';
import { useConsoleSummary } from './use-console-name.ts';

export function HandOverMenu(): ReactElement | null {
  const { session } = useConsole();
  const { asking, requests, sessionId } = useConsoleState((state) => state);
  const summary = useConsoleSummary();
  const watchers = (summary?.sessions ?? []).filter((each) => each.sessionId !== sessionId);
  const others = watchers.filter((each) => !requests.some((request) => request.sessionId === each.sessionId));
  if (requests.length + others.length === 0) return null;
  return (
    <MenuTrigger>
      <Button label="Hand over" icon={ArrowLeftRight} small busy={asking === 'hand-over'} />
      <Popover className="popover" placement="bottom end" offset={4}>
        <Menu className="menu" aria-label="Hand over to" disabledKeys={others.map((each) => each.sessionId)} onAction={(key) => {
          const to = requests.find((request) => request.sessionId === key);
          if (to) session.handOver(to);
        }}>
          {requests.map((request) => (
            <MenuItem key={request.sessionId} id={request.sessionId} className="menu-item" textValue={request.label}>
              <Text slot="label">{request.label}</Text>
              <Text slot="description" className="menu-note">asked at {formatClock(request.sinceMs).slice(0, 5)}</Text>
            </MenuItem>
          ))}
          {others.map((each) => (
            <MenuItem key={each.sessionId} id={each.sessionId} className="menu-item" textValue={each.label}>
              <Text slot="label">{each.label}</Text>
              <Text slot="description" className="menu-note">has not asked</Text>
            </MenuItem>
          ))}
        </Menu>
      </Popover>
    </MenuTrigger>
  );
}
