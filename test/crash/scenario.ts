/** What a host is doing when it dies, and what must be true afterwards. */
import type { Client } from '../../core/api/client.ts';
import type { Host } from '../../core/api/host.ts';
import type { DomainState } from '../../core/domain/domain-state.ts';

/** What a scenario works with, in the process that will be killed. */
export interface Stage {
  readonly host: Host;
  readonly client: Client;
  readonly home: string;
  readonly guestXml: (options?: { readonly name?: string; readonly uuid?: string; readonly memoryMiB?: number; readonly tpm?: boolean }) => string;
}

/** What may be found of one domain by the next host. Whatever ran before and still runs is the same process. */
export interface Expected {
  readonly domain: string;
  /** Whether its QEMU runs: `always` for a guest that nobody asked to stop. */
  readonly runs: 'always' | 'maybe' | 'never';
  readonly states: readonly DomainState[];
  /** Whether it is defined: a transient domain never is. */
  readonly defined: 'always' | 'maybe' | 'never';
  /** The memory of the next boot's definition: the old one's or the new one's. */
  readonly memoryMiB?: readonly number[];
  readonly autostart?: 'always' | 'maybe' | 'never';
  /** Programs beside its QEMU while it runs. */
  readonly programs?: number;
}

export interface Scenario {
  readonly name: string;
  /** A program that this host must have for it. */
  readonly needs?: string;
  /** Brings the host to where the act begins; nothing of it is counted. */
  readonly prepare?: (stage: Stage) => Promise<void>;
  /** What is under way when the host dies; `open` is the opening of the next host on what `prepare` left. */
  readonly act: 'open' | ((stage: Stage) => Promise<void>);
  /** With `open`: what to wait for then. */
  readonly opened?: (stage: Stage) => Promise<void>;
  /** How the first host ends before `open`: killed, or closed in good order. */
  readonly endOfFirst?: 'killed' | 'closed';
  /** Done while no host is there, before `open`. */
  readonly meanwhile?: (home: string, pids: ReadonlyMap<string, number>) => Promise<void>;
  /** The act closes the host: there is nothing to ask afterwards. */
  readonly closesHost?: true;
  readonly expected: readonly Expected[];
}
