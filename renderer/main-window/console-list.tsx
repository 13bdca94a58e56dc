/** A domain's consoles: who writes, who watches, and the way in. */
import { SquareTerminal } from 'lucide-react';
import type { ReactElement } from 'react';
import type { ConsoleSummary, DomainSummary } from '../../core/domain/domain-summary.ts';
import { Button } from '../shared/button.tsx';
import { definedConsoles } from '../words/devices.ts';
import { formatBytes, formatExact, plural } from '../words/format.ts';
import { useCommands } from './view-context.ts';

export interface ConsoleListProps {
  readonly summary: DomainSummary;
  /** Leaves out what the Consoles tab has room for. */
  readonly compact?: boolean;
}

export function ConsoleList({ summary, compact = false }: ConsoleListProps): ReactElement {
  const { openConsole } = useCommands();
  if (summary.consoles.length === 0) return <DefinedConsoles summary={summary} />;
  return (
    <ul className="consoles">
      {summary.consoles.map((each) => (
        <li key={each.alias} className="console-item">
          <SquareTerminal size={16} aria-hidden />
          <div className="console-text">
            <span><code>{each.label}</code> {!compact && <span className="quiet">{each.kind}, {each.alias}</span>}</span>
            <span className="quiet" title={each.writer ? `since ${formatExact(each.writer.sinceMs)}` : undefined}>{consoleWords(each, compact)}</span>
          </div>
          <Button label="Open" small hint={`Opens ${each.label} in a window of its own.`} onPress={() => openConsole(summary.uuid, each.alias)} />
        </li>
      ))}
    </ul>
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

function consoleWords(console: ConsoleSummary, compact: boolean): string {
  if (console.state === 'failed') return `failed: ${console.error ?? 'no reason given'}`;
  const words = [
    console.writer ? `${console.writer.label} writes` : console.state === 'open' ? 'nobody writes' : console.state,
    ...(console.watchers > 0 ? [`${plural(console.watchers, 'window')} watching`] : []),
    ...(compact ? [] : [`log ${formatBytes(console.position)}`]),
  ];
  return words.join(', ');
}
