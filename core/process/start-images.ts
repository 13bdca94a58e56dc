/** The step of a start that looks at the images of its disks; what it finds is the run's alone. */
import { VireoError } from '../base/errors.ts';
import { abortable } from '../base/lifetime.ts';
import { assignAliases } from '../command/live-definition.ts';
import { devicesOf } from '../conf/device-definition.ts';
import { type DroppedSource, lookAtImages } from '../devices/disk/look-at-images.ts';
import type { StartState } from './start-state.ts';

/** Storage that hangs holds up its own start alone, and not for ever. */
const storageDeadlineMs = 60_000;

/** What is missing and may be goes by its startup policy; the chains below the others are looked at, for this run alone. */
export async function lookAtDisks(start: StartState): Promise<void> {
  const { context, givenUp, identity } = start;
  const { allowDiskFormatProbing: allowProbing, dynamicOwnership } = context.settings;
  // An image that will be given to QEMU's user need not be that user's yet.
  const reader = identity && !dynamicOwnership ? { userId: identity.uid, groupIds: [identity.gid, ...identity.groups] } : null;
  const deadline = new AbortController();
  const settled = new AbortController();
  void context.clock.sleep(storageDeadlineMs, settled.signal).then(() => deadline.abort(new VireoError('OPERATION_TIMEOUT', 'the storage does not answer')));
  const looking = lookAtImages(start.definition, { coldBoot: start.options.incoming === undefined, allowProbing, reader, deadline: deadline.signal });
  const { definition, dropped, probed } = await abortable(looking, givenUp).finally(() => settled.abort());
  start.definition = definition;
  if (dropped.length > 0) await noteDropped(start, dropped);
  if (probed) start.taints.add('disk-probing');
}

/** Under the aliases that they would have had. */
async function noteDropped({ context, domain, written, dropped }: StartState, found: readonly DroppedSource[]): Promise<void> {
  const disks = devicesOf(assignAliases(written).devices, 'disk');
  for (const each of found) {
    dropped.push({ ...each, alias: disks.find(({ target }) => target.dev === each.dev)?.alias ?? null });
    await context.domainLog(domain.uuid).line(`disk '${each.dev}': '${each.source}' is missing; ${each.what === 'changed' ? 'the drive is empty' : 'the disk is left out'} in this run`, context.clock.wallTime());
  }
}
