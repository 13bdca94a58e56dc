/** Numbers along the bottom that keep their width. */
import { type ReactElement, useSyncExternalStore } from 'react';
import { Button as AriaButton } from 'react-aria-components';
import { useStore } from 'zustand';
import { useNow } from '../shared/use-now.ts';
import { formatBytes, formatCount, formatElapsed } from '../words/format.ts';
import { useConsole, useConsoleState } from './console-context.ts';
import { encodingNamed } from './guest-encoding.ts';

export function ConsoleFooter({ label }: { readonly label: string }): ReactElement {
  const { terminal, tools } = useConsole();
  const { alias, position, lines, linesSinceBoot } = useConsoleState((state) => state);
  const encoding = useStore(tools.guest.store, (state) => encodingNamed(state.encoding));
  const size = useSyncExternalStore(
    (listener) => {
      const subscription = terminal.xterm.onResize(listener);
      return () => subscription.dispose();
    },
    () => `${terminal.xterm.rows} × ${terminal.xterm.cols}`,
  );
  return (
    <footer className="console-footer" aria-label="Console facts">
      <span><span className="mono">{label}</span>{alias && `, ${alias}`}</span>
      <span title="Bytes since the console's log began">log {formatBytes(position)}</span>
      <RecordingMark />
      <span className="footer-lines" title={linesSinceBoot ? 'Lines since the guest was switched on' : 'Lines that this window received'}>{formatCount(lines)} lines{linesSinceBoot && ' since boot'}</span>
      <span className="spring" />
      <span title="Rows and columns of this window; the guest does not learn them by itself. Fit guest to window in the menu tells its shell.">{size}</span>
      <AriaButton className="footer-button" aria-label={`Encoding: ${encoding.label}`} onPress={() => tools.dialog.setState({ open: { kind: 'settings' } })}>{encoding.short}</AriaButton>
    </footer>
  );
}

function RecordingMark(): ReactElement | null {
  const { tools } = useConsole();
  const { path, sinceMs, sizeBytes } = useStore(tools.recorder.store);
  const now = useNow();
  if (path === null) return null;
  return (
    <span className="recording" role="status" title={`Recording to ${path}, ${formatBytes(sizeBytes)}`}>
      <span className="recording-dot" aria-hidden />
      rec {formatElapsed(now - sinceMs)}
    </span>
  );
}
