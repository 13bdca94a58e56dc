/** Which display this is, who has its keys and pointer, and the way to change it. */
import { ArrowLeftRight, Eye, Hand, MousePointer2 } from 'lucide-react';
import type { ReactElement } from 'react';
import { Menu, MenuItem, MenuTrigger, Popover, Text } from 'react-aria-components';
import { Button } from '../shared/button.tsx';
import { useDomain, useHost } from '../shared/session.ts';
import { formatClock, formatExact } from '../words/format.ts';
import { useDisplay, useDisplayState, useDisplaySummary } from './display-context.ts';
import { DisplayMenu } from './display-menu.tsx';
import { KeysMenu } from './keys-menu.tsx';
import { PresencePopover } from './presence-popover.tsx';

export interface DisplayHeaderProps {
  readonly name: string;
  readonly label: string;
  readonly onScreenshot: () => void;
}

export function DisplayHeader({ name, label, onScreenshot }: DisplayHeaderProps): ReactElement {
  const { number } = useDisplay();
  return (
    <header className="display-header">
      <h1 className="ellipsis" title={name}>
        <bdi>{name}</bdi> <span className="quiet">/</span> {label}
        {number > 1 && <span className="quiet"> ({number})</span>}
      </h1>
      <WriterState />
      <PresencePopover />
      <span className="spring" />
      <InputButtons />
      <KeysMenu />
      <DisplayMenu onScreenshot={onScreenshot} />
    </header>
  );
}

/** What somebody who has the input can do about it, or a watcher. */
function InputButtons(): ReactElement | null {
  const { session, uuid } = useDisplay();
  const { sessionId, mode, asking, notice, request } = useDisplayState((state) => state);
  const writer = useDisplaySummary()?.writer ?? null;
  const isRunning = useDomain(uuid)?.state !== 'shut off';
  if (sessionId === null || !isRunning) return null;
  if (mode === 'write') {
    return (
      <>
        <HandOverMenu />
        <Button label="Release" icon={Eye} small busy={asking === 'release'} hint="Lets go of keyboard and pointer and goes on watching. Whoever asked first has them then, or anybody who wants to." onPress={() => session.release()} />
      </>
    );
  }
  if (notice?.what === 'taken-over') return null; // the line that tells so has the button
  return (
    <>
      {writer && request?.state !== 'waiting' && <Button label="Request" icon={Hand} small busy={asking === 'request'} hint="Asks whoever has keyboard and pointer for them. They hand them over or decline." onPress={() => session.request()} />}
      <Button label={writer ? 'Take over' : 'Control'} icon={MousePointer2} small kind="primary" busy={asking === 'take-over'} hint={writer ? 'You have keyboard and pointer from now on; whoever had them is told and watches.' : 'Nobody has keyboard and pointer: you do from now on.'} onPress={() => (writer ? session.takeOver() : session.take())} />
    </>
  );
}

function HandOverMenu(): ReactElement | null {
  const { session } = useDisplay();
  const { asking, requests, sessionId } = useDisplayState((state) => state);
  const sessions = useDisplaySummary()?.sessions ?? [];
  const others = sessions.filter((each) => each.sessionId !== sessionId && !requests.some((request) => request.sessionId === each.sessionId));
  if (requests.length + others.length === 0) return null;
  return (
    <MenuTrigger>
      <Button label="Hand over" icon={ArrowLeftRight} small kind={requests.length > 0 ? 'primary' : 'plain'} busy={asking === 'hand-over'} />
      <Popover className="popover" placement="bottom end" offset={4}>
        <Menu className="menu" aria-label="Hand over to" disabledKeys={others.map((each) => each.sessionId)} onAction={(key) => session.handOver({ sessionId: String(key) })}>
          {[...requests, ...others].map((each) => (
            <MenuItem key={each.sessionId} id={each.sessionId} className="menu-item" textValue={each.label}>
              <Text slot="label">{each.label}</Text>
              <Text slot="description" className="menu-note">{requests.includes(each) ? `asked at ${formatClock(each.sinceMs).slice(0, 5)}` : 'has not asked'}</Text>
            </MenuItem>
          ))}
        </Menu>
      </Popover>
    </MenuTrigger>
  );
}

/** What a screen reader says too: whether keys and pointer reach the guest. */
function WriterState(): ReactElement {
  const { uuid } = useDisplay();
  const { phase, mode, sessionId } = useDisplayState((state) => state);
  const link = useHost((state) => state.link.phase);
  const loaded = useHost((state) => state.sync.list !== null);
  const domain = useDomain(uuid);
  const writer = useDisplaySummary()?.writer ?? null;
  const isOpen = sessionId !== null;
  const [kind, words] =
    domain?.state === 'shut off' && link === 'connected' ? ['off', 'Not running']
    : isOpen && mode === 'write' ? ['writing', 'You have control']
    : isOpen && writer ? ['watching', `Watching. ${writer.label} has control since ${formatClock(writer.sinceMs).slice(0, 5)}`]
    : isOpen ? ['watching', 'Watching. Nobody has control']
    : link === 'unreachable' ? ['off', 'Unreachable']
    : link === 'connecting' || !loaded ? ['off', 'Connecting']
    : !domain ? ['off', 'No such domain']
    : phase === 'failed' ? ['off', 'Not connected, trying again']
    : ['off', 'Connecting'];
  return <span role="status" className={`writer-state ${kind}`} title={writer ? `since ${formatExact(writer.sinceMs)}` : undefined}>{words}</span>;
}
