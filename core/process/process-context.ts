/** What the modules that start, stop and find guests share; made once by the driver. */
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { AcceleratorChoice } from '../capabilities/accelerator.ts';
import type { HostCpus } from '../capabilities/host-cpu.ts';
import type { CapabilitiesCache } from '../capabilities/cache.ts';
import type { ConsoleMux } from '../console/console-mux.ts';
import type { ConsoleTriggers } from '../console/history/console-triggers.ts';
import type { Displays } from '../display/displays.ts';
import type { Domain } from '../domain/domain.ts';
import type { DomainLog } from '../domain/domain-log.ts';
import type { DomainRegistry } from '../domain/domain-registry.ts';
import type { EventHub } from '../domain/event-hub.ts';
import type { DomainHooks } from '../hook/domain-hooks.ts';
import type { SecretStore } from '../secret/secret-store.ts';
import type { HostSettings } from '../status/host-settings.ts';
import type { StatusStore } from '../status/status-store.ts';
import type { JobRecoveries } from './job-recovery.ts';
import type { Timelines } from '../timeline/timelines.ts';

export interface ProcessContext {
  readonly settings: HostSettings;
  /** The folder of this host's state, as others are told who it is. */
  readonly stateFolder: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly registry: DomainRegistry;
  readonly hub: EventHub;
  readonly status: StatusStore;
  readonly capabilities: CapabilitiesCache;
  readonly accelerators: AcceleratorChoice;
  readonly hostCpus: HostCpus;
  readonly runFolder: (uuid: string) => string;
  readonly logFolder: (uuid: string) => string;
  /** What the domain keeps over its runs; made by whoever puts something there, removed with the definition. */
  readonly domainFolder: (uuid: string) => string;
  readonly domainLog: (uuid: string) => DomainLog;
  /** What happened to each domain; it listens by itself to all that the hub tells. */
  readonly timelines: Timelines;
  /** The folder's secrets, read when they are first asked for. */
  readonly secrets: () => Promise<SecretStore>;
  /** What becomes of the long jobs of an earlier driver. */
  readonly jobRecoveries: JobRecoveries;
  /** The administrator's scripts; told through core/process/call-hooks.ts. */
  readonly hooks: DomainHooks;
  readonly createConsoles: (domain: Domain) => ConsoleMux;
  /** Patterns that are told of when a guest writes them. */
  readonly consoleTriggers: ConsoleTriggers;
  readonly createDisplays: (domain: Domain) => Displays;
  /** Writes the domain's state file from what it is now. */
  readonly saveStatus: (domain: Domain) => Promise<void>;
  /** The driver's close waits for this work, which must end by itself. */
  readonly untilDone: (work: Promise<void>) => void;
  /** Aborts when the driver closes: guests run on, the driver lets go of them. */
  readonly closing: AbortSignal;
  /** How long a QEMU may take to open its monitor. */
  readonly monitorDeadlineMs: number;
  /** From when on a QEMU that answers nothing is shown as not answering. */
  readonly silenceMs: number;
  /** For tests that make each step of a long job fail, or kill the driver there: asked before the step's work. */
  readonly atStep?: AtStep;
}

export type AtStep = (operation: 'start' | 'reconnect' | 'save' | 'migration-in' | 'migration-out', step: string, domain: Domain) => void | Promise<void>;
