/**
 * What one start knows so far. Its steps (start-steps.ts) read what earlier ones found and add their own; whatever a
 * step holds only while the start lasts it leaves in `resources`, and what must go with the run belongs to `live.onEnd`.
 */
import { invariant } from '../base/errors.ts';
import { DisposableStack } from '../base/lifetime.ts';
import type { DomainDefinition } from '../conf/domain-definition.ts';
import type { DroppedSource } from '../devices/disk/look-at-images.ts';
import type { LaunchContext } from '../devices/launch-context.ts';
import type { Domain } from '../domain/domain.ts';
import type { LiveDomain } from '../domain/live-domain.ts';
import type { Taint } from '../domain/taints.ts';
import type { Call } from '../job/call.ts';
import type { AsyncJob } from '../job/handles.ts';
import type { ImageLeases } from '../lock/image-leases.ts';
import type { Identity } from '../label/identity.ts';
import type { Incoming } from './incoming.ts';
import type { MonitorEvents } from './monitor-events.ts';
import type { ProcessContext } from './process-context.ts';
import type { SpawnedQemu } from './qemu-process.ts';
import type { SideWork } from './side-work.ts';
import type { StartFolders } from './start-folders.ts';

export interface StartOptions {
  readonly paused: boolean;
  /** Runs this instead of the next boot's definition; the domain is transient if it has none of its own. */
  readonly definition?: DomainDefinition;
  /** The firmware begins with the variables of its template again. */
  readonly resetNvram?: boolean;
  /** Destroyed when the client that asks for the start is gone. */
  readonly autodestroy?: boolean;
  /** Takes memory and devices from elsewhere instead of booting. */
  readonly incoming?: Incoming;
  /** What is compared with the next boot's definition in the place of `definition`, which may say more than its user did. */
  readonly comparedAs?: DomainDefinition;
  /** Marks the run from its beginning. */
  readonly taints?: readonly Taint[];
  /** Asked once the start holds the domain's job, when nobody else may change what it answers by. @throws why there is no start. */
  readonly underJob?: () => Promise<FoundForStart>;
}

/** What a start learns under its job. */
export interface FoundForStart extends Pick<StartOptions, 'definition' | 'comparedAs' | 'incoming' | 'taints'> {
  /** Runs under the job still, once everybody was told of the run. Never throws. */
  readonly afterwards?: (job: AsyncJob<'start'>) => Promise<void>;
}

/** The job that a run begins under. */
export type BeginningJob = AsyncJob<'start'> | AsyncJob<'migration-in'>;

/** What exists from the spawn on. */
interface RunOfStart {
  readonly spawned: SpawnedQemu;
  readonly live: LiveDomain;
  readonly events: MonitorEvents;
  /** Where in the domain's log QEMU's own words begin. */
  readonly wordsFrom: number;
}

export class StartState {
  readonly context: ProcessContext;
  readonly call: Call;
  readonly domain: Domain;
  /** A migration's changes hands between its phases. */
  job: BeginningJob;
  options: StartOptions;
  /** As it was written down; what the run has is `definition`. */
  readonly written: DomainDefinition;
  /** The definition of this run; until QEMU is spawned each step may make it more exact. From then on it is `live.definition`. */
  definition: DomainDefinition;
  /** Given back when the start is over, the last first, whether it went well or not. */
  readonly resources = new DisposableStack();
  /** Descriptors that QEMU inherits behind those of its devices; whoever adds one leaves its file in `resources`. */
  readonly inherited: number[] = [];
  /** The numbers that QEMU knows them by, once it is spawned. */
  readonly numbersInQemu = new Map<number, number>();
  /** What this start has locked, until QEMU has it. */
  leases: ImageLeases | null = null;
  /** Whom QEMU runs as; null for whom this process is. */
  identity: Identity | null = null;
  /** Found before there is a run to mark; marked with it. */
  readonly taints = new Set<Taint>();
  /** Told just before the start is. */
  readonly dropped: (DroppedSource & { readonly alias: string | null })[] = [];
  /** Aborts when the caller gives up, somebody destroys the domain or the driver closes: heard before each step up to QEMU's spawn. */
  readonly givenUp: AbortSignal;
  #launch: LaunchContext | null = null;
  #folders: StartFolders | null = null;
  #work: SideWork | null = null;
  #run: RunOfStart | null = null;

  constructor(context: ProcessContext, call: Call, domain: Domain, job: BeginningJob, written: DomainDefinition, options: StartOptions, calledOff: AbortSignal) {
    this.context = context;
    this.call = call;
    this.domain = domain;
    this.job = job;
    this.written = written;
    this.definition = written;
    this.options = options;
    for (const taint of options.taints ?? []) this.taints.add(taint);
    this.givenUp = AbortSignal.any([context.closing, call.signal, calledOff]);
  }

  /** The number by which QEMU knows one of the files that it inherited. */
  numberInQemu(descriptor: number): number {
    return known(this.numbersInQemu.get(descriptor) ?? null, 'numbersInQemu');
  }

  get launch(): LaunchContext {
    return known(this.#launch, 'launch');
  }

  set launch(launch: LaunchContext) {
    this.#launch = launch;
  }

  get folders(): StartFolders {
    return known(this.#folders, 'folders');
  }

  set folders(folders: StartFolders) {
    this.#folders = folders;
  }

  /** What runs beside QEMU. */
  get work(): SideWork {
    return known(this.#work, 'work');
  }

  set work(work: SideWork) {
    this.#work = work;
  }

  /** Null until QEMU is spawned. */
  get run(): RunOfStart | null {
    return this.#run;
  }

  set run(run: RunOfStart) {
    this.#run = run;
  }

  get live(): LiveDomain {
    return known(this.#run, 'live').live;
  }

  get events(): MonitorEvents {
    return known(this.#run, 'events').events;
  }
}

function known<T>(value: T | null, what: string): T {
  invariant(value !== null, `the step of a start that gives '${what}' comes before those that need it`);
  return value;
}
