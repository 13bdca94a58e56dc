import { readdir, readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { examineDocument } from '../../conformance/examine-document.ts';
import { recordedCapabilities } from '../golden/golden-launch.ts';
import { fuzz } from './fuzz.ts';
import { mutateText } from './mutate-text.ts';
import { Random } from './random.ts';
import { propertyRuns, propertyTimeoutMs } from '../support/property-runs.ts';

const folders = ['../corpus/virt-install/', '../golden/cases/'].map((folder) => new URL(folder, import.meta.url));

async function documents(): Promise<readonly string[]> {
  const files = await Promise.all(folders.map(async (folder) => (await readdir(folder)).filter((name) => name.endsWith('.xml')).toSorted().map((name) => new URL(name, folder))));
  return Promise.all(files.flat().map((file) => readFile(file, 'utf8')));
}

test('hundreds of damaged definitions are refused with a line, or kept without loss', async () => {
  const emulators = [{ capabilities: await recordedCapabilities(), installed: false }];
  const examine = (xml: string) => {
    const begunMs = performance.now();
    const found = examineDocument(xml, { emulators, firmware: [], runFolder: '/tmp/x', exists: () => false });
    return Promise.resolve({ found, milliseconds: performance.now() - begunMs });
  };
  const result = await fuzz({ documents: await documents(), runs: propertyRuns(400), seed: 20_240_601, examine });
  expect(result.findings.map(({ run, what }) => `${run}: ${what}`)).toEqual([]);
  expect(Math.min(result.accepted, result.refused)).toBeGreaterThan(20);
}, propertyTimeoutMs(60_000));

test('the same seed gives the same inputs', () => {
  const some = (seed: number) => Array.from({ length: 5 }, ((random) => () => mutateText('<domain type="kvm"/>', random))(new Random(seed)));
  expect(some(7)).toEqual(some(7));
  expect(some(7)).not.toEqual(some(8));
});
