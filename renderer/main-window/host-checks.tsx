/** What works on this host: one line each, with the reason and the remedy where something does not. */
import { CircleAlert, CircleCheck, CircleDashed, TriangleAlert } from 'lucide-react';
import type { ReactElement, ReactNode } from 'react';
import type { HostStatus } from '../../core/api/contract.ts';
import { useHost } from '../shared/session.ts';

type Verdict = 'good' | 'limited' | 'bad' | 'unknown';

const icons = { good: CircleCheck, limited: TriangleAlert, bad: CircleAlert, unknown: CircleDashed } as const;
const words = { good: 'works', limited: 'works with limits', bad: 'does not work', unknown: 'not known yet' } as const;

export function HostChecks(): ReactElement {
  const status = useHost((state) => state.status);
  return (
    <section className="card" aria-label="What works here">
      <h2>What works here</h2>
      {status ? (
        <ul className="checks">
          <QemuCheck qemu={status.qemu} />
          <AcceleratorCheck accelerator={status.accelerator} />
          <Check verdict={status.stateFolder.writable ? 'good' : 'bad'} title={status.stateFolder.writable ? 'State folder is writable' : 'State folder is not writable'}>
            <code className="selectable">{status.stateFolder.path}</code>
            {!status.stateFolder.writable && ' Domains cannot be kept or started until it is.'}
          </Check>
          <SampleCheck sample={status.sampleGuest} />
        </ul>
      ) : (
        <div className="checks" role="status" aria-label="Looking at this computer">
          {[38, 52, 44, 40].map((width) => <div key={width} className="skeleton" style={{ width: `${width}%`, margin: '13px 0' }} />)}
        </div>
      )}
    </section>
  );
}

function Check({ verdict, title, children }: { readonly verdict: Verdict; readonly title: string; readonly children: ReactNode }): ReactElement {
  const Icon = icons[verdict];
  return (
    <li className={`check ${verdict}`}>
      <Icon size={16} aria-label={words[verdict]} role="img" />
      <div>
        <strong>{title}</strong>
        <p className="quiet selectable">{children}</p>
      </div>
    </li>
  );
}

function QemuCheck({ qemu }: { readonly qemu: HostStatus['qemu'] }): ReactElement {
  if (!qemu.found) return <Check verdict="bad" title="QEMU was not found">{qemu.reason} {qemu.remedy}</Check>;
  return <Check verdict="good" title={`QEMU ${qemu.version}`}><code>{qemu.binary}</code>{qemu.package && `, ${qemu.package}`}, {qemu.arch}</Check>;
}

const acceleratorTitles: Readonly<Record<string, string>> = { kvm: 'KVM acceleration', tcg: 'No hardware acceleration: TCG, in software' };

function AcceleratorCheck({ accelerator }: { readonly accelerator: HostStatus['accelerator'] }): ReactElement {
  if (!accelerator) return <Check verdict="unknown" title="Acceleration is being tried">A guest is started for a moment to see what really works.</Check>;
  const title = acceleratorTitles[accelerator.name] ?? `${accelerator.name} acceleration`;
  const { reason, remedy } = accelerator;
  return <Check verdict={reason ? 'limited' : 'good'} title={title}>{reason ? `${reason} ${remedy ?? ''}` : 'Guests run at full speed.'}</Check>;
}

function SampleCheck({ sample }: { readonly sample: HostStatus['sampleGuest'] }): ReactElement {
  if (!sample.available) return <Check verdict="limited" title="The sample Linux is not available">{sample.reason}</Check>;
  return <Check verdict="good" title="Sample Linux with guest agent">{sample.version}</Check>;
}
