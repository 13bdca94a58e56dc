/** What only the running QEMU can tell of a run, asked once before its CPUs run, and the consoles that it opened. */
import { devicesOf } from '../conf/device-definition.ts';
import type { DomainDefinition } from '../conf/domain-definition.ts';
import type { LiveFacts, MemoryDeviceFacts } from '../devices/launch-context.ts';
import { takeLiveFacts } from '../devices/live-facts.ts';
import type { ReadMonitor } from '../job/domain-run.ts';
import { withChannelState } from './agent-channel.ts';
import { consoleDevices } from './console-devices.ts';
import { readPeripherals } from './refresh-devices.ts';
import { withLiveCpu } from './live-cpu.ts';
import { readThreads } from './run-threads.ts';
import type { StartState } from './start-state.ts';

/** Ptys, places of memory, threads, and channels that nobody in the guest has opened yet. */
export async function readLiveFacts({ live, job }: StartState): Promise<void> {
  const { value: facts } = await job.nest((monitor) => askFacts(live.definition, monitor));
  live.definition = withClosedChannels(takeLiveFacts(live.definition, facts));
  const { value: threads } = await job.nest((monitor) => readThreads(live.definition, monitor));
  live.threads = threads;
  const { value: peripherals } = await job.nest((monitor) => readPeripherals(monitor));
  live.peripherals = peripherals;
}

/** @throws OPERATION_FAILED where the definition takes no less than the CPU that it names. */
export async function readLiveCpu({ live, job }: StartState): Promise<void> {
  live.definition = (await job.nest((monitor) => withLiveCpu(live.definition, monitor))).value;
}

async function askFacts({ devices }: DomainDefinition, monitor: ReadMonitor): Promise<LiveFacts> {
  const chardevs = new Map((await monitor.query('query-chardev')).map(({ label, filename }) => [label, filename]));
  const memoryDevices = new Map<string, MemoryDeviceFacts>();
  for (const { type, data } of devicesOf(devices, 'memory').length > 0 ? await monitor.query('query-memory-devices') : []) {
    if (type === 'sgx-epc' || data.id === undefined) continue;
    memoryDevices.set(data.id, 'addr' in data ? { slot: data.slot, base: data.addr, sizeBytes: data.size } : { slot: null, base: data.memaddr, sizeBytes: data.size });
  }
  return { chardevs, memoryDevices };
}

/** VSERPORT_CHANGE tells of every change from here on. */
function withClosedChannels(definition: DomainDefinition): DomainDefinition {
  return devicesOf(definition.devices, 'channel')
    .filter(({ target, alias }) => target.type === 'virtio' && alias !== null)
    .reduce((now, { alias }) => withChannelState(now, alias ?? '', false), definition);
}

export async function openConsoles({ live }: StartState): Promise<void> {
  for (const device of consoleDevices(live.definition, null)) await live.facts.consoles.add(device, live.died);
  for (const { alias, runStart } of live.facts.consoles.status()) live.consoleStarts.set(alias, runStart);
}
