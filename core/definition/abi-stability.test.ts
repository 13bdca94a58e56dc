import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { complete, goldenFolder, recordedCapabilities } from '../../test/golden/golden-launch.ts';
import { readFile } from 'node:fs/promises';
import { VireoError } from '../base/errors.ts';
import { arbitraryOf } from '../conf/codec/codec.arbitrary.ts';
import type { AbiVerdict } from '../conf/abi-verdict.ts';
import type { DeviceDefinition } from '../conf/device-definition.ts';
import { domainAbi } from '../conf/domain-abi.ts';
import { type DomainDefinition, domainHeadCodec } from '../conf/domain-definition.ts';
import { parseDomain } from '../devices/domain-xml.ts';
import { deviceKinds, moduleOf } from '../devices/registry.ts';
import { type FieldPath, withPartAt } from './abi-difference.ts';
import { checkAbiStability } from './abi-stability.ts';

const bare = parseDomain("<domain type='qemu'><name>x</name><memory>1024</memory><os><type>hvm</type></os></domain>");

function refusal(source: DomainDefinition, target: DomainDefinition): string | null {
  try {
    checkAbiStability(source, target);
    return null;
  } catch (error) {
    if (error instanceof VireoError && error.code === 'CONFIG_UNSUPPORTED') return error.message;
    throw error;
  }
}

interface Leaf {
  readonly path: FieldPath;
  readonly changed: unknown;
}

/** Every part of a value that can be another one, with that other one. */
function leavesOf(value: unknown, path: FieldPath = []): readonly Leaf[] {
  switch (typeof value) {
    case 'string':
      return [{ path, changed: `${value}x` }];
    case 'number':
      return [{ path, changed: value + 1 }];
    case 'bigint':
      return [{ path, changed: value + 1n }];
    case 'boolean':
      return [{ path, changed: !value }];
  }
  if (value === null || value === undefined || value instanceof Map) return [];
  const parts = Array.isArray(value) ? [...value.entries()] : Object.entries(value);
  return parts.filter(([name]) => name !== 'kind').flatMap(([name, part]) => leavesOf(part, [...path, name] as FieldPath));
}

function verdictAt(verdict: AbiVerdict, path: FieldPath): AbiVerdict {
  const [name, ...rest] = path;
  if (typeof verdict === 'string' || name === undefined) return verdict === 'may-change' ? 'may-change' : 'same';
  return typeof name === 'number' ? verdictAt(verdict, rest) : verdictAt(verdict[name] ?? 'same', rest);
}

/** Changing one part is caught exactly where its verdict says so. */
function everyChangeIsJudged(value: object, verdict: AbiVerdict, around: (value: object) => DomainDefinition): void {
  expect(refusal(around(value), around(value))).toBeNull();
  for (const { path, changed } of leavesOf(value)) {
    const found = refusal(around(value), around(withPartAt(value, path, changed) as object));
    expect({ path, caught: found !== null }).toEqual({ path, caught: verdictAt(verdict, path) === 'same' });
  }
}

describe('a change of one field is caught where the guest can see it, and only there', () => {
  test.each(deviceKinds)('of a %s', (kind) => {
    const { codec, abi } = moduleOf({ kind });
    fc.assert(fc.property(arbitraryOf(codec), (value) => {
      everyChangeIsJudged(value, abi, (device) => ({ ...bare, devices: [{ kind, ...device } as DeviceDefinition] }));
    }), { numRuns: 10 });
  });

  test('of the domain itself', () => {
    fc.assert(fc.property(arbitraryOf(domainHeadCodec), (head) => {
      everyChangeIsJudged({ ...head, metadata: null }, domainAbi as AbiVerdict, (changed) => ({ ...bare, ...changed }));
    }), { numRuns: 3 });
  });
});

test.each(['sample', 'desktop', 'pc', 'consoles'])('the completed golden definition %s takes its own place', async (name) => {
  const definition = complete(await readFile(`${goldenFolder}cases/${name}.xml`, 'utf8'), await recordedCapabilities());
  expect(refusal(definition, definition)).toBeNull();
});

describe('a refusal', () => {
  const domain = (inside: string, devices = ''): DomainDefinition =>
    parseDomain(`<domain type='qemu'><name>x</name><memory>1024</memory><os><type machine='pc'>hvm</type></os>${inside}<devices>${devices}</devices></domain>`);
  const disk = (address: string, serial = 'a', file = '/a'): string =>
    `<disk type='file'><source file='${file}'/><target dev='vda' bus='virtio'/><serial>${serial}</serial><address type='pci' slot='${address}'/></disk>`;

  test.each([
    [domain('<cpu><model>Nehalem</model></cpu>'), domain('<cpu><model>Haswell</model></cpu>'), "Target domain: element 'cpu/model' 'Haswell' does not match source 'Nehalem'"],
    [domain('<vcpu>2</vcpu>'), domain('<vcpu>4</vcpu>'), "Target domain: element 'vcpu' '4' does not match source '2'"],
    [domain('', disk('0x04')), domain('', disk('0x05')), "Target disk 1: attribute 'slot' of element 'devices/disk/address' '0x05' does not match source '0x04'"],
    [domain('', disk('0x04')), domain('', disk('0x04', 'b')), "Target disk 1: element 'devices/disk/serial' 'b' does not match source 'a'"],
    [domain('', disk('0x04')), domain(''), 'Target domain has 0 disk devices, which does not match source with 1'],
  ])('names the element and both values (%#)', (source, target, words) => {
    expect(refusal(source, target)).toBe(`unsupported configuration: ${words}`);
  });

  test('does not come for another place of the same image', () => {
    expect(refusal(domain('', disk('0x04', 'a', '/a')), domain('', disk('0x04', 'a', '/b')))).toBeNull();
  });
});
