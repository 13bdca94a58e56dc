/** Two hosts as processes of their own on this computer, with links between them that can fail; used for one cell after another. */
import { mkdtemp, readdir, readFile, readlink, rm } from 'node:fs/promises';
import path from 'node:path';
import { prepareStateFolder, stateLayout } from '../../core/status/state-folder.ts';
import { leaseRecordsOf, removeLeasesOf } from '../support/left-leases.ts';
import { guestsOf } from './guests-of.ts';
import { FaultyHost } from './faulty-host.ts';
import { Link } from './link.ts';

export class Pair implements AsyncDisposable {
  readonly source: FaultyHost;
  readonly destination: FaultyHost;
  /** Between the hosts. */
  readonly peerLink: Link;
  readonly #folder: string;
  #memoryLinks: Link[] = [];

  private constructor(folder: string, peerLink: Link, hosts: { readonly source: FaultyHost; readonly destination: FaultyHost }) {
    this.#folder = folder;
    this.peerLink = peerLink;
    this.source = hosts.source;
    this.destination = hosts.destination;
  }

  static async open(program: string): Promise<Pair> {
    const [folder, source, destination] = await Promise.all(['', '', ''].map(() => mkdtemp('/tmp/vireo-'))) as [string, string, string];
    await Promise.all([source, destination].map((home) => prepareStateFolder(stateLayout(home))));
    const peerSocket = path.join(folder, 'peer');
    const peerLink = await Link.to({ path: stateLayout(destination).socket }, { path: peerSocket });
    const link = (port: number): Promise<number> => pair.#linkTo(port);
    const pair = new Pair(folder, peerLink, { source: new FaultyHost({ program, home: source, peerSocket, link }), destination: new FaultyHost({ program, home: destination, peerSocket, link }) });
    try {
      await Promise.all([pair.source.open(), pair.destination.open()]);
    } catch (error) {
      await pair[Symbol.asyncDispose]();
      throw error;
    }
    return pair;
  }

  get hosts(): readonly [FaultyHost, FaultyHost] {
    return [this.source, this.destination];
  }

  /** Through which memory and copies of disks go; made when the destination has prepared. */
  set memory(condition: Link['condition']) {
    for (const link of this.#memoryLinks) link.condition = condition;
  }

  /** What both hosts and their guests said last. */
  async logs(): Promise<readonly string[]> {
    const ofHost = async ({ home, log }: FaultyHost): Promise<readonly string[]> => {
      const { logs } = stateLayout(home);
      const names = (await readdir(logs, { recursive: true }).catch(() => [])).filter((name) => name.endsWith('.log'));
      const texts = await Promise.all(names.map((name) => readFile(path.join(logs, name), 'utf8').catch(() => '')));
      return [...log.slice(-120), ...texts.flatMap((text) => text.split('\n').filter((line) => !/^(-|LC_ALL|PATH|HOME|\.*$)/.test(line)).slice(-12))].map((line) => `${home === this.source.home ? 'source' : 'destination'}: ${line.slice(0, 400)}`);
    };
    return (await Promise.all(this.hosts.map(ofHost))).flat();
  }

  /** For the next cell. */
  async endLinks(): Promise<void> {
    const links = this.#memoryLinks;
    this.#memoryLinks = [];
    await Promise.all(links.map((link) => link[Symbol.asyncDispose]()));
    this.peerLink.condition = 'whole';
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const host of this.hosts) await host.kill();
    await this.endLinks();
    await this.peerLink[Symbol.asyncDispose]();
    for (const { home } of this.hosts) {
      for (const pid of await guestsOf(home)) killIfThere(pid);
      await removeLeasesOf(home);
      await rm(home, { recursive: true, force: true, maxRetries: 10 });
    }
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #linkTo(port: number): Promise<number> {
    const link = await Link.to({ host: '127.0.0.1', port }, null);
    this.#memoryLinks.push(link);
    return link.port;
  }
}

export function killIfThere(pid: number, signal: NodeJS.Signals = 'SIGKILL'): void {
  try {
    process.kill(pid, signal);
  } catch {
    // it is gone
  }
}

/** What a host on which nothing runs still has of guests, and what its running ones still have of a migration. */
export async function leftOn({ home, client }: FaultyHost, { isRunning, images }: { readonly isRunning: boolean; readonly images: boolean }): Promise<readonly string[]> {
  const { domains } = await client.call('connectListAllDomains', {});
  const jobs = domains.flatMap(({ name, jobs: { async } }) => (async ? [`job ${async.kind} of ${name} (${async.phase})`] : []));
  const guests = await guestsOf(home);
  const running = domains.map(({ pid }) => pid);
  const processes = guests.filter((pid) => !running.includes(pid)).map((pid) => `process ${pid}`);
  const sockets = (await Promise.all(guests.map(internetSocketsOf))).flat().map((socket) => `socket ${socket}`);
  const made = images ? [] : (await readdir(home)).filter((name) => name.endsWith('.raw')).map((name) => `image ${name}`);
  if (isRunning) return [...jobs, ...processes, ...sockets, ...made];
  const inFolder = async (name: string): Promise<readonly string[]> => (await readdir(path.join(home, name)).catch(() => [])).map((each) => `${name}/${each}`);
  const files = (await inFolder('run')).filter((name) => /^run\/[\da-f]{8}/.test(name));
  return [...jobs, ...processes, ...sockets, ...made, ...files, ...(await inFolder('status')), ...(await leaseRecordsOf(home))];
}

/** TCP sockets of a process, whether they listen or are connected: a guest of these tests has none of its own. */
async function internetSocketsOf(pid: number): Promise<readonly string[]> {
  const descriptors = await readdir(`/proc/${pid}/fd`).catch(() => []);
  const links = await Promise.all(descriptors.map((fd) => readlink(`/proc/${pid}/fd/${fd}`).catch(() => '')));
  const own = new Set(links.flatMap((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? []));
  const table = await readFile('/proc/net/tcp', 'utf8').catch(() => '');
  return table.split('\n').slice(1).map((line) => line.trim().split(/\s+/)).filter((fields) => own.has(fields[9] ?? '-')).map((fields) => `${fields[1]} to ${fields[2]} of process ${pid}`);
}
