/** A run of QEMU for tests of jobs: the real DomainRun over a monitor that is one function. */
import { VireoError } from '../../core/base/errors.ts';
import { DomainRun } from '../../core/job/domain-run.ts';
import type { Monitor } from '../../core/monitor/monitor.ts';

export interface FakeRun {
  readonly run: DomainRun;
  /** QEMU is gone: what is in flight fails, and so does whatever comes. */
  die(): void;
}

export function fakeRun(answer: (command: string) => Promise<unknown> = () => Promise.resolve({})): FakeRun {
  const died = new AbortController();
  // The job engine uses nothing else of a monitor; the class cannot be made without a socket.
  const monitor = { execute: answer, executeUnchecked: answer } as unknown as Monitor;
  return {
    run: new DomainRun(monitor, died.signal),
    die: () => died.abort(new VireoError('OPERATION_INVALID', 'domain is not running')),
  };
}
