/** What a start does about leases: takes them before QEMU is there, and lets go of them once it has them. */
import { VireoError } from '../base/errors.ts';
import { abortable, settlesWithin } from '../base/lifetime.ts';
import type { StartState } from '../process/start-state.ts';
import { ImageLeases } from './image-leases.ts';
import { leaseFolderOf } from './lease-folder.ts';

/** A folder on storage that hangs holds up its own starts alone, and not for ever. */
const folderDeadlineMs = 60_000;

const givingBackMs = 2_000;

type TakingStart = Pick<StartState, 'context' | 'domain' | 'definition' | 'givenUp' | 'resources' | 'inherited' | 'leases' | 'options'>;

export async function takeLeases(start: TakingStart): Promise<void> {
  const { context, domain, definition, givenUp } = start;
  const settled = new AbortController();
  const deadline = new AbortController();
  const late = (): VireoError => new VireoError('OPERATION_TIMEOUT', `the folder of the disk leases, '${leaseFolderOf(context.settings).path}', does not answer`);
  void context.clock.sleep(folderDeadlineMs, settled.signal).then(() => deadline.abort(late()));
  const taking = ImageLeases.take(context, domain, definition, givenUp, start.options.incoming?.leasesFrom ?? null);
  try {
    start.leases = start.resources.use(await abortable(taking, AbortSignal.any([givenUp, deadline.signal])));
  } catch (error) {
    // What was under way is given back, so that the next start finds it free; where that hangs, whenever it comes.
    const givenBack = taking.then((leases) => leases[Symbol.asyncDispose](), () => {});
    await settlesWithin(givenBack, context.clock, givingBackMs);
    throw error;
  } finally {
    settled.abort();
  }
  start.inherited.push(...start.leases.descriptors);
}

/** Before the state file is written, which says what the run has. */
export async function handLeasesOver({ leases, live }: StartState): Promise<void> {
  await leases?.handOver(live);
}
