/** ISA (E4): addresses are the boards' customs and are not given out; but two devices cannot listen at one port. */
import { VireoError } from '../base/errors.ts';
import type { DeviceDefinition } from '../conf/device-definition.ts';
import type { DomainSurroundings } from '../devices/device-module.ts';
import { pluggedInto } from './bus-of-device.ts';

/** Answers with the devices as they are. Throws XML_ERROR for a port that two devices name. */
export function assignIsa(domain: DomainSurroundings): readonly DeviceDefinition[] {
  const used = new Map<number, string>();
  for (const { device, name } of pluggedInto('isa', domain)) {
    const port = device.address?.type === 'isa' ? device.address.iobase : null;
    if (port === null || port === 0) continue;
    const other = used.get(port);
    if (other !== undefined) throw new VireoError('XML_ERROR', `ISA port 0x${port.toString(16)} is used by both ${other} and ${name}`);
    used.set(port, name);
  }
  return domain.definition.devices;
}
