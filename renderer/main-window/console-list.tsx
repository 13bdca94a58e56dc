/** A domain's consoles: where each goes, who writes, who watches, and the ways in. */
import { AppWindow, Cable, EllipsisVertical, Eye, Lock, SquareTerminal } from 'lucide-react';
import type { ReactElement } from 'react';
import { Menu, MenuItem, MenuTrigger, Popover } from 'react-aria-components';
import type { ConsoleSummary, DomainSummary } from '../../core/domain/domain-summary.ts';
import { Button } from '../shared/button.tsx';
import { channelUse, consoleInWords, watchersInWords } from '../words/consoles.ts';
import { definedConsoles } from '../words/devices.ts';
import { formatBytes, formatExact } from '../words/format.ts';
import { useCommands } from './view-context.ts';

export interface ConsoleListProps {
  readonly summary: DomainSummary;
  /** Leaves out what the Consoles tab has room for. */
  readonly compact?: boolean;
}

export function ConsoleList({ summary, compact = false }: ConsoleListProps): ReactElement {
  if (summary.consoles.length === 0) return <DefinedConsoles summary={summary} />;
  return (
    <ul className="consoles">
      {summary.consoles.map((each) => {
        const use = channelUse(each, summary.agent);
        if (use !== null) return <UsedChannel key={each.alias} console={each} use={use} compact={compact} />;
        return <ConsoleItem key={each.alias} uuid={summary.uuid} console={each} compact={compact} />;
      })}
    </ul>
  );
}

/** Nobody opens it: its bytes are what programs tell each other. */
function UsedChannel({ console: { alias, label, kind }, use, compact }: { readonly console: ConsoleSummary; readonly use: string; readonly compact: boolean }): ReactElement {
  return (
    <li className="console-item">
      <Cable size={16} aria-hidden />
      <div className="console-text">
        <span><code>{label}</code> {!compact && <span className="quiet">{kind}, {alias}</span>}</span>
        <span className="quiet">{use}</span>
      </div>
    </li>
  );
}

interface ConsoleItemProps {
  readonly uuid: string;
  readonly console: ConsoleSummary;
  readonly compact: boolean;
}

function ConsoleItem({ uuid, console, compact }: ConsoleItemProps): ReactElement {
  const { openConsole } = useCommands();
  const { alias, label, kind, readOnly, writer, position, backend } = console;
  const Icon = readOnly === null ? SquareTerminal : Lock;
  return (
    <li className="console-item">
      <Icon size={16} aria-hidden />
      <div className="console-text">
        <span><code>{label}</code> {!compact && <span className="quiet">{kind}, {alias}</span>}</span>
        <span className="quiet" title={writer ? `since ${formatExact(writer.sinceMs)}` : undefined}>{compact ? consoleInWords(console) : `${consoleInWords(console)}, log ${formatBytes(position)}`}</span>
        {!compact && <MoreWords console={console} backend={backend} />}
      </div>
      <Button label="Open" small hint={`Shows the window with ${label}, or opens one.`} onPress={() => openConsole(uuid, alias, 'existing')} />
      {!compact && <WaysIn label={label} onNew={() => openConsole(uuid, alias)} onWatch={() => openConsole(uuid, alias, 'watch')} />}
    </li>
  );
}

/** Who watches by name, and where the bytes go on the host. */
function MoreWords({ console, backend }: { readonly console: ConsoleSummary; readonly backend: string }): ReactElement {
  const watchers = watchersInWords(console);
  return (
    <>
      {watchers && <span className="quiet">{watchers}</span>}
      <span className="quiet">{backend}{console.readOnly !== null && `: ${console.readOnly}`}</span>
    </>
  );
}

function WaysIn({ label, onNew, onWatch }: { readonly label: string; readonly onNew: () => void; readonly onWatch: () => void }): ReactElement {
  return (
    <MenuTrigger>
      <Button label={`More ways to open ${label}`} icon={EllipsisVertical} kind="bare" small iconOnly />
      <Popover className="popover" placement="bottom end" offset={4}>
        <Menu className="menu" aria-label={`Ways to open ${label}`}>
          <MenuItem className="menu-item" textValue="Open in a new window" onAction={onNew}><AppWindow size={16} aria-hidden />Open in a new window</MenuItem>
          <MenuItem className="menu-item" textValue="Watch only" onAction={onWatch}><Eye size={16} aria-hidden />Watch only</MenuItem>
        </Menu>
      </Popover>
    </MenuTrigger>
  );
}

/** Only a domain that runs has consoles to open; until then its definition says which there will be. */
function DefinedConsoles({ summary }: { readonly summary: DomainSummary }): ReactElement {
  const defined = definedConsoles(summary);
  if (defined.length === 0) return <p className="quiet">The definition has no serial port and no console. Add &lt;serial type='pty'/&gt; to get one.</p>;
  return (
    <ul className="consoles">
      {defined.map((device, index) => (
        <li key={`${index}:${device.label}`} className="console-item">
          <SquareTerminal size={16} aria-hidden />
          <div className="console-text">
            <span>{device.label}</span>
            <span className="quiet">opens when the domain runs</span>
          </div>
          <Button label="Open" small disabled />
        </li>
      ))}
    </ul>
  );
}
