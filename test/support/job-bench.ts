/** A job engine alone on the bench: virtual time, a QEMU that answers everything, a disk that remembers. */
import { Call } from '../../core/job/call.ts';
import { DomainJobs, type DomainJobsOptions, type JobRecord } from '../../core/job/domain-jobs.ts';
import { type FakeRun, fakeRun } from './fake-run.ts';
import { VirtualClock, settled } from './virtual-clock.ts';

export const domain = { name: 'sample', uuid: 'c7a5fdbd-edaf-9455-926a-d65c16db1809' };

export interface JobBench {
  readonly clock: VirtualClock;
  readonly qemu: FakeRun;
  /** Every record that was written, in order. */
  readonly saved: JobRecord[];
  readonly jobs: DomainJobs;
}

export function makeJobs(options: Partial<DomainJobsOptions> = {}): JobBench {
  const clock = new VirtualClock();
  const qemu = fakeRun();
  const saved: JobRecord[] = [];
  const persist = async (record: JobRecord): Promise<void> => void saved.push(record);
  return { clock, qemu, saved, jobs: new DomainJobs({ clock, domain: () => domain, run: () => qemu.run, persist, ...options }) };
}

export function call(api: string, signal?: AbortSignal): Call {
  return new Call({ owner: `remoteDispatchDomain${api}`, client: 'window 1', signal });
}

/** Whether `work` has ended when nothing can go on without time, and how. */
export async function outcome(work: Promise<unknown>): Promise<string> {
  let found = 'waits';
  work.then(() => (found = 'done'), (error: Error) => (found = error.message));
  await settled();
  return found;
}
