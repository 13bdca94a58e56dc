/** `<tpm>`: a trusted platform module, as Windows 11 and measured boot want one. */
import { addressProperties, aliasOf } from '../address-properties.ts';
import { type CommandFragment, json, keyed } from '../command-fragment.ts';
import type { DeviceModule, DomainSurroundings, HostNeed } from '../device-module.ts';
import type { DeviceLaunch, LaunchContext } from '../launch-context.ts';
import { swtpmNeeds, swtpmProcess, swtpmSocket } from './swtpm.ts';
import { defaultTpmPath, passthroughPath, type Tpm, tpmCodec } from './tpm-definition.ts';
import { tpmDriver, validateTpm } from './validate-tpm.ts';

/** What libvirt calls the connection to an emulator, whichever TPM it is for. */
const chardev = 'chrtpm';

export const tpmModule: DeviceModule<'tpm'> = {
  kind: 'tpm',
  codec: tpmCodec,
  defaults,
  domainDefaults: 'none',
  validate: validateTpm,
  address: ({ model }) => (model === 'tpm-spapr' ? { type: 'spapr-vio', defaultReg: 0x4000n } : { type: 'none' }),
  alias: (_, number) => number('tpm'),
  abi: {
    model: 'same',
    backend: {
      persistentState: 'may-change', debugLevel: 'may-change', encryption: 'may-change', source: 'may-change', profile: 'may-change',
      device: 'may-change',
    },
    alias: 'may-change',
    address: 'same',
  },
  prepare: 'nothing',
  commandLine,
  boots: () => 'none',
  hostNeeds,
  sideProcesses: (tpm, launch) => (tpm.backend.type === 'emulator' ? [swtpmProcess(tpm, tpm.backend, launch)] : []),
  hotplug: 'unsupported',
  live: 'none',
  label({ model, backend }) {
    const version = backend.type === 'emulator' && backend.version !== null ? ` ${backend.version}` : '';
    return `TPM${version}${model === null ? '' : ` (${model})`}`;
  },
};

/** TPM 1.2 is what tpm-tis on a PC has always meant; everything else came with TPM 2.0. */
function defaults(tpm: Tpm, { definition, board }: DomainSurroundings): Tpm {
  const isX86 = ['x86_64', 'i686', null].includes(definition.os.type.arch);
  const model = tpm.model ?? (board.name === 'pseries' ? 'tpm-spapr' : 'tpm-tis');
  const { backend } = tpm;
  switch (backend.type) {
    case 'passthrough':
      return { ...tpm, model, backend: { ...backend, device: { path: backend.device?.path ?? defaultTpmPath } } };
    case 'emulator':
      return { ...tpm, model, backend: { ...backend, version: backend.version ?? (model === 'tpm-tis' && isX86 ? '1.2' : '2.0') } };
    case 'external':
      return { ...tpm, model };
  }
}

function hostNeeds(tpm: Tpm, launch: LaunchContext): readonly HostNeed[] {
  const { backend } = tpm;
  switch (backend.type) {
    case 'passthrough':
      return [{ type: 'path', path: passthroughPath(tpm), access: 'read-write', why: "the TPM of type 'passthrough'" }];
    case 'emulator':
      return swtpmNeeds(backend, launch);
    case 'external':
      return [{ type: 'path', path: backend.source?.path ?? '', access: 'read-write', why: "the TPM of type 'external'" }];
  }
}

function commandLine(tpm: Tpm, launch: DeviceLaunch): readonly CommandFragment[] {
  const id = aliasOf(tpm);
  if (tpm.model === 'spapr-tpm-proxy') return [json('device', { driver: tpm.model, id, 'host-path': passthroughPath(tpm) })];
  const device = json('device', { driver: tpmDriver(tpm, launch.definition), tpmdev: `tpm-${id}`, id, ...addressProperties(tpm.address, launch) });
  // QEMU finds the file that cancels a command next to the chip in /sys.
  if (tpm.backend.type === 'passthrough') return [keyed('tpmdev', 'passthrough', { id: `tpm-${id}`, path: passthroughPath(tpm) }), device];
  const path = tpm.backend.type === 'external' ? (tpm.backend.source?.path ?? null) : swtpmSocket(launch);
  return [keyed('chardev', 'socket', { id: chardev, path }), keyed('tpmdev', 'emulator', { id: `tpm-${id}`, chardev }), device];
}
