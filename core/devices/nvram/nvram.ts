/** `<nvram>`: where the variables of a pSeries machine's firmware sit on its virtual I/O bus. */
import { VireoError } from '../../base/errors.ts';
import { type Infer, object } from '../../conf/codec/codec.ts';
import { deviceFields } from '../../conf/device-address.ts';
import { devicesOf } from '../../conf/device-definition.ts';
import { plain } from '../command-fragment.ts';
import type { DeviceModule } from '../device-module.ts';
import { requireDeviceType } from '../require-device-type.ts';

const nvramCodec = object(deviceFields);

declare module '../../conf/device-definition.ts' {
  interface DeviceDefinitions {
    nvram: Infer<typeof nvramCodec>;
  }
}

const defaultReg = 0x3000n;

export const nvramModule: DeviceModule<'nvram'> = {
  kind: 'nvram',
  codec: nvramCodec,
  defaults: (nvram) => nvram,
  domainDefaults: 'none',
  validate({ address }, { definition, board, capabilities }) {
    if (board.name !== 'pseries') throw new VireoError('CONFIG_UNSUPPORTED', `nvram: only pSeries machines have it, not '${definition.os.type.machine}'`);
    if (devicesOf(definition.devices, 'nvram').length > 1) throw new VireoError('XML_ERROR', 'nvram: a domain has one at most');
    if (address && address.type !== 'spapr-vio') throw new VireoError('XML_ERROR', `nvram: its address is of type 'spapr-vio', not '${address.type}'`);
    requireDeviceType(capabilities, 'spapr-nvram', 'nvram');
  },
  address: () => ({ type: 'spapr-vio', defaultReg }),
  alias: (_, number) => number('nvram'),
  abi: { alias: 'may-change', address: 'same' },
  prepare: 'nothing',
  commandLine({ address }) {
    const reg = address?.type === 'spapr-vio' ? (address.reg ?? defaultReg) : defaultReg;
    return [plain('global', `spapr-nvram.reg=0x${reg.toString(16)}`)];
  },
  boots: () => 'none',
  hostNeeds: 'none',
  sideProcesses: 'none',
  hotplug: 'unsupported',
  live: 'none',
  label: () => 'firmware variables',
};
