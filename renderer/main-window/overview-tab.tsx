/** What is true of a domain now. Nothing is invented: a value that nobody knows is a dash with the reason. */
import type { ReactElement, ReactNode } from 'react';
import type { DomainSummary } from '../../core/domain/domain-summary.ts';
import { CheckBox } from '../shared/check-box.tsx';
import { useHost } from '../shared/session.ts';
import { useNow } from '../shared/use-now.ts';
import { hasAgentChannel } from '../words/devices.ts';
import { formatDuration, formatElapsed, formatExact, formatMemory, formatWhen } from '../words/format.ts';
import { eventInWords, stateWithReason } from '../words/states.ts';
import { taintSentence } from '../words/taints.ts';
import { autostartLabel } from './action-menu.tsx';
import { AgentCard } from './agent-card.tsx';
import { ConsoleList } from './console-list.tsx';
import { DeviceList } from './device-list.tsx';
import { UsageCards } from './overview-usage.tsx';
import { useCommands } from './view-context.ts';

/** More devices than this would make one column long beside an empty one. */
const crowdedFrom = 14;

export function OverviewTab({ summary }: { readonly summary: DomainSummary }): ReactElement {
  const isCrowded = summary.devices.filter(({ kind }) => kind !== 'controller').length >= crowdedFrom;
  return (
    <div className="overview">
      {summary.pendingChanges && <p className="pending">The next start will differ from what runs now. The XML tab shows both definitions.</p>}
      <UsageCards summary={summary} />
      <Section title="Guest"><GuestFacts summary={summary} /></Section>
      <Section title="QEMU"><QemuFacts summary={summary} /></Section>
      <AgentCard summary={summary} />
      <Section title="Consoles" wide={isCrowded}><ConsoleList summary={summary} compact /></Section>
      <Section title="Devices" wide={isCrowded}><DeviceList devices={summary.devices} crowded={isCrowded} /></Section>
    </div>
  );
}

function Section({ title, wide = false, children }: { readonly title: string; readonly wide?: boolean; readonly children: ReactNode }): ReactElement {
  return (
    <section className={wide ? 'card wide' : 'card'} aria-label={title}>
      <h2>{title}</h2>
      {children}
    </section>
  );
}

function Fact({ name, children, title }: { readonly name: string; readonly children: ReactNode; readonly title?: string | undefined }): ReactElement {
  return (
    <>
      <dt>{name}</dt>
      <dd className="selectable" title={title}>{children}</dd>
    </>
  );
}

function Unknown({ why }: { readonly why: string }): ReactElement {
  return <span className="quiet">— <span className="why">{why}</span></span>;
}

/** Reasons that mark the moment at which the guest's own time began. */
const bootReasons: readonly string[] = ['booted', 'restored', 'migrated'];

function GuestFacts({ summary }: { readonly summary: DomainSummary }): ReactElement {
  const now = useNow();
  const lastEvent = useHost((state) => state.lastEvents.get(summary.uuid));
  const since = summary.stateSinceMs;
  const isOff = summary.state === 'shut off';
  return (
    <dl className="facts">
      <Fact name="State" title={since === null ? undefined : formatExact(since)}>
        {stateWithReason(summary.state, summary.reason)}
        {since !== null && <span className="quiet">, since {formatWhen(since, now)}</span>}
      </Fact>
      <Fact name="Uptime">
        {since !== null && !isOff && bootReasons.includes(summary.reason) ? formatDuration(now - since) : <Unknown why={noUptime(summary)} />}
      </Fact>
      {summary.diskErrors.length > 0 && <Fact name="Disk errors">{summary.diskErrors.map(({ disk, error, message }) => `${disk}: ${message ?? error}`).join('; ')}</Fact>}
      <Fact name="Memory">
        {formatMemory(summary.memoryKiB)}
        {summary.currentMemoryKiB < summary.memoryKiB && <span className="quiet">, {formatMemory(summary.currentMemoryKiB)} now</span>}
      </Fact>
      <Fact name="vCPUs">{summary.vcpus}</Fact>
      <Fact name="Machine">{summary.machine} <span className="quiet">{summary.arch}</span></Fact>
      <Fact name="Guest agent">{isOff && hasAgentChannel(summary) ? <Unknown why="it is off" /> : summary.agent}</Fact>
      <Fact name="Last event" title={lastEvent && formatExact(lastEvent.atMs)}>
        {lastEvent ? <>{eventInWords(lastEvent)} <span className="quiet">{formatElapsed(now - lastEvent.atMs)} ago</span></> : <Unknown why="none since this window opened" />}
      </Fact>
      <Fact name="UUID"><code>{summary.uuid}</code></Fact>
    </dl>
  );
}

function noUptime({ state, reason }: DomainSummary): string {
  if (state === 'shut off') return 'it is off';
  return reason === 'starting up' ? 'it is starting' : 'its state changed since it booted';
}

const accelerators: Readonly<Record<string, string>> = { tcg: 'TCG, in software', kvm: 'KVM', hvf: 'Hypervisor.framework', whpx: 'Windows Hypervisor Platform' };

function QemuFacts({ summary }: { readonly summary: DomainSummary }): ReactElement {
  const off = <Unknown why="it is off" />;
  const isOff = summary.state === 'shut off';
  const unknown = isOff ? off : <Unknown why="not known" />;
  return (
    <dl className="facts">
      <Fact name="Accelerator">{summary.accelerator ? accelerators[summary.accelerator] ?? summary.accelerator : unknown}</Fact>
      <Fact name="Version">{summary.qemuVersion ?? unknown}</Fact>
      <Fact name="Process">{summary.pid ?? unknown}</Fact>
      <Fact name="Domain id">{summary.id ?? unknown}</Fact>
      <Fact name="Emulator">{summary.emulator ? <code>{summary.emulator}</code> : <Unknown why="the host's own choice at start" />}</Fact>
      <Fact name="Definition">{summary.persistent ? 'persistent' : 'transient, gone when it stops'}</Fact>
      <Fact name="Autostart"><Autostart summary={summary} /></Fact>
      <Fact name="Taints"><Taints taints={summary.taints} /></Fact>
    </dl>
  );
}

function Taints({ taints }: { readonly taints: readonly string[] }): ReactElement {
  if (taints.length === 0) return <>none</>;
  return (
    <>{taints.map((taint) => <div key={taint}><code>{taint}</code> <span className="quiet">{taintSentence(taint)}</span></div>)}</>
  );
}

function Autostart({ summary }: { readonly summary: DomainSummary }): ReactElement {
  const { setAutostart } = useCommands();
  if (!summary.persistent) return <Unknown why="it is transient: there is nothing to start again" />;
  return (
    <CheckBox label={autostartLabel} isSelected={summary.autostart} onChange={(isOn) => setAutostart([summary.uuid], isOn)} />
  );
}
