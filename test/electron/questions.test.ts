/** What the window asks and answers around a domain that cannot start, is undefined, or is still being written. */
import { access, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Locator, Page } from '@playwright/test';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Client } from '../../core/api/client.ts';
import { type AppBench, openAppBench } from '../support/electron-app.ts';
import { domainRow, selectDomain } from '../support/electron-screen.ts';

let bench: AppBench;
let main: Page;
let backend: Client;

beforeAll(async () => {
  bench = await openAppBench();
  main = await (await bench.launch()).main();
  backend = await bench.connect();
});
afterAll(async () => {
  await bench[Symbol.asyncDispose]();
});

const variables = (name: string): string => path.join(bench.layout.root, 'nvram', `${name}.fd`);

/** A domain with firmware variables in a file of their own, and two disks that are not there. */
async function define(name: string): Promise<void> {
  await mkdir(path.dirname(variables(name)), { recursive: true });
  await writeFile(variables(name), 'variables');
  const disks = ['a', 'b'].map((letter) => `<disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='/nowhere/${letter}.img'/><target dev='vd${letter}' bus='virtio'/></disk>`).join('');
  const firmware = `<os><type arch='x86_64' machine='q35'>hvm</type><loader readonly='yes' type='pflash'>/nowhere/code.fd</loader><nvram>${variables(name)}</nvram></os><features><acpi/></features>`;
  await backend.call('domainDefineXML', { xml: `<domain type='qemu'><name>${name}</name><memory unit='MiB'>64</memory>${firmware}<devices>${disks}</devices></domain>` });
  await domainRow(main, name).waitFor();
}

const isThere = async (file: string): Promise<boolean> => await access(file).then(() => true, () => false);

async function askToUndefine(name: string): Promise<Locator> {
  await selectDomain(main, name);
  await main.getByRole('button', { name: 'More actions' }).click();
  await main.getByRole('menuitem', { name: 'Undefine' }).click();
  const dialog = main.getByRole('alertdialog', { name: `Undefine ${name}?` });
  await dialog.getByText('Also delete its firmware variables').waitFor();
  return dialog;
}

test('a start that is refused lists all that is missing, and the reason stays with the domain', async () => {
  await define('lacking');
  await selectDomain(main, 'lacking');
  await main.getByRole('button', { name: 'Start', exact: true }).click();
  const told = main.getByRole('alert').filter({ hasText: 'lacking was not started' });
  for (const file of ['/nowhere/a.img', '/nowhere/b.img']) await told.getByRole('listitem').filter({ hasText: file }).waitFor();
  await told.getByRole('button', { name: 'Dismiss' }).click();
  await told.waitFor({ state: 'detached' });
  await main.getByText(/The last start failed: \d+ things that it needs are missing/).waitFor();
  await main.getByRole('button', { name: 'Show', exact: true }).click();
  await told.getByRole('button', { name: 'Dismiss' }).click();
  await told.waitFor({ state: 'detached' });
});

test('firmware variables outlive their domain unless the box is ticked; Escape goes back to where the question came from', async () => {
  await define('kept');
  await define('deleted');
  await (await askToUndefine('kept')).getByRole('button', { name: 'Undefine' }).click();
  await domainRow(main, 'kept').waitFor({ state: 'detached' });

  await askToUndefine('deleted');
  await main.keyboard.press('Escape');
  await main.getByRole('button', { name: 'More actions' }).and(main.locator(':focus')).waitFor();
  const dialog = await askToUndefine('deleted');
  await dialog.getByText('Also delete its firmware variables').click();
  await dialog.getByRole('button', { name: 'Undefine' }).click();
  await domainRow(main, 'deleted').waitFor({ state: 'detached' });
  expect([await isThere(variables('kept')), await isThere(variables('deleted'))]).toEqual([true, false]);
});

test('a draft that was left for another view is gone on with', async () => {
  await selectDomain(main, 'lacking');
  await main.getByRole('button', { name: 'New' }).first().click();
  await main.getByRole('menuitem', { name: 'Create a domain' }).click();
  const editor = main.getByRole('textbox', { name: 'Domain definition' });
  await editor.fill("<domain type='qemu'><name>half");
  await selectDomain(main, 'lacking');
  await main.getByRole('button', { name: 'New' }).first().click();
  await main.getByRole('menuitem', { name: 'Go on with your draft' }).click();
  await editor.filter({ hasText: '<name>half' }).waitFor();
});
