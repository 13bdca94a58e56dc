/** What must not compile. The types check of `npm run check` fails when one of these lines is accepted. */
import type { Call } from './call.ts';
import type { DomainJobs } from './domain-jobs.ts';
import type { DomainRun } from './domain-run.ts';
import { type AsyncJob, ParkTicket, SyncJob } from './handles.ts';

declare const jobs: DomainJobs;
declare const call: Call;
declare const run: DomainRun;
declare const queryJob: SyncJob<'query'>;
declare const saveJob: AsyncJob<'save'>;
declare const incoming: ParkTicket<'migration-in'>;
declare function finish(job: AsyncJob<'migration-out'>): Promise<void>;
declare function stopCpus(job: SyncJob<'suspend'> | SyncJob<'modify'> | SyncJob<'nested'>): Promise<void>;

export async function misuse(): Promise<void> {
  await queryJob.monitor().query('query-status');
  // @ts-expect-error a query job cannot change anything
  await queryJob.monitor().execute('stop');
  // @ts-expect-error `stop` is no query
  await queryJob.monitor().query('stop');
  // @ts-expect-error an asynchronous job has no monitor: it nests
  saveJob.monitor();
  // @ts-expect-error a run gives no monitor without a job
  void run.monitor;
  // @ts-expect-error a query job is not enough to stop the CPUs
  await stopCpus(queryJob);
  // @ts-expect-error an asynchronous job is not enough either
  await stopCpus(saveJob);
  // @ts-expect-error save is no synchronous job
  await jobs.begin(call, 'save');
  // @ts-expect-error nobody begins a nested job by itself
  await jobs.begin(call, 'nested');
  // @ts-expect-error modify is no asynchronous job
  await jobs.beginAsync(call, 'modify');
  // @ts-expect-error a job is begun by a call, not by a name
  await jobs.begin('remoteDispatchDomainSuspend', 'suspend');
  // @ts-expect-error handles come from the engine
  new SyncJob(Symbol('forged'), 'modify', { run: () => null, end: async () => {} });
  // @ts-expect-error what was parked as one kind is not adopted as another
  await finish(await jobs.adopt(call, incoming));
  // @ts-expect-error a parked job has a deadline and somebody who cleans up
  await saveJob.park({ owner: 'connection 7' });
  // @ts-expect-error a ticket is no handle
  await incoming.nest(async () => {});
  // @ts-expect-error tickets come from the engine
  new ParkTicket(Symbol('forged'), 'save', 'connection 7', () => {});
  await saveJob.nest(async (monitor) => {
    await monitor.execute('stop');
    // @ts-expect-error the command takes no such argument
    await monitor.execute('cont', { force: true });
    // @ts-expect-error QEMU has no such command
    await monitor.execute('no-such-command');
  });
}
