/** Device numbers of the channel subsystem of s390x (E3): `cssid.ssid.devno`, for virtio devices. */
import { VireoError } from '../base/errors.ts';
import type { CcwAddress } from '../conf/device-address.ts';
import type { DeviceDefinition } from '../conf/device-definition.ts';
import type { DomainSurroundings } from '../devices/device-module.ts';
import { pluggedInto } from './bus-of-device.ts';
import { withAddresses } from './with-addresses.ts';

/** The channel subsystem that was once the only one for virtual devices, and is still the usual one. */
const virtioSubsystem = 0xfe;
const devicesPerSet = 0x1_0000;
const subchannelSets = 4;

export function assignCcw(domain: DomainSurroundings): readonly DeviceDefinition[] {
  const devices = pluggedInto('ccw', domain);
  const used = new Map<string, string>();
  for (const { device, name } of devices) {
    const given = givenAddress(device);
    if (!given) continue;
    const other = used.get(keyOf(given));
    if (other !== undefined) throw new VireoError('XML_ERROR', `CCW device number ${keyOf(given)} is used by both ${other} and ${name}`);
    used.set(keyOf(given), name);
  }
  let next = 0;
  const addresses = new Map<DeviceDefinition, CcwAddress>();
  for (const { device, name } of devices) {
    if (givenAddress(device)) continue;
    while (used.has(keyOf(numbered(next)))) next += 1;
    if (next >= subchannelSets * devicesPerSet) throw new VireoError('CONFIG_UNSUPPORTED', `no CCW device number is left for ${name}`);
    addresses.set(device, numbered(next));
    next += 1;
  }
  return withAddresses(domain.definition.devices, addresses);
}

function numbered(number: number): CcwAddress {
  return { type: 'ccw', cssid: virtioSubsystem, ssid: Math.floor(number / devicesPerSet), devno: number % devicesPerSet };
}

/** `<address type='ccw'/>` asks for an address. */
function givenAddress({ address }: DeviceDefinition): CcwAddress | null {
  return address?.type === 'ccw' && address.devno !== null ? address : null;
}

function keyOf({ cssid, ssid, devno }: CcwAddress): string {
  return `${(cssid ?? 0).toString(16)}.${ssid ?? 0}.${(devno ?? 0).toString(16).padStart(4, '0')}`;
}
