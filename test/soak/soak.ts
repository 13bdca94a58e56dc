/**
 * Fifty real guests, several clients that do what chance says, and blows from outside, for as long as asked. Every
 * minute all is quiet for a moment and looked at; at the end nothing may be left.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { execFile } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '../../core/api/client.ts';
import { connectLocal } from '../../core/api/local-client.ts';
import type { DomainSummary } from '../../core/domain/domain-summary.ts';
import { isActiveState } from '../../core/domain/domain-state.ts';
import { prepareStateFolder, stateLayout } from '../../core/status/state-folder.ts';
import { Random } from '../fuzz/random.ts';
import { qemuProcessesOf } from '../support/open-test-host.ts';
import { strike } from './chaos.ts';
import { guestXml, haltingImage, imageOf } from './guests.ts';
import type { Counts, Finding, FromWorker, HostFacts } from './messages.ts';
import { heldJobs, leftovers, wrongOwners, wrongStates } from './oracles.ts';
import { Worker } from './worker.ts';

export interface SoakOptions {
  readonly minutes: number;
  readonly domains: number;
  readonly clients: number;
  readonly seed: number;
  readonly say: (line: string) => void;
}

export interface SoakResult {
  readonly counts: ReadonlyMap<string, ReadonlyMap<string, number>>;
  readonly blows: ReadonlyMap<string, number>;
  readonly findings: readonly Finding[];
  /** What was wrong at a quiet moment or at the end. */
  readonly wrong: readonly string[];
  readonly looks: number;
  readonly before: HostFacts;
  readonly after: HostFacts;
  readonly highestDelayMs: number;
}

const readyLimitMs = 60_000;
/** Everything under way has ended by then: a job is waited for 30 s, and a start as long again for QEMU. */
const quietLimitMs = 120_000;
const betweenBlowsMs = 1_500;
const betweenLooksMs = 60_000;
/** Of the time, for how much the last host is left alive, so that a leak has time to show. */
const stayingShare = 0.4;
/** How long a state may still be on its way after everything has ended. */
const settleLimitMs = 40_000;
const diskBytes = '512m';

export async function soak(options: SoakOptions): Promise<SoakResult> {
  const home = await mkdtemp('/tmp/vireo-');
  const isMounted = await mountDisk(home);
  try {
    await using ground = await Ground.prepare(home, isMounted, options);
    return await ground.run();
  } finally {
    for (const pid of await qemuProcessesOf(home)) process.kill(pid, 'SIGKILL');
    if (isMounted) await promisify(execFile)('umount', ['-l', home]);
    await rm(home, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** A small disk of its own, which can be full; only root may have one. */
async function mountDisk(folder: string): Promise<boolean> {
  return promisify(execFile)('mount', ['-t', 'tmpfs', '-o', `size=${diskBytes}`, 'vireo-soak', folder]).then(() => true, () => false);
}

class Ground implements AsyncDisposable {
  readonly #home: string;
  readonly #options: SoakOptions;
  readonly #random: Random;
  readonly #fillable: string | null;
  readonly #clients: Worker[] = [];
  readonly #counts = new Map<string, Map<string, number>>();
  readonly #blows = new Map<string, number>();
  readonly #findings: Finding[] = [];
  readonly #wrong: string[] = [];
  #host: Worker;
  #clientsMade = 0;
  #looks = 0;
  #highestDelayMs = 0;

  private constructor(home: string, host: Worker, fillable: string | null, options: SoakOptions) {
    this.#home = home;
    this.#host = host;
    this.#fillable = fillable;
    this.#options = options;
    this.#random = new Random(options.seed);
  }

  static async prepare(home: string, isMounted: boolean, options: SoakOptions): Promise<Ground> {
    const images = path.join(home, 'images');
    await prepareStateFolder(stateLayout(home));
    await Promise.all([mkdir(images), mkdir(path.join(home, 'leases'))]);
    await writeFile(stateLayout(home).settingsFile, JSON.stringify({ leaseFolder: path.join(home, 'leases') }));
    await writeFile(path.join(images, 'shared.raw'), haltingImage());
    for (let number = 0; number < options.domains; number += 1) await writeFile(path.join(images, `soak-${number}.raw`), imageOf(number));
    const host = new Worker(['host', home]);
    await host.next('ready', readyLimitMs);
    return new Ground(home, host, isMounted ? home : null, options);
  }

  get #names(): readonly string[] {
    return Array.from({ length: this.#options.domains }, (_, number) => `soak-${number}`);
  }

  get #images(): string {
    return path.join(this.#home, 'images');
  }

  async run(): Promise<SoakResult> {
    await this.#fullRound();
    for (let number = 0; number < this.#options.clients; number += 1) this.#addClient();
    const spanMs = this.#options.minutes * 60_000;
    await this.#weather(spanMs * (1 - stayingShare), true);
    // From here on the host lives: what it holds after all that is compared with what it held before.
    const before = await this.#fullRound();
    await this.#weather(spanMs * stayingShare, false);
    const after = await this.#fullRound();
    for (const client of this.#clients) await client.end('SIGKILL');
    await this.#endAll();
    this.#wrong.push(...(await eventuallyNothing(() => leftovers(this.#home, path.join(this.#home, 'leases')))));
    const { say: _say, ...asked } = this.#options;
    return { ...asked, counts: this.#counts, blows: this.#blows, findings: this.#findings, wrong: this.#wrong, looks: this.#looks, before, after, highestDelayMs: this.#highestDelayMs };
  }

  /** Storms with a quiet moment after each; the clients rest when it is over. */
  async #weather(spanMs: number, hostMayEnd: boolean): Promise<void> {
    for (const endMs = performance.now() + spanMs; performance.now() < endMs; ) {
      for (const client of this.#clients) client.tell({ type: 'resume' });
      await this.#storm(Math.min(endMs, performance.now() + betweenLooksMs), hostMayEnd);
      await this.#look();
    }
  }

  /** All guests started and ended once: what the host holds after it is what it needs. */
  async #fullRound(): Promise<HostFacts> {
    const client = await this.#connect();
    const known = new Set((await client.call('connectListAllDomains', {})).domains.map(({ name }) => name));
    for (const name of this.#names) {
      if (!known.has(name)) await client.call('domainDefineXML', { xml: guestXml({ name, disk: path.join(this.#images, `${name}.raw`), shared: path.join(this.#images, 'shared.raw') }) });
    }
    await this.#endAll(client);
    for (const name of this.#names) await client.call('domainCreate', { domain: name });
    await this.#endAll(client);
    client.close();
    return this.#facts();
  }

  async #endAll(given?: Client): Promise<void> {
    const client = given ?? (await this.#connect());
    for (const { uuid, state } of (await client.call('connectListAllDomains', {})).domains) {
      if (isActiveState(state)) await client.call('domainDestroy', { domain: uuid }).catch(() => {}); // what stays is found as left
    }
    if (!given) client.close();
  }

  /** Clients work, blows fall. */
  async #storm(untilMs: number, hostMayEnd: boolean): Promise<void> {
    while (performance.now() < untilMs) {
      await sleep(this.#random.below(betweenBlowsMs));
      await strike({
        home: this.#home,
        random: this.#random,
        fillableFolder: this.#fillable,
        hostMayEnd,
        count: (what) => void this.#blows.set(what, (this.#blows.get(what) ?? 0) + 1),
        killHost: () => this.#newHost('SIGKILL'),
        closeHost: () => this.#newHost('SIGTERM'),
        killClient: () => this.#newClient(),
      });
    }
  }

  /** Stops all work, and looks whether everything is as it should be. */
  async #look(): Promise<void> {
    this.#looks += 1;
    await Promise.all(this.#clients.map(async (client) => {
      const paused = client.next('paused', quietLimitMs);
      client.tell({ type: 'pause' });
      await paused.catch((error: unknown) => this.#wrong.push(`a client does not come to rest: ${String(error)}`));
    }));
    const client = await this.#connect();
    const list = async (): Promise<readonly DomainSummary[]> => (await client.call('connectListAllDomains', {})).domains;
    const look = async (): Promise<readonly string[]> => {
      const domains = await list();
      return [...(await wrongOwners(this.#home, domains)), ...heldJobs(domains), ...(await wrongStates(client, domains))];
    };
    const wrong = await eventuallyNothing(look);
    this.#wrong.push(...wrong.map((what) => `after look ${this.#looks}: ${what}`));
    const facts = await this.#facts();
    this.#options.say(`look ${this.#looks}: ${(await list()).filter(({ state }) => isActiveState(state)).length} guests run, ${total(this.#counts)} operations, ${wrong.length} wrong, ${this.#findings.length} findings, heap ${facts.heapMiB.toFixed(0)} MiB, ${facts.descriptors} descriptors`);
    client.close();
  }

  async #facts(): Promise<HostFacts> {
    const answer = this.#host.next('facts', readyLimitMs);
    this.#host.tell({ type: 'facts' });
    const { facts } = await answer;
    this.#highestDelayMs = Math.max(this.#highestDelayMs, facts.delayHighestMs);
    return facts;
  }

  #connect(): Promise<Client> {
    return connectLocal(stateLayout(this.#home).socket, 'the soak', { deadlineMs: readyLimitMs, waitForHost: true });
  }

  async #newHost(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    await this.#host.end(signal);
    for (let attempts = 1; ; attempts += 1) {
      this.#host = new Worker(['host', this.#home]);
      try {
        await this.#host.next('ready', readyLimitMs);
        return;
      } catch (error) {
        if (attempts === 3) throw error;
        await this.#host.end('SIGKILL');
      }
    }
  }

  async #newClient(): Promise<void> {
    const [client] = this.#clients.splice(this.#random.below(this.#clients.length), 1);
    await client?.end('SIGKILL');
    this.#addClient();
  }

  #addClient(): void {
    const number = ++this.#clientsMade;
    const plan = { home: this.#home, images: this.#images, number, seed: this.#options.seed * 1_000 + number, domains: this.#names };
    const client = new Worker(['client', JSON.stringify(plan)]);
    client.messages.on((message) => this.#hear(message));
    this.#clients.push(client);
  }

  #hear(message: FromWorker): void {
    if (message.type === 'counts') addCounts(this.#counts, message.counts);
    if (message.type !== 'finding') return;
    this.#findings.push(message.finding);
    this.#options.say(`finding: ${message.finding.operation} on ${message.finding.domain}: ${message.finding.what}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#clients, this.#host].map((worker) => worker.end('SIGKILL')));
  }
}

function addCounts(sum: Map<string, Map<string, number>>, counts: Counts): void {
  for (const [operation, outcomes] of Object.entries(counts)) {
    const known = sum.get(operation) ?? new Map<string, number>();
    for (const [outcome, count] of Object.entries(outcomes)) known.set(outcome, (known.get(outcome) ?? 0) + count);
    sum.set(operation, known);
  }
}

export function total(counts: ReadonlyMap<string, ReadonlyMap<string, number>>): number {
  return [...counts.values()].flatMap((outcomes) => [...outcomes.values()]).reduce((sum, count) => sum + count, 0);
}

/** What is still wrong when it had time to become right. */
async function eventuallyNothing(look: () => Promise<readonly string[]>): Promise<readonly string[]> {
  for (const endMs = performance.now() + settleLimitMs; ; await sleep(250)) {
    const wrong = await look();
    if (wrong.length === 0 || performance.now() > endMs) return wrong;
  }
}
