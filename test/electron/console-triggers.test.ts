/** What is waited for on a console: added in the window before the guest runs, told by a notification, changed and removed. */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Locator } from '@playwright/test';
import { expect, test } from 'vitest';
import { bootGuestXml } from '../support/boot-guest.ts';
import { bootSectorImage } from '../support/boot-sector.ts';
import { openAppBench } from '../support/electron-app.ts';
import { TestDesktop } from '../support/electron-bus.ts';
import { eventually } from '../support/electron-processes.ts';
import { domainRow, selectDomain } from '../support/electron-screen.ts';

const screenMs = 40_000;

async function patternSays(dialog: Locator, pattern: string, words: string): Promise<void> {
  await dialog.getByRole('textbox', { name: 'Pattern' }).fill(pattern);
  await dialog.getByRole('status').filter({ hasText: words }).waitFor();
}

test('a trigger added in the window is told by a notification in its words when the guest writes it, and is changed from the console', async () => {
  using desktop = await TestDesktop.open();
  await using bench = await openAppBench();
  const app = await bench.launch();
  const main = await app.main();
  const backend = await bench.connect();
  const disk = path.join(bench.layout.root, 'boot.raw');
  await writeFile(disk, bootSectorImage());
  await backend.call('domainDefineXML', { xml: bootGuestXml(disk, { name: 'boot' }) });
  const triggers = async () => (await backend.call('domainGetConsoleTriggers', { domain: 'boot' })).triggers;

  await domainRow(main, 'boot').waitFor();
  await selectDomain(main, 'boot');
  await main.getByRole('tab', { name: 'Consoles' }).click();
  await main.getByRole('button', { name: 'Triggers…' }).click();
  const dialog = main.getByRole('alertdialog');
  await dialog.getByText('Nothing is waited for yet.').waitFor();
  await main.keyboard.press('Enter'); // Add has the keyboard
  await dialog.getByRole('heading', { name: 'Add a trigger' }).waitFor();
  await dialog.getByLabel('Kind').selectOption({ label: 'Regular expression' });
  await patternSays(dialog, 'SECTOR-(', 'No regular expression yet');
  expect(await dialog.getByRole('button', { name: 'Add' }).isDisabled()).toBe(true);
  await patternSays(dialog, 'SECTOR-RE.*Y', 'A regular expression of JavaScript');
  await dialog.getByRole('textbox', { name: 'The notification says' }).fill('It is up');
  await main.keyboard.press('Enter');
  await dialog.getByRole('listitem').filter({ hasText: '/SECTOR-RE.*Y/' }).waitFor();
  expect(await triggers()).toMatchObject([{ pattern: 'SECTOR-RE.*Y', kind: 'regex', words: 'It is up', device: null }]);

  await backend.call('domainCreate', { domain: 'boot' });
  await eventually('a notification comes', async () => desktop.notifications.length > 0, screenMs);
  expect(desktop.notifications).toMatchObject([{ title: 'boot: It is up', body: 'BOOT-SECTOR-READY' }]);
  await dialog.getByRole('listitem').filter({ hasText: /Last told .*: BOOT-SECTOR-READY/ }).waitFor();
  await main.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });

  const page = await app.windowOpenedBy(() => main.getByRole('button', { name: 'Console', exact: true }).click());
  await page.getByRole('button', { name: 'Menu', exact: true }).click();
  await page.getByRole('menuitem', { name: 'Triggers…' }).click();
  const beside = page.getByRole('alertdialog');
  await beside.getByRole('button', { name: 'Edit SECTOR-RE.*Y' }).click();
  await beside.getByLabel('Console').selectOption({ label: 'ttyS0' });
  await beside.getByRole('button', { name: 'Save' }).click();
  await beside.getByRole('listitem').filter({ hasText: 'on ttyS0' }).waitFor();
  await beside.getByRole('checkbox', { name: 'Wait for SECTOR-RE.*Y' }).press('Space');
  await eventually('it is off', async () => (await triggers())[0]?.enabled === false, screenMs);
  expect(await triggers()).toMatchObject([{ device: 'ttyS0', enabled: false, words: 'It is up' }]);
  await beside.getByRole('button', { name: 'Remove SECTOR-RE.*Y' }).click();
  await beside.getByText('Nothing is waited for yet.').waitFor();
  expect(await triggers()).toEqual([]);
  await backend.call('domainDestroy', { domain: 'boot' });
});
