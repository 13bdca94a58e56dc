/**
 * Taints: marks on a run for what makes it hard to vouch for, in libvirt's words (virDomainTaint, 11.3). Whoever looks
 * into a problem sees them first. Each is raised once a run, is in the state file and goes with the run.
 */
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { Domain } from './domain.ts';
import type { DomainLog } from './domain-log.ts';
import type { LiveDomain } from './live-domain.ts';

/** Every taint with what it says in a few words. */
const taintMeanings = {
  'custom-argv': 'QEMU was given arguments or variables of the user’s own',
  'custom-monitor': 'somebody sent commands of their own to QEMU’s monitor',
  'high-privileges': 'QEMU runs with more rights than it should need',
  'shell-scripts': 'a script sets up a network card',
  'disk-probing': 'the format of an image was guessed',
  'external-launch': 'QEMU was started by somebody else',
  'host-cpu': 'the CPU is the host’s own, whichever that is',
  'hook-script': 'a hook script may have changed the definition',
  'cdrom-passthrough': 'the guest has an optical drive of the host',
  'custom-dtb': 'the device tree is the user’s own',
  'custom-ga-command': 'somebody sent commands of their own to the guest agent',
  'custom-hypervisor-feature': 'what QEMU was found able to do was overridden',
  'deprecated-config': 'the machine or the CPU is one that QEMU will drop',
  'custom-device': 'properties of a device are the user’s own',
} as const;

export type Taint = keyof typeof taintMeanings;

/** A few words; a taint of a newer Vireo is its own name. */
export function taintMeaning(taint: string): string {
  return (taintMeanings as Readonly<Record<string, string>>)[taint] ?? taint;
}

/** What a taint is told to; a part of the process context. */
export interface TaintContext {
  readonly clock: Clock;
  readonly log: Log;
  readonly domainLog: (uuid: string) => DomainLog;
  readonly saveStatus: (domain: Domain) => Promise<void>;
}

/**
 * Marks the run `live` of `domain`; a second time does nothing. It is written to both logs and to the state file, which a
 * start writes by itself a little later. Call it before what taints is done: a driver that dies meanwhile must not forget.
 * @throws where the state file of a running domain cannot be written.
 */
export async function taint(context: TaintContext, domain: Domain, live: LiveDomain, name: Taint): Promise<void> {
  if (live.taints.has(name)) return;
  live.taints.add(name);
  context.log.write('warning', `Domain id=${live.facts.id} name='${domain.name}' uuid=${domain.uuid} is tainted: ${name}`);
  // A log that cannot be written is no reason to refuse what the user asked for.
  await context.domainLog(domain.uuid).line(`Domain id=${live.facts.id} is tainted: ${name}`, context.clock.wallTime()).catch(() => {});
  if (live.starting) return;
  await context.saveStatus(domain);
  domain.changed();
}
