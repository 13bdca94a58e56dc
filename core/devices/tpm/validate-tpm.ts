/** What QEMU or swtpm would refuse about a TPM. */
import { VireoError } from '../../base/errors.ts';
import { devicesOf } from '../../conf/device-definition.ts';
import type { DomainDefinition } from '../../conf/domain-definition.ts';
import type { DomainSurroundings } from '../device-module.ts';
import { requireDeviceType } from '../require-device-type.ts';
import type { Tpm, TpmEmulator } from './tpm-definition.ts';

function isX86({ os }: DomainDefinition): boolean {
  return ['x86_64', 'i686', null].includes(os.type.arch);
}

/** QEMU's name: the tpm-tis of a machine without ISA is another device. */
export function tpmDriver({ model }: Tpm, definition: DomainDefinition): string {
  return model === 'tpm-tis' && !isX86(definition) ? 'tpm-tis-device' : (model ?? 'tpm-tis');
}

export function validateTpm(tpm: Tpm, { definition, capabilities }: DomainSurroundings): void {
  const { model, backend, address } = tpm;
  const what = `tpm model '${model}'`;
  const refuse = (text: string): never => {
    throw new VireoError('CONFIG_UNSUPPORTED', `${what}: ${text}`);
  };
  const isProxy = model === 'spapr-tpm-proxy';
  if (devicesOf(definition.devices, 'tpm').filter((other) => (other.model === 'spapr-tpm-proxy') === isProxy).length > 1) {
    refuse(isProxy ? 'a domain has one TPM proxy at most' : 'a domain has one TPM beside a proxy at most');
  }
  if (isProxy && backend.type !== 'passthrough') refuse(`a TPM proxy needs a backend of type 'passthrough', not '${backend.type}'`);
  if (address && model !== 'tpm-spapr') refuse(`it is part of the board and takes no address of type '${address.type}'`);
  if (address && address.type !== 'spapr-vio') refuse(`its address is of type 'spapr-vio', not '${address.type}'`);
  if (backend.type === 'emulator') validateEmulator(tpm, backend, definition, refuse);
  if (backend.type === 'external') {
    if (backend.source?.mode === 'bind') throw new VireoError('XML_ERROR', `${what}: the source of an external TPM has mode 'connect', not 'bind'`);
    if (!backend.source?.path) throw new VireoError('XML_ERROR', `${what}: an external TPM needs the path of its socket in source`);
  }
  requireDeviceType(capabilities, tpmDriver(tpm, definition), what);
}

function validateEmulator({ model }: Tpm, { version, activePcrBanks, profile, source }: TpmEmulator, definition: DomainDefinition, refuse: (text: string) => never): void {
  if (version === '1.2' && (model !== 'tpm-tis' || !isX86(definition))) refuse("version '1.2' exists for tpm-tis on x86 only");
  const beyond = activePcrBanks ? 'active_pcr_banks' : profile ? 'profile' : null;
  if (beyond !== null && version !== '2.0') throw new VireoError('XML_ERROR', `tpm model '${model}': ${beyond} needs version '2.0'`);
  // swtpm splits its options at commas and knows no way to write one.
  if (source?.path.includes(',')) refuse(`swtpm cannot keep its state in '${source.path}', whose name holds a comma`);
}
