/** Plays one cell of the table with real QEMUs: a migration comes to the phase, the part has its fault, and who is left is judged. */
import { readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Client } from '../../core/api/client.ts';
import type { DomainSummary } from '../../core/domain/domain-summary.ts';
import { bootGuestXml } from '../support/boot-guest.ts';
import { dirtySectorImage } from '../support/dirty-sector.ts';
import { until } from '../support/migration-guest.ts';
import { LedMigration, migrationOptions } from '../support/migration-hosts.ts';
import { guestsOf } from './guests-of.ts';
import { diskXml } from '../support/storage-copy.ts';
import { type Cell, type Outcome, gateOf, isHandedOver, rightOutcomes } from './cells.ts';
import { CpuWatch } from './cpu-watch.ts';
import type { FaultyHost } from './faulty-host.ts';
import { type Pair, killIfThere, leftOn } from './pair.ts';

export interface CellResult {
  readonly cell: Cell;
  readonly outcome: Outcome | 'unsettled';
  /** What whoever asked for the migration was told; null where it was told nothing, '' where all went well. */
  readonly told: string | null;
  /** Nothing, where all is right. */
  readonly wrong: readonly string[];
  readonly tookMs: number;
}

const hangMs = 2_500;
const longHangMs = 42_000;
/** The source asks for two minutes whether the guest has arrived. */
const settlesWithinMs = 200_000;
/** Looks in a row in which both guests used the processor. */
const twiceRunning = 3;
const words = 'a fault of the test';
const domain = 'boot';

export async function runCell(pair: Pair, cell: Cell): Promise<CellResult> {
  const beganMs = performance.now();
  const run = new CellRun(pair, cell);
  try {
    return { cell, ...(await run.play()), tookMs: performance.now() - beganMs };
  } catch (error) {
    return { cell, outcome: 'unsettled', told: run.told, wrong: [error instanceof Error ? error.message : String(error)], tookMs: performance.now() - beganMs };
  } finally {
    await pair.endLinks();
  }
}

class CellRun {
  readonly #pair: Pair;
  readonly #cell: Cell;
  told: string | null = null;
  #asking: Promise<void> = Promise.resolve();
  #isAsking = false;

  constructor(pair: Pair, cell: Cell) {
    this.#pair = pair;
    this.#cell = cell;
  }

  async play(): Promise<Pick<CellResult, 'outcome' | 'told' | 'wrong'>> {
    const { source, destination } = this.#pair;
    const uuid = await this.#startGuest();
    let watch!: CpuWatch;
    let wrong: readonly string[] = [];
    let outcome: Outcome;
    {
      await using watching = new CpuWatch(source.home, destination.home);
      watch = watching;
      using asker = await this.#ask(uuid);
      await this.#reachPhase();
      await this.#fault(asker);
      await this.#restartKilled();
      await this.#untilSettled();
      outcome = await this.#outcome();
      if (!rightOutcomes(this.#cell).includes(outcome)) wrong = [`the guest is ${outcome}, right is ${rightOutcomes(this.#cell).join(' or ')}`];
      wrong = [...wrong, ...this.#wrongWords(outcome)];
      wrong = [...wrong, ...(await this.#decide(outcome))];
    }
    if (watch.longestBoth >= twiceRunning) wrong = [...wrong, `it ran twice for ${watch.longestBoth} looks in a row`];
    return { outcome, told: this.told, wrong: [...wrong, ...(await this.#clearAway())] };
  }

  async #startGuest(): Promise<string> {
    const { source } = this.#pair;
    const disk = path.join(source.home, 'boot.raw');
    await writeFile(disk, dirtySectorImage());
    let xml = bootGuestXml(disk, { name: domain, memoryMiB: 48 });
    if (this.#cell.disk) {
      const second = path.join(source.home, 'second.raw');
      await writeFile(second, Buffer.alloc(8 << 20, 'vireo'));
      xml = xml.replace("<controller type='usb'", `${diskXml('sdb', second, 'raw')}<controller type='usb'`);
    }
    await source.client.call('domainDefineXML', { xml });
    await source.client.call('domainCreate', { domain });
    await until(async () => ((await lookAt(source))?.consoles[0]?.position ?? 0) > 0);
    return (await lookAt(source))?.uuid ?? '';
  }

  /** Begins the migration. @returns the client that asked, or leads. */
  async #ask(uuid: string): Promise<Disposable & { close(): void }> {
    const { source, destination } = this.#pair;
    const { phase, part, disk } = this.#cell;
    const gate = gateOf[phase];
    if (gate) this.#pair[gate[0]].stopAt(gate[1]);
    const xml = disk ? (await source.client.call('domainGetXMLDesc', { domain, migratable: true })).xml : null;
    const isSlow = phase === 'memory' || phase === 'disks' || phase === 'post-copy';
    const options = migrationOptions({
      ...(isSlow ? { bandwidthMiBps: 2 } : {}),
      ...(phase === 'post-copy' ? { postcopy: true, postcopyBandwidthMiBps: 2 } : {}),
      ...(xml === null ? {} : { copyStorage: 'all', destinationXml: xml.replaceAll(source.home, destination.home) }),
      changeProtection: true,
    });
    const asker = await source.connect('who asks');
    const clients: Client[] = [asker];
    const ask = async (): Promise<unknown> => {
      if (part !== 'leading client') return await asker.call('domainMigrateToURI3', { domain, uri: `vireo+unix://${destination.home}`, options: { ...options, uri: null } }, { timeoutMs: settlesWithinMs });
      const there = await destination.connect('who leads');
      clients.push(there);
      return await new LedMigration(asker, there, { uuid, name: domain, options }).all();
    };
    this.#isAsking = true;
    this.#asking = ask().then(
      () => void (this.told = ''),
      (error: unknown) => void (this.told ??= error instanceof Error ? error.message : String(error)),
    ).finally(() => (this.#isAsking = false));
    const close = (): void => {
      for (const client of clients) client.close();
    };
    return { close, [Symbol.dispose]: close };
  }

  async #reachPhase(): Promise<void> {
    const { source, destination } = this.#pair;
    const { phase } = this.#cell;
    const gate = gateOf[phase];
    const reached = async (): Promise<boolean> => {
      if (!this.#isAsking) throw new Error(`the migration ended before its phase: ${this.told}`);
      if (gate) return this.#pair[gate[0]].isAtStep;
      const statistics = (await source.client.call('domainGetJobStats', { domain })).statistics;
      if (phase === 'disks') return (statistics?.disk.processedBytes ?? 0) > 0;
      return (statistics?.memory.processedBytes ?? 0) > 100_000;
    };
    await until(reached);
    if (phase !== 'post-copy') return;
    await source.client.call('domainMigrateStartPostCopy', { domain });
    await until(async () => (await lookAt(source))?.reason === 'post-copy' && (await lookAt(destination))?.state === 'running');
  }

  async #fault(asker: { close(): void }): Promise<void> {
    const { source, destination, peerLink } = this.#pair;
    const { part, fault } = this.#cell;
    switch (part) {
      case 'source driver':
        return await this.#faultOf(source);
      case 'destination driver':
        return await this.#faultOf(destination);
      case 'source QEMU':
        return await this.#faultOfQemu(source);
      case 'destination QEMU':
        return await this.#faultOfQemu(destination);
      case 'memory link':
        this.#pair.memory = fault === 'kill' ? 'cut' : fault === 'error' ? 'garbling' : 'silent';
        return await this.#goOn(() => (this.#pair.memory = 'whole'));
      case 'peer link':
        peerLink.condition = fault === 'kill' ? 'cut' : 'silent';
        return await this.#goOn(() => (peerLink.condition = 'whole'));
      case 'client':
        if (fault === 'kill') asker.close();
        else await source.client.call('domainAbortJob', { domain }).catch(() => {}); // it may be too late
        return await this.#goOn(() => {});
      case 'leading client':
        if (fault === 'kill') asker.close();
        return await this.#goOn(() => {});
    }
  }

  async #faultOf(host: FaultyHost): Promise<void> {
    const { fault } = this.#cell;
    if (fault === 'kill') {
      await host.kill();
      return await this.#goOn(() => {});
    }
    if (fault === 'error') return host.fail(words);
    if (fault === 'cancel') {
      await host.client.call('domainDestroy', { domain });
      return await this.#goOn(() => {});
    }
    host.freeze();
    await this.#goOn(() => host.thaw());
  }

  async #faultOfQemu({ home }: FaultyHost): Promise<void> {
    const { fault } = this.#cell;
    const pids = await guestsOf(home);
    if (pids.length === 0) throw new Error('there is no QEMU to hurt');
    for (const pid of pids) killIfThere(pid, fault === 'kill' ? 'SIGKILL' : 'SIGSTOP');
    await this.#goOn(() => pids.forEach((pid) => killIfThere(pid, 'SIGCONT')));
  }

  /** The phase goes on while the fault lasts; a hang, or a link that is cut, is over after a while. */
  async #goOn(mend: () => void): Promise<void> {
    const { part, fault } = this.#cell;
    for (const host of this.#pair.hosts) host.go();
    await pauseFor(fault === 'long hang' ? longHangMs : part.includes('link') || fault === 'hang' ? hangMs : 0);
    mend();
  }

  async #restartKilled(): Promise<void> {
    for (const host of this.#pair.hosts) if (!host.isRunning) await host.open();
    // A migration that goes on is not to take for ever; one that is over has no speed to set.
    const { client } = this.#pair.source;
    await client.call('domainMigrateSetMaxSpeed', { domain, bandwidthMiBps: 0 }).catch(() => {});
    await client.call('domainMigrateSetMaxSpeed', { domain, bandwidthMiBps: 0, postcopy: true }).catch(() => {});
  }

  /** Nobody works on the domain any more; a job may wait for a person. */
  async #untilSettled(): Promise<void> {
    const waits = (look: DomainSummary | null): boolean => {
      const job = look?.jobs.async;
      return !job || (job.parkedUntilMs !== null && (job.phase === 'postcopy_failed' || job.owner === 'somebody who decides'));
    };
    const looks = async (): Promise<readonly (DomainSummary | null)[]> => await Promise.all(this.#pair.hosts.map(lookAt));
    // A driver may not have heard yet that its QEMU has ended.
    const isTrue = async ({ home }: FaultyHost, look: DomainSummary | null): Promise<boolean> => lifeOf(look) === 'nothing' || (await guestsOf(home)).includes(look?.pid ?? 0);
    const isSettled = async (): Promise<boolean> => {
      const seen = await looks();
      if (this.#isAsking || !seen.every(waits)) return false;
      return (await Promise.all(this.#pair.hosts.map((host, at) => isTrue(host, seen[at] ?? null)))).every((each) => each);
    };
    await until(isSettled, settlesWithinMs).catch(async () => {
      const seen = (await looks()).map((look) => (look ? `${look.state} (${look.reason}), job ${look.jobs.async?.phase ?? 'none'}` : 'nothing'));
      throw new Error(`it does not settle${this.#isAsking ? ', and who asked has no answer' : ''}: source ${seen[0]}, destination ${seen[1]}`);
    });
    await this.#asking;
  }

  async #outcome(): Promise<Outcome> {
    const looks = await Promise.all(this.#pair.hosts.map(lookAt));
    const [here, there] = looks.map(lifeOf);
    if (here === 'running' && there === 'running') throw new Error('both hosts say that the guest runs');
    if (here === 'running') return 'here';
    if (there === 'running') return here === 'paused' ? 'there, paused here' : 'there';
    if (there === 'paused' || looks[0]?.reason === 'post-copy failed') return 'both paused'; // or one half is gone
    return here === 'paused' ? 'paused here' : 'nowhere';
  }

  #wrongWords(outcome: Outcome): readonly string[] {
    const { part, fault, phase: at } = this.#cell;
    const isHeard = !(part === 'source driver' && fault === 'kill') && !(part.includes('client') && fault === 'kill');
    if (!isHeard) return [];
    if (outcome === 'there') return [];
    if (this.told === '' && outcome === 'nowhere' && isHandedOver(this.#cell)) return []; // it had moved, and died there
    if (this.told === '') return ['who asked was told that all went well'];
    const cause = fault === 'error' && part.endsWith('driver') ? new RegExp(words) : fault === 'cancel' && part === 'client' ? /cancel/ : part === 'source QEMU' && fault === 'kill' && outcome === 'nowhere' && !['begin3', 'perform3_done'].includes(at) ? /QEMU/ : part === 'destination QEMU' && fault === 'kill' ? /QEMU|connection|closed|reset|pipe|ended there/i : /\w/;
    return cause.test(this.told ?? '') ? [] : [`the words do not name the cause: ${this.told}`];
  }

  /** What a person does, where the outcome is theirs to decide. */
  async #decide(outcome: Outcome): Promise<readonly string[]> {
    const { source, destination } = this.#pair;
    if (outcome === 'there, paused here') await source.client.call('domainDestroy', { domain });
    if (outcome === 'paused here') await source.client.call('domainResume', { domain });
    if (outcome === 'both paused') {
      const looks = await Promise.all(this.#pair.hosts.map(lookAt));
      if (looks.some((look) => lifeOf(look) !== 'paused')) {
        for (const host of this.#pair.hosts) await host.client.call('domainDestroy', { domain }).catch(() => {}); // the other side's QEMU is gone
        return [];
      }
      const options = migrationOptions({ postcopy: true, postcopyResume: true });
      await source.client.call('domainMigrateToURI3', { domain, uri: `vireo+unix://${destination.home}`, options: { ...options, uri: null } });
    }
    const place = outcome === 'here' || outcome === 'paused here' ? source : outcome === 'nowhere' ? null : destination;
    if (!place) return [];
    const heard = (await lookAt(place))?.consoles[0]?.position ?? 0;
    await until(async () => ((await lookAt(place))?.consoles[0]?.position ?? 0) > heard).catch(() => {
      throw new Error('the guest does not go on');
    });
    let left: readonly string[] = [];
    const looks = async (): Promise<boolean> => {
      left = await leftOn(place, { isRunning: true, images: true });
      return left.length === 0;
    };
    return await until(looks).then(() => [], () => left.map((each) => `beside the guest that runs there is ${each}`));
  }

  async #clearAway(): Promise<readonly string[]> {
    const { source, destination } = this.#pair;
    const wrong: string[] = [];
    const arrived = (await lookAt(destination)) !== null;
    for (const host of [source, destination]) {
      await host.client.call('domainDestroy', { domain }).catch(() => {}); // it is shut off
      await host.client.call('domainUndefine', { domain }).catch(() => {}); // it went with its run
      let left: readonly string[] = [];
      const look = async (): Promise<boolean> => {
        left = await leftOn(host, { isRunning: false, images: host === source || arrived || this.#mayLeaveImages });
        return left.length === 0;
      };
      await until(look).catch(() => wrong.push(...left.map((each) => `left on the ${host === source ? 'source' : 'destination'}: ${each}`)));
      for (const name of await readdir(host.home)) if (name.endsWith('.raw')) await rm(path.join(host.home, name), { force: true });
    }
    return wrong;
  }

  /** A guest that ran there has its images, also where its QEMU died. */
  get #mayLeaveImages(): boolean {
    return rightOutcomes(this.#cell).some((outcome) => outcome.startsWith('there') || outcome === 'nowhere');
  }
}

/** The CPUs of a guest whose post-copy has failed stand still, whatever its state says. */
function lifeOf(look: DomainSummary | null): 'running' | 'paused' | 'nothing' {
  if (look?.state === 'running') return look.reason === 'post-copy failed' ? 'paused' : 'running';
  return look?.state === 'paused' ? 'paused' : 'nothing';
}

async function lookAt({ client }: FaultyHost): Promise<DomainSummary | null> {
  return await client.call('domainLookup', { domain }).catch((error: unknown) => {
    if ((error as { readonly code?: string }).code === 'NO_DOMAIN') return null;
    throw error;
  });
}

function pauseFor(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
