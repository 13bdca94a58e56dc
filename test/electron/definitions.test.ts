/** Definitions in the window: what the editor says while one types, and an import of a folder of libvirt's. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { openAppBench } from '../support/electron-app.ts';
import { domainRow } from '../support/electron-screen.ts';

const domain = (name: string, inside = ''): string =>
  `<domain type='qemu'>\n<name>${name}</name>\n<memory unit='MiB'>64</memory>\n${inside}<os><type arch='x86_64' machine='q35'>hvm</type></os>\n</domain>\n`;

test('the XML tab marks errors and what is not understood in their lines while one types', async () => {
  await using bench = await openAppBench();
  const app = await bench.launch();
  const main = await app.main();
  const backend = await bench.connect();
  await backend.call('domainDefineXML', { xml: domain('typed') });
  await domainRow(main, 'typed').click();
  await main.getByRole('tab', { name: 'XML' }).click();
  await main.getByRole('button', { name: 'Edit' }).click();
  const editor = main.getByRole('textbox', { name: 'Definition of typed' });
  await editor.fill(domain('typed', '<mood/>\n'));
  await main.getByRole('note').filter({ hasText: 'domain/mood is kept but not understood' }).waitFor();
  await editor.fill(domain('typed', '<vcpu>none</vcpu>\n'));
  await main.getByRole('alert').filter({ hasText: "'none'" }).waitFor();
  expect(await main.locator('.cm-fault-line.error').textContent()).toBe('<vcpu>none</vcpu>');
  await editor.fill(domain('typed', '<vcpu>2</vcpu>\n'));
  await main.getByRole('alert').waitFor({ state: 'detached' });
  await main.getByRole('button', { name: 'Define' }).click();
  await main.getByRole('button', { name: 'Edit' }).waitFor();
  expect((await backend.call('domainLookup', { domain: 'typed' })).vcpus).toBe(2);
});

test('a folder of libvirt is imported after its report was read', async () => {
  const folder = await mkdtemp('/tmp/vireo-');
  try {
    await writeFile(`${folder}/good.xml`, domain('good'));
    await writeFile(`${folder}/bad.xml`, domain('bad', '<vcpu>none</vcpu>'));
    await using bench = await openAppBench();
    const app = await bench.launch();
    const main = await app.main();
    // The dialog is the system's own and cannot be pressed by a test.
    await app.electron.evaluate(({ dialog }, path) => {
      dialog.showOpenDialog = () => Promise.resolve({ canceled: false, filePaths: [path] });
    }, folder);
    await main.getByRole('button', { name: 'New' }).first().click();
    await main.getByRole('menuitem', { name: 'Import from libvirt' }).click();
    const files = main.getByRole('list', { name: 'Files' });
    await files.getByText('Can be imported').waitFor();
    await files.getByText(/Refused: .*'none'/).waitFor();
    await main.getByRole('button', { name: 'Import 1 domain' }).click();
    await files.getByText('Imported', { exact: true }).waitFor();
    await domainRow(main, 'good').waitFor();
    if (process.env['VIREO_TEST_PICTURE']) await main.screenshot({ path: process.env['VIREO_TEST_PICTURE'] });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
