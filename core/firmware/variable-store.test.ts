import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { OsDefinition } from '../conf/os.ts';
import { parseDomain } from '../devices/domain-xml.ts';
import { prepareVariableStore, variableStorePath } from './variable-store.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp('/tmp/vireo-');
  await writeFile(path.join(folder, 'template'), 'fresh');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

function os(nvram: string): OsDefinition {
  const xml = `<domain type='qemu'><name>x</name><memory>1</memory><os><type>hvm</type><loader readonly='yes' type='pflash'>/code.fd</loader>${nvram}</os></domain>`;
  return parseDomain(xml).os;
}

const withTemplate = (): OsDefinition => os(`<nvram template='${folder}/template'>${folder}/nvram/x.fd</nvram>`);

test('begins as the template, for its owner alone, and is left alone afterwards', async () => {
  await prepareVariableStore(withTemplate());
  const file = variableStorePath(withTemplate()) as string;
  expect([await readFile(file, 'utf8'), (await stat(file)).mode & 0o777]).toEqual(['fresh', 0o600]);
  await writeFile(file, 'used');
  await prepareVariableStore(withTemplate());
  expect(await readFile(file, 'utf8')).toBe('used');
  await prepareVariableStore(withTemplate(), { reset: true });
  expect(await readFile(file, 'utf8')).toBe('fresh');
  expect(await readdir(path.join(folder, 'nvram'))).toEqual(['x.fd']);
});

test('two starts at once agree on one', async () => {
  await Promise.all([prepareVariableStore(withTemplate()), prepareVariableStore(withTemplate())]);
  expect(await readdir(path.join(folder, 'nvram'))).toEqual(['x.fd']);
});

test.each([
  ['without a template', () => os(`<nvram>${folder}/nvram/x.fd</nvram>`), /no template is known for the loader '\/code\.fd'/],
  ['with one that is not there', () => os(`<nvram template='${folder}/gone'>${folder}/nvram/x.fd</nvram>`), /could not be made from '.*\/gone': ENOENT/],
  ['with one that has no end', () => os(`<nvram template='/dev/zero'>${folder}/nvram/x.fd</nvram>`), /'\/dev\/zero' is no ordinary file/],
  ['in another format', () => os(`<nvram template='${folder}/template' format='qcow2'>${folder}/nvram/x.fd</nvram>`), /are to have the format qcow2/],
])('%s it is refused, and nothing is left', async (_, definition, reason) => {
  await expect(prepareVariableStore(definition())).rejects.toThrow(reason);
  expect(await readdir(path.join(folder, 'nvram')).catch(() => [])).toEqual([]);
});

test('what is not a file is left to whoever keeps it', async () => {
  expect(variableStorePath(os("<nvram type='network'><source protocol='nbd' name='x'><host name='h'/></source></nvram>"))).toBeNull();
  expect(variableStorePath(os(''))).toBeNull();
});
