/** Registers of pSeries' virtual I/O devices (E4): from the kind's own first one upwards, one page apart, as libvirt and QEMU do. */
import { VireoError } from '../base/errors.ts';
import type { AddressOf } from '../conf/device-address.ts';
import type { DeviceDefinition } from '../conf/device-definition.ts';
import type { DomainSurroundings } from '../devices/device-module.ts';
import { pluggedInto } from './bus-of-device.ts';
import { withAddresses } from './with-addresses.ts';

const step = 0x1000n;
const maximumRegister = 0xffff_ffffn;

export function assignSpaprVio(domain: DomainSurroundings): readonly DeviceDefinition[] {
  const devices = pluggedInto('spapr-vio', domain);
  const used = new Map<bigint, string>();
  for (const { device, name } of devices) {
    const given = registerOf(device);
    if (given === null) continue;
    const other = used.get(given);
    if (other !== undefined) throw new VireoError('XML_ERROR', `spapr-vio register 0x${given.toString(16)} is used by both ${other} and ${name}`);
    used.set(given, name);
  }
  const nextOf = new Map<bigint, bigint>();
  const addresses = new Map<DeviceDefinition, AddressOf<'spapr-vio'>>();
  for (const { device, need, name } of devices) {
    if (registerOf(device) !== null) continue;
    let register = nextOf.get(need.defaultReg) ?? need.defaultReg;
    while (used.has(register)) register += step;
    if (register > maximumRegister) throw new VireoError('CONFIG_UNSUPPORTED', `no spapr-vio register is left for ${name}`);
    used.set(register, name);
    nextOf.set(need.defaultReg, register + step);
    addresses.set(device, { type: 'spapr-vio', reg: register });
  }
  return withAddresses(domain.definition.devices, addresses);
}

function registerOf({ address }: DeviceDefinition): bigint | null {
  return address?.type === 'spapr-vio' ? address.reg : null;
}
