/** The Events tab of a guest that was killed: what is asked for, the crash, and the way to all that is known of it. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { openAppBench } from '../support/electron-app.ts';
import { domainRow, selectDomain, startSample, statusSays } from '../support/electron-screen.ts';

test('the events of a domain show who started it and, after a kill -9 of QEMU, the signal, its last words and messages', async () => {
  await using bench = await openAppBench();
  const app = await bench.launch();
  const console = await startSample(app);
  await statusSays(console, 'You are writing');
  const main = await app.main();
  await selectDomain(main, 'sample');
  await main.getByRole('tab', { name: 'Events' }).click();
  const events = main.getByRole('listbox', { name: 'Events' });
  await events.getByText(/^Start, asked by window 1: done in/).waitFor();

  const backend = await bench.connect();
  await backend.call('domainSuspend', { domain: 'sample' });
  await events.getByText(/^Pause, asked by .*: done in/).waitFor(); // without anybody asking for it
  const { pid } = await backend.call('domainLookup', { domain: 'sample' });
  process.kill(pid!, 'SIGKILL');
  await domainRow(main, 'sample').filter({ hasText: 'shut off' }).waitFor();
  await events.getByText('Crashed. QEMU was ended by SIGKILL').waitFor();

  await main.getByRole('tab', { name: 'Overview' }).click();
  await main.getByText('The guest is gone. QEMU was ended by SIGKILL.').waitFor();
  await main.getByRole('button', { name: 'See what happened' }).click();
  const details = main.getByRole('region', { name: 'The chosen event' });
  await details.getByText('paused (user)').waitFor();
  await details.getByRole('heading', { name: "QEMU's last words" }).waitFor();
  await details.getByRole('list', { name: /^The last \d+ messages with QEMU$/ }).getByText('stop', { exact: true }).first().waitFor();

  await main.getByRole('button', { name: 'Actions', exact: true }).click();
  await events.getByText('Crashed. QEMU was ended by SIGKILL').waitFor({ state: 'detached' });
  await events.getByText(/^Start, asked by window 1/).waitFor();
  for (const row of await events.getByRole('option').allInnerTexts()) expect(row).toContain('Action');

  const file = path.join(bench.layout.root, 'events.txt');
  await app.electron.evaluate(({ dialog }, filePath) => {
    dialog.showSaveDialog = () => Promise.resolve({ canceled: false, filePath });
  }, file);
  await main.getByRole('button', { name: 'Export' }).click();
  await main.getByRole('menuitem', { name: 'As text' }).click();
  await main.getByText(/^\d+ events exported$/).waitFor();
  const lines = (await readFile(file, 'utf8')).trim().split('\n');
  expect(lines.every((line) => / {2}action {5}/.test(line))).toBe(true); // what the window shows, and no more
  expect(lines.at(-1)).toMatch(/Pause, asked by .*: done in/);
});
