/**
 * The end of copies, whatever state they are in: jobs are cancelled, dismissed, and their clients taken out of the block
 * graph. A server that does not answer must hold up neither them nor the guest.
 */
import { VireoError } from '../../base/errors.ts';
import { settlesWithin } from '../../base/lifetime.ts';
import type { Clock } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import type { DomainDefinition } from '../../conf/domain-definition.ts';
import { devicesOf } from '../../conf/device-definition.ts';
import type { LiveDomain } from '../../domain/live-domain.ts';
import type { WriteMonitor } from '../../job/domain-run.ts';
import type { AsyncJob } from '../../job/handles.ts';
import { isQemuError } from '../../monitor/qemu-error.ts';
import { driveAlias } from './copy-plan.ts';
import { MirrorWatch } from './mirror-watch.ts';

export interface EndingScene {
  readonly clock: Clock;
  readonly log: Log;
  readonly live: LiveDomain;
  readonly job: AsyncJob<'migration-out'>;
}

interface Mirror {
  readonly target: string;
  readonly alias: string;
}

/** Jobs whose connection is closed end within milliseconds. */
const endsWithinMs = 20_000;
/** The destination's disk takes what it was given. */
const flushesWithinMs = 20_000;

/** The client's node, as libvirt names it. */
export function mirrorNode(target: string): string {
  return `migration-${target}-storage`;
}

/**
 * Ends copies that nobody wants any more. Their connections are closed first: QEMU waits for a server that does not answer
 * with everything else, the guest included, when it takes its client away (7.2).
 * @throws OPERATION_TIMEOUT naming the disks whose copies did not end. A domain that has died needs nothing.
 */
export async function abandonMirrors(scene: EndingScene, mirrors: readonly Mirror[], watch: MirrorWatch): Promise<void> {
  const { job, live } = scene;
  if (live.died.aborted || mirrors.length === 0) return;
  await job.nest((monitor) => yankNodes(monitor, mirrors.map(({ target }) => mirrorNode(target))));
  const { value: jobs } = await job.nest((monitor) => monitor.query('query-jobs'));
  for (const { alias } of mirrors) {
    const found = jobs.find(({ id }) => id === alias);
    if (!found || found.status === 'concluded') watch.learn(alias, { hasEnded: true });
  }
  const running = mirrors.filter(({ alias }) => !watch.of(alias).hasEnded);
  for (const { alias } of running) await unlessGone(job, (monitor) => monitor.execute('block-job-cancel', { device: alias, force: true }));
  await untilEnded(scene, running, watch);
  await takeAway(scene, mirrors);
}

/** The end of copies that have ended: all of it is on the destination's disks then. @throws OPERATION_FAILED where that does not answer. */
export async function dismissMirrors(scene: EndingScene, mirrors: readonly Mirror[]): Promise<void> {
  await takeAway(scene, mirrors);
}

async function takeAway({ job, clock }: EndingScene, mirrors: readonly Mirror[]): Promise<void> {
  for (const { alias } of mirrors) await unlessGone(job, (monitor) => monitor.execute('job-dismiss', { id: alias }));
  for (const { target } of mirrors) {
    await unlessGone(job, (monitor) => withYank(monitor, target, clock, flushesWithinMs, () => monitor.execute('blockdev-del', { 'node-name': mirrorNode(target) })));
  }
}

/**
 * A command during which QEMU waits for an NBD server, and does nothing else meanwhile. One that does not answer in time
 * loses its connection.
 * @throws OPERATION_FAILED then.
 */
export async function withYank(monitor: WriteMonitor, target: string, clock: Clock, withinMs: number, work: () => Promise<unknown>): Promise<void> {
  const working = work();
  if (await settlesWithin(working, clock, withinMs)) return void (await working);
  await yankNodes(monitor, [mirrorNode(target)]);
  await working.catch(() => {}); // that it failed is our doing
  throw new VireoError('OPERATION_FAILED', `migration of disk ${target} failed: the destination has not answered for ${withinMs / 1000} s`, { details: { disk: target } });
}

/** What a driver that was killed has left of its copies, by their names alone. Never throws; what stays is logged. */
export async function endLeftMirrors(scene: EndingScene, definition: DomainDefinition): Promise<void> {
  const mirrors = devicesOf(definition.devices, 'disk').map((disk) => ({ target: disk.target.dev, alias: driveAlias(disk) }));
  using watch = new MirrorWatch(scene.live, mirrors.map(({ alias }) => alias));
  await abandonMirrors(scene, mirrors, watch).catch((error: unknown) => scene.log.write('error', 'copies that an earlier driver began could not be ended', { error: String(error) }));
}

async function untilEnded({ clock, live }: EndingScene, mirrors: readonly Mirror[], watch: MirrorWatch): Promise<void> {
  const untilMs = clock.now() + endsWithinMs;
  for (;;) {
    const late = mirrors.filter(({ alias }) => !watch.of(alias).hasEnded).map(({ target }) => target);
    if (live.died.aborted || late.length === 0) return;
    const leftMs = untilMs - clock.now();
    if (leftMs <= 0) throw new VireoError('OPERATION_TIMEOUT', `the copies of ${late.join(', ')} do not end`, { details: { disks: late } });
    const changed = new AbortController();
    using _ = watch.changes.on(() => changed.abort());
    await clock.sleep(leftMs, AbortSignal.any([changed.signal, live.died]));
  }
}

/** Past whatever QEMU is busy with. */
async function yankNodes(monitor: WriteMonitor, nodes: readonly string[]): Promise<void> {
  const instances = (await monitor.executeOutOfBand('query-yank')).filter((each) => each.type === 'block-node' && nodes.includes(each['node-name']));
  if (instances.length === 0) return;
  await monitor.executeOutOfBand('yank', { instances }).catch((error: unknown) => {
    if (!isQemuError(error)) throw error; // it ended by itself meanwhile
  });
}

/** What is gone by itself meanwhile needs nothing any more. */
async function unlessGone(job: AsyncJob<'migration-out'>, work: (monitor: WriteMonitor) => Promise<unknown>): Promise<void> {
  await job.nest(work).catch((error: unknown) => {
    if (!isQemuError(error)) throw error;
  });
}
