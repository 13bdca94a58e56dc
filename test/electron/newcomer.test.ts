/** The first paragraph of the promise, with the real app, a real QEMU and the sample guest: screen and backend. */
import { expect, test } from 'vitest';
import { openAppBench } from '../support/electron-app.ts';
import { eventually, openFiles } from '../support/electron-processes.ts';
import { domainRow, forceOff, logIn, selectDomain, startSample, statusSays, terminalShows, terminalText, typeLine } from '../support/electron-screen.ts';

test('a newcomer starts the sample guest, logs in, watches, takes over, closes the app, comes back and finds it all', async () => {
  await using bench = await openAppBench();

  const first = await bench.launch();
  const writer = await startSample(first);
  await statusSays(writer, 'You are writing');
  await logIn(writer);
  await typeLine(writer, 'echo sum is $((40+2))');
  await terminalShows(writer, 'sum is 42');

  const backend = await bench.connect();
  const running = await backend.call('domainLookup', { domain: 'sample' });
  expect({ state: running.state, reason: running.reason }).toEqual({ state: 'running', reason: 'booted' });
  expect(running.consoles.find((console) => console.alias === 'serial0')?.writer?.label).toBe('window 2');
  const qemu = await bench.qemuProcesses();
  expect(qemu.map(({ pid }) => pid)).toEqual([running.pid]);
  const chromiumFiles = (await openFiles(running.pid!)).filter((file) => /\.pak|\.asar|snapshot|icudtl|org\.chromium|\/electron\//.test(file));
  expect(chromiumFiles).toEqual([]);

  const main = await first.main();
  await selectDomain(main, 'sample');
  await domainRow(main, 'sample').filter({ hasText: 'running' }).waitFor();
  const watcher = await first.windowOpenedBy(() => main.getByRole('button', { name: 'Console', exact: true }).click());
  await statusSays(watcher, /Watching.*window 2 writes/);
  await terminalShows(watcher, 'sum is 42');
  await typeLine(writer, 'echo seen by $((1+1))');
  await terminalShows(writer, 'seen by 2');
  await terminalShows(watcher, 'seen by 2');
  await eventually('both windows show the same', async () => (await terminalText(writer)).trim() === (await terminalText(watcher)).trim(), 10_000);

  await watcher.getByRole('button', { name: 'Take over' }).first().click();
  await statusSays(watcher, 'You are writing');
  await statusSays(writer, /window 3/);
  await writer.getByText(/window 3 took over/).first().waitFor();
  await typeLine(watcher, 'echo taken at $((6*7))');
  await terminalShows(writer, 'taken at 42');
  const taken = await backend.call('domainLookup', { domain: 'sample' });
  expect(taken.consoles.find((console) => console.alias === 'serial0')).toMatchObject({ writer: { label: 'window 3' }, watchers: 1 });

  await first.quit();
  const between = await bench.connect();
  const status = await between.call('hostGetStatus', {});
  expect(status.role).toBe('host');
  expect((await between.call('domainLookup', { domain: 'sample' })).pid).toBe(running.pid);

  const second = await bench.launch();
  const mainAgain = await second.main();
  await domainRow(mainAgain, 'sample').filter({ hasText: 'running' }).waitFor();
  await selectDomain(mainAgain, 'sample');
  const again = await second.windowOpenedBy(() => mainAgain.getByRole('button', { name: 'Console', exact: true }).click());
  await statusSays(again, 'You are writing');
  await terminalShows(again, 'taken at 42');
  await typeLine(again, 'echo back at $((50-8))');
  await terminalShows(again, 'back at 42');
  expect((await bench.qemuProcesses()).map(({ pid }) => pid)).toEqual([running.pid]);
  await eventually('the screenless host is gone', async () => (await bench.hostProcesses()).length === 0, 10_000);

  await forceOff(mainAgain, 'sample');
  const last = await bench.connect();
  const ended = await last.call('domainLookup', { domain: 'sample' });
  expect({ state: ended.state, reason: ended.reason, pid: ended.pid }).toEqual({ state: 'shut off', reason: 'destroyed', pid: null });
  expect(await bench.qemuProcesses()).toEqual([]);
  await second.quit();
  expect(await bench.processes()).toEqual([]);
}, 300_000);
