/** Guests that start with the session, as the app does it and tells of it. */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { bootSectorImage } from '../support/boot-sector.ts';
import { openAppBench } from '../support/electron-app.ts';
import { TestDesktop } from '../support/electron-bus.ts';
import { eventually } from '../support/electron-processes.ts';
import { domainRow } from '../support/electron-screen.ts';

const xml = (name: string, disk: string): string =>
  `<domain type='qemu'><name>${name}</name><memory unit='MiB'>16</memory><os><type arch='x86_64' machine='pc'>hvm</type></os><devices><disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='${disk}'/><target dev='hda' bus='ide'/></disk></devices></domain>`;

test('after a boot the app starts what is marked, and tells of what it could not start', async () => {
  using desktop = await TestDesktop.open();
  await using bench = await openAppBench();
  const disk = path.join(bench.layout.root, 'boot.raw');
  await writeFile(disk, bootSectorImage());
  const first = await bench.launch();
  const client = await bench.connect();
  for (const [name, file] of [['broken', '/nowhere/to/be.raw'], ['sound', disk]] as const) {
    await client.call('domainDefineXML', { xml: xml(name, file) });
    await client.call('domainSetAutostart', { domain: name, autostart: true });
  }
  client.close();
  await first.quit();
  await writeFile(path.join(bench.layout.root, 'autostart-done.json'), JSON.stringify({ version: 1, boot: 'an earlier one' }));

  const second = await bench.launch();
  const main = await second.main();
  await domainRow(main, 'sound').filter({ hasText: 'running' }).waitFor();
  await eventually('the failure is told', async () => desktop.notifications.length > 0, 20_000);
  expect(desktop.notifications).toMatchObject([{ title: 'broken was not started', body: expect.stringContaining("'broken' was not started with this computer's session") }]);
  desktop.clickNotification(desktop.notifications[0]!.id);
  await main.getByRole('heading', { name: 'broken' }).waitFor();
  await (await bench.connect()).call('domainDestroy', { domain: 'sound' });
});
