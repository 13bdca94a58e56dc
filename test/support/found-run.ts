/** A running domain as the next driver finds it, with a monitor that answers what the test says and nothing else. */
import { systemClock } from '../../core/base/clock.ts';
import { parseDomain } from '../../core/devices/domain-xml.ts';
import type { Domain } from '../../core/domain/domain.ts';
import { DomainRegistry } from '../../core/domain/domain-registry.ts';
import type { DomainEvent } from '../../core/domain/domain-summary.ts';
import { EventHub } from '../../core/domain/event-hub.ts';
import { LiveDomain, type LiveDomainFacts } from '../../core/domain/live-domain.ts';
import type { WriteMonitor } from '../../core/job/domain-run.ts';

export interface FoundRun {
  readonly domain: Domain;
  readonly live: LiveDomain;
  readonly hub: EventHub;
  readonly monitor: WriteMonitor;
  readonly events: readonly DomainEvent[];
  /** Commands, in order. */
  readonly asked: readonly string[];
}

export function foundRun(answers: Readonly<Record<string, unknown>>, devices = ''): FoundRun {
  const hub = new EventHub(systemClock);
  const events: DomainEvent[] = [];
  hub.events.on((event) => void events.push(event));
  const registry = new DomainRegistry({ clock: systemClock, hub, saveStatus: () => Promise.resolve() });
  const definition = parseDomain(`<domain type='qemu'><name>found</name><uuid>5a0d4b3c-2b1a-4d5e-8f60-718293a4b5c6</uuid><memory unit='MiB'>128</memory><os><type arch='x86_64'>hvm</type></os><devices>${devices}</devices></domain>`, { form: 'live' });
  const domain = registry.add(definition.uuid as string, definition.name, definition);
  const process = { pid: 4711, startTime: '1', exited: new Promise<void>(() => {}), kill: () => Promise.resolve() };
  const facts = { id: 1, process, definition, capabilitiesKey: '', emulator: 'qemu', qemuVersion: '7.2.22', accelerator: 'tcg', runFolder: '/r', monitorPath: '/r/m', startedAtMs: 0, consoles: { status: () => [] }, displays: { status: () => [] } };
  const live = new LiveDomain(facts as unknown as LiveDomainFacts, false);
  domain.live = live;
  const asked: string[] = [];
  const answer = (command: string): Promise<unknown> => {
    asked.push(command);
    return command in answers ? Promise.resolve(answers[command]) : Promise.reject(new Error(`the test has no answer to ${command}`));
  };
  return { domain, live, hub, monitor: { query: answer, execute: answer, executeUnchecked: answer } as unknown as WriteMonitor, events, asked };
}
