/** Numbers along the bottom that keep their width. */
import { type ReactElement, useSyncExternalStore } from 'react';
import { formatBytes, formatCount } from '../words/format.ts';
import { useConsole, useConsoleState } from './console-context.ts';

export function ConsoleFooter({ label }: { readonly label: string }): ReactElement {
  const { terminal } = useConsole();
  const { alias, position, lines } = useConsoleState((state) => state);
  const size = useSyncExternalStore(
    (listener) => {
      const subscription = terminal.xterm.onResize(listener);
      return () => subscription.dispose();
    },
    () => `${terminal.xterm.cols} × ${terminal.xterm.rows}`,
  );
  return (
    <footer className="console-footer" aria-label="Console facts">
      <span><span className="mono">{label}</span>{alias && `, ${alias}`}</span>
      <span title="Bytes since the console's log began">log {formatBytes(position)}</span>
      <span title="Lines that this window received">{formatCount(lines)} lines</span>
      <span className="spring" />
      <span title="Columns and rows of this window; the guest does not learn them over a serial line">{size}</span>
      <span>UTF-8</span>
    </footer>
  );
}
