/** What dies without a word: the app, QEMU, a page. Each time the rest goes on and says what happened. */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { openHost } from '../../core/api/host.ts';
import { systemClock } from '../../core/base/clock.ts';
import { silentLog } from '../../core/base/log.ts';
import { type LaunchedApp, openAppBench } from '../support/electron-app.ts';
import { eventually, isAlive } from '../support/electron-processes.ts';
import { domainRow, forceOff, logIn, selectDomain, startSample, statusSays, terminalShows, typeLine } from '../support/electron-screen.ts';

describe('kill -9', () => {
  test('of the app leaves the guest running, and the next app has it with its console', async () => {
    await using bench = await openAppBench();
    const killed = await bench.launch();
    const console = await startSample(killed);
    await logIn(console);
    await typeLine(console, 'echo before $((1+1))');
    await terminalShows(console, 'before 2');
    const [qemu] = await bench.qemuProcesses();
    await killed.kill();
    expect(await isAlive(qemu!.pid)).toBe(true);

    const next = await bench.launch();
    const main = await next.main();
    await domainRow(main, 'sample').filter({ hasText: 'running' }).waitFor();
    await selectDomain(main, 'sample');
    const again = await next.windowOpenedBy(() => main.getByRole('button', { name: 'Console', exact: true }).click());
    await statusSays(again, 'You are writing');
    await terminalShows(again, 'before 2');
    await typeLine(again, 'echo after $((2+2))');
    await terminalShows(again, 'after 4');
    expect((await bench.qemuProcesses()).map(({ pid }) => pid)).toEqual([qemu!.pid]);
    await forceOff(main, 'sample');
  });

  test('of QEMU shows the domain as crashed, in every window and to every client', async () => {
    await using bench = await openAppBench();
    const app = await bench.launch();
    const console = await startSample(app);
    await statusSays(console, 'You are writing');
    const main = await app.main();
    const backend = await bench.connect();
    const { pid } = await backend.call('domainLookup', { domain: 'sample' });
    process.kill(pid!, 'SIGKILL');

    await domainRow(main, 'sample').filter({ hasText: 'shut off' }).waitFor();
    await selectDomain(main, 'sample');
    await main.getByText('shut off (crashed)').first().waitFor();
    await console.getByRole('group', { name: 'The guest is not running' }).getByText('shut off (crashed)').waitFor();
    const summary = await backend.call('domainLookup', { domain: 'sample' });
    expect({ state: summary.state, reason: summary.reason, pid: summary.pid }).toEqual({ state: 'shut off', reason: 'crashed', pid: null });
    const { text } = await backend.call('domainGetLog', { domain: 'sample' });
    expect(text).toMatch(/crashed/);
  });

  test('of the page that holds a console frees its input, and the window comes back', async () => {
    await using bench = await openAppBench();
    const app = await bench.launch();
    const console = await startSample(app);
    await statusSays(console, 'You are writing');
    const backend = await bench.connect();
    const writer = async () => (await backend.call('domainLookup', { domain: 'sample' })).consoles.find((each) => each.alias === 'serial0')?.writer ?? null;
    const before = await writer();
    expect(before?.label).toBe('window 2');
    process.kill(await pageProcess(app, 'console.html'), 'SIGKILL');

    await eventually('another session writes', async () => {
      const now = await writer();
      return now !== null && now.sessionId !== before!.sessionId;
    }, 20_000);
    expect((await writer())?.label).toBe('window 2');
    await backend.call('domainDestroy', { domain: 'sample' });
  });
});

test('a QEMU that refuses to start is quoted, and not called a fault of the app', async () => {
  await using bench = await openAppBench();
  const emulator = path.join(bench.layout.root, 'emulator');
  await writeFile(emulator, '#!/bin/sh\ncase "$*" in *guest=refused*) echo "no such machine: moon" >&2; exit 1 ;; esac\nexec qemu-system-x86_64 "$@"\n', { mode: 0o755 });
  const app = await bench.launch();
  const backend = await bench.connect();
  await backend.call('domainDefineXML', { xml: `<domain type='qemu'><name>refused</name><memory unit='MiB'>64</memory><os><type arch='x86_64' machine='q35'>hvm</type></os><devices><emulator>${emulator}</emulator><serial type='pty'/></devices></domain>` });
  const main = await app.main();
  await selectDomain(main, 'refused');
  await main.getByText('opens when the domain runs').first().waitFor();
  await main.getByRole('button', { name: 'Start', exact: true }).click();
  const failure = main.getByRole('alert').filter({ hasText: 'refused was not started' });
  await failure.getByText('QEMU refused to start it (exit code 1)').waitFor();
  await failure.getByText('no such machine: moon', { exact: true }).waitFor();
  await main.getByText('The last start failed. The Log tab shows what QEMU said.').waitFor();
  await main.getByRole('tab', { name: 'Log' }).click();
  await main.getByLabel('Domain log').getByText(/no such machine: moon/).waitFor();
});

describe('two on one state folder', () => {
  test('a second app shows the window of the first and ends well', async () => {
    await using bench = await openAppBench();
    const app = await bench.launch();
    const main = await app.main();
    await app.electron.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.minimize());
    const second = await bench.launchToEnd();
    expect(second.exitCode).toBe(0);
    expect(ownLines(second.stderr)).toEqual([`vireo: Vireo is open already on ${bench.layout.root}; its window is shown`]);
    await eventually('the first window is shown', () => app.electron.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.isMinimized() === false), 10_000);
    await main.getByRole('treegrid', { name: 'Domains' }).waitFor();
  });

  test('an app on a folder that another program owns says who, and ends with 1', async () => {
    await using bench = await openAppBench();
    const host = await openHost({ layout: bench.layout, role: 'in process', clock: systemClock, log: silentLog, version: 'test' });
    try {
      const refused = await bench.launchToEnd();
      expect(refused.exitCode).toBe(1);
      expect(ownLines(refused.stderr)).toEqual([expect.stringMatching(new RegExp(`^vireo: cannot start: resource busy: ${bench.layout.root} is owned by .*process ${process.pid}`))]);
    } finally {
      await host.close();
    }
  });
});

test('a state folder that cannot be one is named, and the app ends with 1', async () => {
  await using bench = await openAppBench();
  const file = path.join(bench.layout.root, 'file');
  await writeFile(file, 'not a folder');
  const refused = await bench.launchToEnd({ args: [`--home=${file}`] });
  expect(refused.exitCode).toBe(1);
  expect(ownLines(refused.stderr)).toEqual([expect.stringContaining(`vireo: cannot start: `)]);
  expect(refused.stderr).toContain(file);
});

/** The lines of the app itself among those of Chromium. */
function ownLines(stderr: string): string[] {
  return stderr.split('\n').filter((line) => line.startsWith('vireo:'));
}

async function pageProcess(app: LaunchedApp, page: string): Promise<number> {
  const pid = await app.electron.evaluate(({ webContents }, name) => webContents.getAllWebContents().find((contents) => contents.getURL().includes(name))?.getOSProcessId(), page);
  expect(pid).toBeGreaterThan(0);
  return pid!;
}

