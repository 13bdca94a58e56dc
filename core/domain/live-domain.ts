/**
 * One run of QEMU: from its spawn, or from finding it again, until it is gone. The monitor inside is reached only
 * through a job (core/job).
 */
import { VireoError } from '../base/errors.ts';
import { Emitter } from '../base/events.ts';
import type { Accelerator } from '../capabilities/qemu-capabilities.ts';
import type { DomainDefinition } from '../conf/domain-definition.ts';
import type { ConsoleMux } from '../console/console-mux.ts';
import type { Displays } from '../display/displays.ts';
import { DomainRun } from '../job/domain-run.ts';
import type { QmpEvent } from '../monitor/commands.ts';
import type { Monitor } from '../monitor/monitor.ts';
import type { RecentMessage } from '../monitor/recent-messages.ts';
import type { Answering, OutstandingCommand } from '../monitor/silence-watch.ts';
import type { ControlGroups } from './control-groups.ts';
import type { StateReason } from './domain-state.ts';
import type { DiskError } from './domain-summary.ts';
import type { ImageLease } from './image-lease.ts';
import { type EndCallback, EndCallbacks } from './end-callbacks.ts';

/** The process as the driver knows it; a pid counts only together with its start time. */
export interface RunningProcess {
  readonly pid: number;
  readonly startTime: string;
  /** Resolves when the process is gone, however it ended. */
  readonly exited: Promise<void>;
  kill(signal: 'SIGTERM' | 'SIGKILL'): Promise<void>;
  /** Exit code or signal, once `exited` has resolved; only the driver that started a process learns it. */
  ending?(): string;
}

export interface LiveDomainFacts {
  readonly id: number;
  readonly process: RunningProcess;
  /** The live definition: with aliases, paths and what QEMU told. */
  readonly definition: DomainDefinition;
  readonly capabilitiesKey: string;
  readonly emulator: string;
  readonly qemuVersion: string;
  readonly accelerator: Accelerator;
  readonly runFolder: string;
  readonly monitorPath: string;
  readonly startedAtMs: number;
  readonly consoles: ConsoleMux;
  readonly displays: Displays;
}

/** Ids of the operating system's threads in QEMU. */
export interface RunThreads {
  /** By the vCPU's number. Where one thread serves all of them, each has the same. */
  readonly vcpus: ReadonlyMap<number, number>;
  /** By the I/O thread's number in the definition. */
  readonly ioThreads: ReadonlyMap<number, number>;
}

export class LiveDomain {
  readonly facts: LiveDomainFacts;
  /** Replaced as a whole when the running guest changes. */
  definition: DomainDefinition;
  /** While the start job owns the run: it deals with a death itself. */
  starting: boolean;
  /** Why the CPUs are about to stop, told before they do, so that the STOP event finds it. */
  pauseReason: StateReason<'paused'> = 'unknown';
  /** Why they are about to run, in the same way. */
  runReason: StateReason<'running'> = 'unpaused';
  /** How often the CPUs were seen to stop or to start: a command's reply that comes after the event must not tell it again. */
  cpuChanges = 0;
  /** Disks that failed since the CPUs began to run, by target; QEMU forgets them with `cont`, and so does this. */
  diskErrors: ReadonlyMap<string, DiskError> = new Map();
  /** Where a clock with `offset='variable'` stood when QEMU was started, in seconds: QEMU tells its changes from there. */
  clockStartSeconds: number;
  /** What QEMU told of this run, in order and after it was handled; a long job waits here for what it triggered. */
  readonly qmpEvents = new Emitter<QmpEvent>();
  /** Set before QEMU is killed on purpose, so that its end is never taken for a crash (A8). */
  endReason: StateReason<'shut off'> | null = null;
  /** The next SHUTDOWN of the guest is a reboot; once only, and in the state file. */
  rebootOnShutdown = false;
  /** The domain was defined anew while it ran: the next boot differs. */
  pendingChanges = false;
  /** Since when, by the clock, there is no monitor although QEMU lives; null while there is one or none is expected. */
  unreachedSinceMs: number | null = null;
  /** What the domain keeps over its runs goes with this one, unless it is defined by then. Not in the state file: the next driver leaves it. */
  takesDomainFolder = false;
  /** What this run has locked; QEMU itself holds the locks. */
  leases: readonly ImageLease[] = [];
  /** The client whose end is the end of this run; null for a run that is nobody's. */
  autodestroy: string | null = null;
  /** It is over and its state file must not come back, though the domain still has it for a moment. */
  ended = false;
  /** What the balloon leaves the guest, as QEMU was last asked; null while nobody has. Not in the state file. */
  balloonKiB: number | null = null;
  agent: 'not configured' | 'disconnected' | 'connected' = 'not configured';
  /** How long the guest agent may take to answer; -1 leaves it to each command, -2 waits for ever. In the state file. */
  agentTimeoutSeconds = -1;
  /** How fast this run may migrate, in MiB a second; 0 is no limit. In the state file, not in the definition. */
  migrationBandwidthMiBps = 0;
  readonly taints = new Set<string>();
  /** Ids of the devices that QEMU had plugged when it was last asked: a driver that was away sees by it what is gone. In the state file. */
  peripherals: ReadonlySet<string> = new Set();
  /** Null until QEMU has told; asked anew by each driver. */
  threads: RunThreads | null = null;
  /** Where the kernel counts and limits what QEMU uses; found once a run. */
  controlGroups: ControlGroups = {};
  /** Where in its log each console's run began, by alias: history begins there. */
  readonly consoleStarts = new Map<string, number>();
  /** What runs when this run ends; whoever ends it sees to that. */
  readonly endCallbacks = new EndCallbacks();
  readonly #work = new Set<Promise<unknown>>();
  #run: DomainRun | null = null;
  #monitor: Monitor | null = null;
  readonly #died = new AbortController();
  readonly #reached = new AbortController();

  constructor(facts: LiveDomainFacts, starting: boolean) {
    this.facts = facts;
    this.definition = facts.definition;
    this.clockStartSeconds = typeof facts.definition.clock.adjustment === 'number' ? facts.definition.clock.adjustment : 0;
    this.starting = starting;
  }

  get died(): AbortSignal {
    return this.#died.signal;
  }

  /** Null until the monitor is connected. */
  get run(): DomainRun | null {
    return this.#run;
  }

  /** Aborts when the consoles are there and the state is known, or the run has ended before. */
  get reached(): AbortSignal {
    return this.#reached.signal;
  }

  markReached(): void {
    this.#reached.abort();
  }

  get isMonitorOpen(): boolean {
    return this.#monitor !== null && !this.#monitor.closed.aborted;
  }

  /** Of one run there may be several monitors, one after the other: one that was broken is opened anew. */
  attachMonitor(monitor: Monitor): void {
    this.#monitor = monitor;
    this.#run = new DomainRun(monitor, this.#died.signal);
  }

  /** What the outstanding monitor command is and since when QEMU has been silent; no job needed, nothing is sent. */
  answering(nowMs: number): Answering {
    if (this.unreachedSinceMs !== null) return { state: 'silent', command: 'connecting', forMs: nowMs - this.unreachedSinceMs };
    return this.#monitor?.answering ?? { state: 'ok' };
  }

  /** The oldest command that QEMU works on or does not answer; null while it is idle or there is no monitor. */
  outstanding(): OutstandingCommand | null {
    return this.#monitor?.outstanding() ?? null;
  }

  /** The last messages with QEMU, oldest first and without secrets; of the last monitor, also after its end. */
  recentMessages(): readonly RecentMessage[] {
    return this.#monitor?.recentMessages() ?? [];
  }

  /**
   * Has `callback` run when this run ends, however it does: destroyed, shut down, crashed, or before its start was
   * complete. It runs exactly once, before the domain is told to have stopped, and not when the driver lets go of a
   * guest that runs on. It is not in the state file: the next driver's features register their own.
   * @param name the feature's own; a second registration replaces the first.
   */
  onEnd(name: string, callback: EndCallback): Disposable {
    return this.endCallbacks.set(name, callback);
  }

  /** Lets whoever ends this run wait for `work`, which writes something down about it or changes the host for it. */
  async during<T>(work: Promise<T>): Promise<T> {
    this.#work.add(work);
    try {
      return await work;
    } finally {
      this.#work.delete(work);
    }
  }

  /** What is under way at this moment: it may go on for a while after QEMU is gone. Never rejects. */
  workSettled(): Promise<unknown> {
    return Promise.allSettled(this.#work);
  }

  /** Ends every command under way; called once QEMU is known to be gone. */
  die(reason: VireoError = new VireoError('OPERATION_INVALID', 'domain is not running')): void {
    if (!this.#died.signal.aborted) this.#died.abort(reason);
    this.#reached.abort();
  }

  /** Leaves QEMU running: closes what this process holds of it. */
  async detach(): Promise<void> {
    this.die(new VireoError('OPERATION_ABORTED', 'the driver is closing'));
    await this.#monitor?.close();
    this.facts.displays[Symbol.dispose]();
    await this.facts.consoles[Symbol.asyncDispose]();
  }
}
