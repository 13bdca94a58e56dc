/** The app's own binary as the screenless host, which is what a package hands its guests to. */
import { expect, test } from 'vitest';
import { openAppBench } from '../support/electron-app.ts';
import { eventually } from '../support/electron-processes.ts';

test('--host serves without a display, a window or a page, until an app takes its guests over', async () => {
  await using bench = await openAppBench();
  const ended = bench.launchToEnd({ args: ['--host', '--ozone-platform=headless'], env: { DISPLAY: '', WAYLAND_DISPLAY: '' } });
  const client = await bench.connect();
  expect((await client.call('hostGetStatus', {})).role).toBe('host');
  await client.call('sampleGuestDefine', { name: 'sample' });
  const { pid } = await client.call('domainCreate', { domain: 'sample' });
  expect((await bench.processes()).filter(({ words }) => words.includes('--type=renderer'))).toEqual([]);

  const app = await bench.launch();
  const main = await app.main();
  await main.getByRole('treegrid', { name: 'Domains' }).getByRole('row').filter({ hasText: 'running' }).waitFor();
  expect((await ended).exitCode).toBe(0);
  const backend = await bench.connect();
  expect([(await backend.call('hostGetStatus', {})).role, (await backend.call('domainLookup', { domain: 'sample' })).pid]).toEqual(['app', pid]);
  await backend.call('domainDestroy', { domain: 'sample' });
});

test('a signal ends the screenless app well, and its guest runs on', async () => {
  await using bench = await openAppBench();
  const ended = bench.launchToEnd({ args: ['--host', '--ozone-platform=headless'], env: { DISPLAY: '', WAYLAND_DISPLAY: '' } });
  const client = await bench.connect();
  const host = (await client.call('hostGetStatus', {})).pid;
  await client.call('sampleGuestDefine', { name: 'sample' });
  const { pid } = await client.call('domainCreate', { domain: 'sample' });
  process.kill(host, 'SIGTERM');
  expect((await ended).exitCode).toBe(0);
  expect((await bench.qemuProcesses()).map((found) => found.pid)).toEqual([pid]);
  process.kill(pid!, 'SIGKILL');
  await eventually('nothing is left', async () => (await bench.processes()).length === 0, 10_000);
});
