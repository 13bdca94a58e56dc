/** All consoles of a domain, with what to know before one is opened, and what is waited for on them. */
import { BellRing } from 'lucide-react';
import { type ReactElement, useState } from 'react';
import type { DomainSummary } from '../../core/domain/domain-summary.ts';
import { Button } from '../shared/button.tsx';
import { TriggersDialog } from '../triggers/triggers-dialog.tsx';
import { ConsoleList } from './console-list.tsx';

export function ConsolesTab({ summary }: { readonly summary: DomainSummary }): ReactElement {
  const [showsTriggers, setShowsTriggers] = useState(false);
  return (
    <div className="column">
      <ConsoleList summary={summary} />
      <p className="quiet">
        One window writes to a console, any number watch. A watcher can ask for the input, or take over. Several consoles can stand in one window, as tabs or side by side. What the guest prints is kept in the log while no window is open.
      </p>
      <div className="toolbar">
        <Button label="Triggers…" icon={BellRing} hint="Be told when a console says something (vireo console-trigger)." onPress={() => setShowsTriggers(true)} />
      </div>
      {showsTriggers && <TriggersDialog summary={summary} device={null} onClose={() => setShowsTriggers(false)} />}
    </div>
  );
}
