/** Definitions as virt-install makes them (`node scripts/generate/virt-install-corpus.mjs`), through everything. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { examineDocument, type ExaminedDocument } from '../../conformance/examine-document.ts';
import { checkSchema, findSchema } from '../../conformance/schema-check.ts';
import { recordedCapabilities } from '../golden/golden-launch.ts';

const folder = new URL('./virt-install/', import.meta.url);
const names = (await readdir(folder)).filter((name) => name.endsWith('.xml')).toSorted();
/** What a QEMU without hardware acceleration and without firmware cannot run. */
const refusals: Readonly<Record<string, RegExp>> = {
  'cpu-host-passthrough.xml': /'host-passthrough' needs hardware acceleration/,
  'memory-hotplug.xml': /'host-passthrough' needs hardware acceleration/,
  'launch-security.xml': /'efi' firmware/,
  'uefi.xml': /'efi' firmware/,
  'uefi-secure.xml': /'efi' firmware/,
};
/** Of libvirt 9.0, which cannot know what came later. */
const newerThanSchema = new Set(['cpu-host-passthrough.xml']);

const found = new Map<string, ExaminedDocument>();
beforeAll(async () => {
  const emulators = [{ capabilities: await recordedCapabilities(), installed: false }];
  for (const name of names) {
    found.set(name, examineDocument(await readFile(new URL(name, folder), 'utf8'), { emulators, firmware: [], runFolder: '/tmp/x', exists: () => false }));
  }
});

test('there are enough of them', () => {
  expect(names.length).toBeGreaterThanOrEqual(40);
});

describe.each(names)('%s', (name) => {
  test('is understood wholly, kept without loss, and rendered or refused with the reason', () => {
    const { crash, unknown, roundTrip, stable, refused } = found.get(name) as ExaminedDocument;
    expect({ crash, unknown, roundTrip, stable }).toEqual({ crash: null, unknown: [], roundTrip: true, stable: true });
    if (refusals[name]) expect(refused?.message).toMatch(refusals[name]);
    else expect(refused).toBeNull();
  });
});

describe('written again', () => {
  let scratch: string;
  beforeAll(async () => void (scratch = await mkdtemp('/tmp/vireo-')));
  afterAll(() => rm(scratch, { recursive: true, force: true }));

  test('they follow the schema of libvirt that is installed', async ({ skip }) => {
    const schema = await findSchema(null);
    if (schema === null) return skip('no schema of libvirt is installed');
    const documents = new Map(names.filter((name) => !newerThanSchema.has(name)).map((name) => [name, found.get(name)?.formatted ?? '']));
    const checked = await checkSchema(documents, schema, scratch);
    if (checked === null) return skip('xmllint is not installed');
    expect(Object.fromEntries([...checked].filter(([, error]) => error !== null))).toEqual({});
  });
});
