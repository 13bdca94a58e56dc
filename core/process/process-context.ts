/** What the modules that start, stop and find guests share; made once by the driver. */
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { AcceleratorChoice } from '../capabilities/accelerator.ts';
import type { HostCpus } from '../capabilities/host-cpu.ts';
import type { CapabilitiesCache } from '../capabilities/cache.ts';
import type { ConsoleMux } from '../console/console-mux.ts';
import type { Domain } from '../domain/domain.ts';
import type { DomainLog } from '../domain/domain-log.ts';
import type { DomainRegistry } from '../domain/domain-registry.ts';
import type { EventHub } from '../domain/event-hub.ts';
import type { SecretStore } from '../secret/secret-store.ts';
import type { HostSettings } from '../status/host-settings.ts';
import type { StatusStore } from '../status/status-store.ts';

export interface ProcessContext {
  readonly settings: HostSettings;
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
  /** The folder's secrets, read when they are first asked for. */
  readonly secrets: () => Promise<SecretStore>;
  readonly createConsoles: (domain: Domain) => ConsoleMux;
  /** Writes the domain's state file from what it is now. */
  readonly saveStatus: (domain: Domain) => Promise<void>;
  /** Aborts when the driver closes: guests run on, the driver lets go of them. */
  readonly closing: AbortSignal;
  /** How long a QEMU may take to open its monitor. */
  readonly monitorDeadlineMs: number;
  /** From when on a QEMU that answers nothing is shown as not answering. */
  readonly silenceMs: number;
}
