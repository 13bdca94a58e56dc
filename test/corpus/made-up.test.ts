/** Definitions that the codecs' own generators make up, through everything: whatever they say is kept, and run or refused. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { examineDocument } from '../../conformance/examine-document.ts';
import { arbitraryOf } from '../../core/conf/codec/codec.arbitrary.ts';
import type { DeviceDefinition } from '../../core/conf/device-definition.ts';
import { type DomainDefinition, domainHeadCodec, domainTailCodec } from '../../core/conf/domain-definition.ts';
import { formatDomain, parseDomain } from '../../core/devices/domain-xml.ts';
import { deviceKinds, inDeviceOrder, moduleOf } from '../../core/devices/registry.ts';
import { recordedCapabilities } from '../golden/golden-launch.ts';
import { propertyRuns, propertyTimeoutMs } from '../support/property-runs.ts';

const emulators = [{ capabilities: await recordedCapabilities(), installed: false }];
const plain = parseDomain("<domain type='qemu'><name>x</name><memory unit='MiB'>256</memory><os><type arch='x86_64' machine='q35'>hvm</type></os></domain>");

/** The first thing that no document may do; null for a document that is kept and either rendered or refused with a reason. */
function complaint(definition: DomainDefinition): string | null {
  const xml = formatDomain(definition, { form: 'inactive', secure: true });
  const { crash, refused } = examineDocument(xml, { emulators, firmware: [], runFolder: '/tmp/x', exists: () => false });
  const found = crash ?? (refused?.step === 'parse' ? refused.message : null);
  return found === null ? null : `${found}\n${xml}`;
}

const device = fc.oneof(...deviceKinds.map((kind) => arbitraryOf(moduleOf({ kind }).codec).map((value) => ({ kind, ...value }) as DeviceDefinition)));

test('a plain domain with any devices', () => {
  fc.assert(fc.property(fc.array(device, { maxLength: 4 }), (devices) => {
    expect(complaint({ ...plain, devices: inDeviceOrder(devices) })).toBeNull();
  }), { numRuns: propertyRuns(200) });
}, propertyTimeoutMs(60_000));

test('any domain without devices', () => {
  const definition = fc.tuple(arbitraryOf(domainHeadCodec), arbitraryOf(domainTailCodec)).map(([head, tail]): DomainDefinition => ({ ...plain, ...head, ...tail, type: 'qemu', id: null, os: { ...head.os, type: plain.os.type } }));
  fc.assert(fc.property(definition, (value) => {
    expect(complaint(value)).toBeNull();
  }), { numRuns: propertyRuns(75) });
}, propertyTimeoutMs(60_000));
