/**
 * Vireo and a real minicom on one terminal keep out of each other's way by lock files, and the one that had to wait gets
 * the terminal when the other has left. Where minicom is not installed this is left out.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants, existsSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { defineBootGuest, lookup } from '../support/boot-guest.ts';
import { greeting } from '../support/boot-sector.ts';
import { guestConsole } from '../support/guest-console.ts';
import { openTestHost, type TestHost } from '../support/open-test-host.ts';

const lockFolder = '/var/lock';
const patienceMs = 40_000;
const isThere = ['/usr/bin/minicom', '/usr/bin/script'].every((file) => existsSync(file)) && isWritable(lockFolder);

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

let host: TestHost;
let terminal: string;
beforeAll(async () => {
  if (!isThere) return;
  host = await openTestHost();
  await defineBootGuest(host, { serial: 'pty' });
  await host.client.call('domainCreate', { domain: 'boot' });
  terminal = (await lookup(host)).consoles[0]?.backend ?? '';
  await writeFile(path.join(host.home, '.minirc.dfl'), 'pu minit\npu mreset\n'); // no modem is to be set up
});
afterAll(async () => {
  if (isThere) await host[Symbol.asyncDispose]();
});

const lockFile = (): string => path.join(lockFolder, `LCK..${terminal.slice('/dev/'.length).replaceAll('/', '_')}`);

/** A minicom on a terminal of its own, made by script(1). */
class Minicom implements AsyncDisposable {
  readonly #script: ChildProcess;
  readonly #exit: Promise<unknown>;
  screen = '';

  constructor() {
    this.#script = spawn('script', ['-qfec', `stty rows 24 cols 80; exec minicom -D ${terminal}`, '/dev/null'], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, TERM: 'vt100', HOME: host.home, LC_ALL: 'C' },
    });
    this.#exit = once(this.#script, 'exit');
    this.#script.stdout?.on('data', (bytes: Buffer) => (this.screen += bytes.toString('latin1')));
  }

  /** Its pid, once it listens to its keyboard. */
  async pid(): Promise<number> {
    await until(async () => this.screen.includes('CTRL-A Z'));
    return (await holder()) ?? 0;
  }

  type(text: string): void {
    this.#script.stdin?.write(text);
  }

  get ended(): Promise<unknown> {
    return this.#exit;
  }

  /** Killed, so that it leaves its lock. */
  async kill(): Promise<void> {
    process.kill(await this.pid(), 'SIGKILL');
    await this.#exit;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#script.exitCode !== null || this.#script.signalCode !== null) return;
    this.#script.kill('SIGKILL'); // minicom's terminal goes with it
    await this.#exit;
  }
}

async function holder(): Promise<number | null> {
  const text = await readFile(lockFile(), 'latin1').catch(() => '');
  const pid = Number.parseInt(text, 10);
  return Number.isNaN(pid) ? null : pid;
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (const endMs = Date.now() + patienceMs; !(await holds()); await sleep(20)) {
    if (Date.now() > endMs) throw new Error(`did not come true within ${patienceMs} ms: ${holds.toString()}`);
  }
}

const stateIs = async (state: string): Promise<boolean> => (await lookup(host)).consoles[0]?.state === state;

test.runIf(isThere)('minicom is refused while Vireo has the terminal', async () => {
  expect(await holder()).toBe(process.pid);
  await using minicom = new Minicom();
  await minicom.ended;
  expect(minicom.screen).toMatch(/is locked/);
  expect(await holder()).toBe(process.pid);
});

test.runIf(isThere)('Vireo leaves the terminal to a minicom that came first, names it, reads the log, and has it back when minicom goes', async () => {
  await host.close();
  await using minicom = new Minicom();
  const pid = await minicom.pid();
  await host.open();
  await host.host.driver.reconnected;
  expect((await lookup(host)).consoles[0]).toMatchObject({ state: 'connecting', error: expect.stringContaining(`held by process ${pid}`) });
  await expect(guestConsole(host.client, 'boot', null, { mode: 'write' })).rejects.toMatchObject({ code: 'OPERATION_FAILED', details: { pid, holder: `minicom (pid ${pid})` } });
  await using watcher = await guestConsole(host.client, 'boot', null, { mode: 'watch' });
  await watcher.waitFor(new RegExp(greeting), patienceMs);
  minicom.type('from minicom');
  await watcher.waitFor(/from minicom/, patienceMs);
  await minicom.kill();
  await until(() => stateIs('open'));
  expect(await holder()).toBe(process.pid);
  await using writer = await guestConsole(host.client, 'boot', null, { mode: 'write' });
  await writer.type('from vireo');
  await watcher.waitFor(/from vireo/, patienceMs);
});

test.runIf(isThere)('the locks go with the guest', async () => {
  await host.client.call('domainDestroy', { domain: 'boot' });
  expect((await readdir(lockFolder)).filter((name) => name === path.basename(lockFile()))).toEqual([]);
});
