/** A host on a state folder of its own, for tests with real QEMU: everything it made is gone when it is disposed. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { systemClock } from '../../core/base/clock.ts';
import { createLog, silentLog } from '../../core/base/log.ts';
import type { Client } from '../../core/api/client.ts';
import { type Host, type HostOptions, openHost } from '../../core/api/host.ts';
import type { QmpCommand } from '../../core/monitor/commands.ts';
import type { DomainEvent } from '../../core/domain/domain-summary.ts';
import { Monitor } from '../../core/monitor/monitor.ts';
import { prepareStateFolder, stateLayout } from '../../core/status/state-folder.ts';
import { removeGroups } from '../../core/tuning/run-groups.ts';
import { removeLeasesOf } from './left-leases.ts';

export interface TestHost extends AsyncDisposable {
  readonly home: string;
  readonly host: Host;
  readonly client: Client;
  readonly log: readonly string[];
  /** Closes the host as a process that ends would, and opens another one on the same folder. */
  reopen(): Promise<void>;
  /** The two halves of `reopen`, for what happens while no driver is there. */
  close(): Promise<void>;
  open(): Promise<void>;
  /** What the host has told of its domains, from its first word on. */
  readonly eventsSinceOpen: readonly DomainEvent[];
  /** Removes a file of the state folder. */
  remove(file: string): Promise<void>;
  /** Commands the QEMU of this pid while no driver does, and waits for an event. */
  monitorOf(pid: number, commands: readonly QmpCommand[], event: string): Promise<void>;
}

export interface TestHostOptions {
  readonly jobWaitMs?: number;
  readonly monitorDeadlineMs?: number;
  readonly silenceMs?: number;
  readonly atStep?: HostOptions['atStep'];
  /** How it reaches other hosts, to migrate to them. */
  readonly carriers?: NonNullable<HostOptions['carriers']>;
}

/** The path stays short: sockets lie below it. */
export async function openTestHost(options: TestHostOptions = {}): Promise<TestHost> {
  const home = await mkdtemp('/tmp/vireo-');
  const lines: string[] = [];
  const log = createLog((line) => void lines.push(line));
  const layout = stateLayout(home);
  await prepareStateFolder(layout);
  let events: DomainEvent[] = [];
  const openAgain = async (): Promise<void> => {
    const told: DomainEvent[] = [];
    // Guests are taken up beside the opening, and may be before it is over: not before somebody listens.
    let listening!: () => void;
    const listens = new Promise<void>((resolve) => (listening = resolve));
    const atStep: HostOptions['atStep'] = async (operation, step, domain) => {
      if (operation === 'reconnect') await listens;
      await options.atStep?.(operation, step, domain);
    };
    try {
      host = await openHost({ layout, role: 'in process', clock: systemClock, log, version: '0.0.0-test', ...options, atStep });
      client = host.client('the test');
      client.on('domain', (event) => void told.push(event));
      events = told;
    } finally {
      listening();
    }
  };
  let host!: Host;
  let client!: Client;
  await openAgain();
  const closeHost = async (): Promise<void> => {
    client.close();
    await host.close();
  };
  return {
    home,
    log: lines,
    get host() {
      return host;
    },
    get client() {
      return client;
    },
    async reopen() {
      await closeHost();
      await openAgain();
    },
    close: closeHost,
    open: openAgain,
    get eventsSinceOpen() {
      return events;
    },
    remove: (file) => rm(path.join(home, file)),
    monitorOf: commandMonitor,
    async [Symbol.asyncDispose]() {
      await closeHost();
      const left = await qemuProcessesOf(home);
      for (const pid of left) killIfThere(pid);
      await removeLeasesOf(home);
      await removeGroupsOf(layout.run);
      await rm(home, { recursive: true, force: true, maxRetries: 10 }); // a driver that waited no longer for its disk may still write a last line
    },
  };
}

/** Those of guests that were killed here: no driver will open this folder again. */
async function removeGroupsOf(run: string): Promise<void> {
  const ending = '.groups.json';
  const records = (await readdir(run).catch(() => [] as string[])).filter((name) => name.endsWith(ending));
  await Promise.all(records.map((name) => removeGroups(path.join(run, name.slice(0, -ending.length)), systemClock, silentLog)));
}

async function commandMonitor(pid: number, commands: readonly QmpCommand[], event: string): Promise<void> {
  const argv = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).split('\0');
  const socket = argv.map((arg) => /path=([^,]*\/m),/.exec(arg)?.[1]).find((found) => found !== undefined) ?? '';
  const signal = AbortSignal.timeout(10_000);
  await using monitor = await Monitor.connect({ path: socket, clock: systemClock, log: silentLog, deadlineMs: 10_000, signal, waitForSocket: true });
  const happened = monitor.events.once((each) => each.event === event, signal);
  for (const command of commands) await monitor.executeUnchecked(command);
  await happened;
}

/** Another host of the test may have ended it: a guest that moved has the image of the host that it came from. */
function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // it is gone
  }
}

/** Processes whose command line names the state folder. */
export async function qemuProcessesOf(home: string): Promise<readonly number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const matching = await Promise.all(
    pids.map(async (pid) => {
      const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
      return commandLine.includes('qemu-system') && commandLine.includes(home) ? pid : null;
    }),
  );
  return matching.filter((pid) => pid !== null);
}
