import { beforeAll, describe, expect, test } from 'vitest';
import type { QemuCapabilities } from '../../capabilities/qemu-capabilities.ts';
import { parseXml } from '../../xml/parse-xml.ts';
import { recordedCapabilities } from '../../../test/golden/golden-launch.ts';
import { deviceVocabulary } from './device-vocabulary.ts';
import { TrialDomain } from './trial-domain.ts';

let capabilities: QemuCapabilities;

beforeAll(async () => {
  capabilities = await recordedCapabilities();
});

describe('a trial', () => {
  const trial = () => new TrialDomain(capabilities, 'pc-q35-7.2', 'tcg');

  test('accepts a bare domain, and one of several variants is enough', async () => {
    expect(await trial().accepts([{}])).toBe(true);
    expect(await trial().accepts([{ devices: '<teleporter/>' }, {}])).toBe(true);
  });

  test.each([
    ['an element that the driver does not know', { devices: '<teleporter/>' }],
    ['an attribute that the driver does not know', { devices: "<rng model='virtio' speed='9'><backend model='builtin'/></rng>" }],
    ['a value that the driver does not know', { devices: "<video><model type='crt'/></video>" }],
    ['what the driver refuses by a check', { devices: "<disk type='file' device='lun'><source file='/f'/><target dev='sda' bus='scsi'/></disk>" }],
    ['what the command line cannot express', { domain: "<cpu mode='host-passthrough'/>" }],
  ])('refuses %s', async (_, parts) => {
    expect(await trial().accepts([parts])).toBe(false);
  });

  test('does not take a defect of the driver for a refusal', async () => {
    const broken = { ...capabilities, deviceTypes: null as unknown as ReadonlySet<string> };
    await expect(new TrialDomain(broken, 'pc-q35-7.2', 'tcg').accepts([{ devices: '<rng><backend model="builtin"/></rng>' }])).rejects.toThrow(TypeError);
  });
});

test('every variant of the vocabulary is well-formed XML', () => {
  const variants = deviceVocabulary.flatMap(({ enums }) => enums.flatMap(({ values, variants: of }) => values.flatMap(of)));
  expect(variants.length).toBeGreaterThan(150);
  for (const { devices = '', domain = '' } of variants) expect(() => parseXml(`<domain>${domain}<devices>${devices}</devices></domain>`, { source: 'variant' })).not.toThrow();
});
