/** The host's health along the bottom: connection, accelerator, problems. */
import { CircleCheck, LoaderCircle, TriangleAlert, Unplug } from 'lucide-react';
import type { ReactElement } from 'react';
import { Button as AriaButton, Dialog, DialogTrigger, Popover } from 'react-aria-components';
import { useHost } from '../shared/session.ts';
import { hostKey, show } from '../store/view-store.ts';
import { plural } from '../words/format.ts';
import { useViewStore } from './view-context.ts';

export function StatusBar(): ReactElement {
  const view = useViewStore();
  const link = useHost((state) => state.link.phase);
  const status = useHost((state) => state.status);
  const accelerator = status?.accelerator ?? null;
  return (
    <footer className="status-bar" aria-label="Host status">
      <span className="status-item" role="status">
        {link === 'connected' ? <CircleCheck size={13} aria-hidden className="ok" /> : link === 'connecting' ? <LoaderCircle size={13} className="spinner" aria-hidden /> : <Unplug size={13} aria-hidden className="trouble" />}
        {link === 'connected' ? 'This computer connected' : link === 'connecting' ? 'Connecting' : 'Unreachable'}
      </span>
      <AriaButton className="status-item" onPress={() => show(view, hostKey)}>
        {accelerator ? (accelerator.reason ? `${accelerator.name.toUpperCase()}, without hardware acceleration` : `${accelerator.name.toUpperCase()} available`) : 'Acceleration not tried yet'}
      </AriaButton>
      <Problems />
      {status && <span className="status-item end">{status.qemu.found ? `QEMU ${status.qemu.version}` : 'QEMU not found'}</span>}
    </footer>
  );
}

function Problems(): ReactElement {
  const status = useHost((state) => state.status);
  const problems = status?.problems ?? [];
  if (problems.length === 0) return <span className="status-item">0 problems</span>;
  return (
    <DialogTrigger>
      <AriaButton className="status-item">
        <TriangleAlert size={13} aria-hidden className="trouble" />
        {plural(problems.length, 'problem')}
      </AriaButton>
      <Popover className="popover problems" placement="top start" offset={4}>
        <Dialog className="problem-list" aria-label="Problems">
          <ul>
            {problems.map((problem) => (
              <li key={problem.what + (problem.path ?? '')} className="selectable">
                {problem.what}
                {problem.path && <code className="quiet">{problem.path}</code>}
              </li>
            ))}
          </ul>
        </Dialog>
      </Popover>
    </DialogTrigger>
  );
}
