/**
 * One run of QEMU as the job engine sees it: alive or dead, with a monitor that only a held job opens. The monitor is
 * kept here and handed out nowhere else, so the compiler shows that whoever talks to QEMU holds a job.
 */
import { VireoError } from '../base/errors.ts';
import { abortable } from '../base/lifetime.ts';
import type { ExecuteOptions, ExecuteRest, QmpCommand, QmpOutOfBandCommand, QmpQuery, QmpResult } from '../monitor/commands.ts';
import type { Monitor } from '../monitor/monitor.ts';

/** What a query job may do. */
export interface ReadMonitor {
  query<C extends QmpQuery>(command: C, ...rest: ExecuteRest<C>): Promise<QmpResult<C>>;
}

/** What every other job may do. */
export interface WriteMonitor extends ReadMonitor {
  execute<C extends QmpCommand>(command: C, ...rest: ExecuteRest<C>): Promise<QmpResult<C>>;
  /** For what QEMU answers in the midst of another command, where it can: what frees that one of a connection that is dead. */
  executeOutOfBand<C extends QmpOutOfBandCommand>(command: C, ...rest: ExecuteRest<C>): Promise<QmpResult<C>>;
  /** A command by name, for qemu-monitor-command and for what the generated types do not know. */
  executeUnchecked(command: string, args?: Readonly<Record<string, unknown>>, options?: ExecuteOptions): Promise<unknown>;
}

/** How long one command may take unless its caller says otherwise; QEMU answers nearly all within milliseconds. */
const defaultCommandTimeoutMs = 30_000;

const monitors = new WeakMap<DomainRun, Monitor>();

export class DomainRun {
  /** Aborts once, when QEMU is gone; the reason is the error that commands under way end with. */
  readonly died: AbortSignal;

  constructor(monitor: Monitor, died: AbortSignal) {
    this.died = died;
    monitors.set(this, monitor);
  }
}

/** Proof that a job is held; only the job handles make one. */
export interface HeldJob {
  /** Throws once the job has ended. */
  assertHeld(): void;
  commandBegins(): void;
  commandEnds(): void;
}

/** The monitor as a job may use it. Each command fails once the domain died or the job ended. */
export function openMonitor(run: DomainRun, job: HeldJob): WriteMonitor {
  const monitor = monitors.get(run);
  if (!monitor) throw new VireoError('INTERNAL_ERROR', 'a run has no monitor');
  const send = async <T>(command: () => Promise<T>): Promise<T> => {
    job.assertHeld();
    run.died.throwIfAborted();
    job.commandBegins();
    try {
      const result = await abortable(command(), run.died);
      run.died.throwIfAborted();
      return result;
    } finally {
      job.commandEnds();
    }
  };
  const execute = <C extends QmpCommand>(command: C, ...rest: ExecuteRest<C>): Promise<QmpResult<C>> => {
    const [args, options] = rest;
    return send(() => monitor.execute(command, ...([args ?? {}, { timeoutMs: defaultCommandTimeoutMs, ...options }] as unknown as ExecuteRest<C>)));
  };
  const executeOutOfBand = <C extends QmpOutOfBandCommand>(command: C, ...rest: ExecuteRest<C>): Promise<QmpResult<C>> => {
    const [args, options] = rest;
    return send(() => monitor.executeOutOfBand(command, ...([args ?? {}, { timeoutMs: defaultCommandTimeoutMs, ...options }] as unknown as ExecuteRest<C>)));
  };
  return {
    query: execute,
    execute,
    executeOutOfBand,
    executeUnchecked: (command, args, options) => send(() => monitor.executeUnchecked(command, args, { timeoutMs: defaultCommandTimeoutMs, ...options })),
  };
}
