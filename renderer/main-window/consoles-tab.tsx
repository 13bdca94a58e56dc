/** All consoles of a domain, with what to know before one is opened. */
import type { ReactElement } from 'react';
import type { DomainSummary } from '../../core/domain/domain-summary.ts';
import { ConsoleList } from './console-list.tsx';

export function ConsolesTab({ summary }: { readonly summary: DomainSummary }): ReactElement {
  return (
    <div className="column">
      <ConsoleList summary={summary} />
      <p className="quiet">
        One window writes to a console, any number watch. A watcher can ask for the input, or take over. Several consoles can stand in one window, as tabs or side by side. What the guest prints is kept in the log while no window is open.
      </p>
    </div>
  );
}
