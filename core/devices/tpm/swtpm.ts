/**
 * swtpm, the TPM that is a program: one process a run, which ends when QEMU hangs up. Its state is the chip: keys that
 * the guest has sealed are in it, so it outlives every run and belongs to the domain. swtpm makes a blank chip where it
 * finds no state.
 */
import type { HostNeed, SideProcess } from '../device-module.ts';
import { domainFolderOf, type LaunchContext } from '../launch-context.ts';
import type { Tpm, TpmEmulator } from './tpm-definition.ts';

const programs = ['swtpm'] as const;

/** The socket that QEMU and swtpm share; a domain has one emulated TPM at most. */
export function swtpmSocket({ runFolder }: LaunchContext): string {
  return `${runFolder}/swtpm`;
}

export function swtpmProcess({ alias }: Tpm, emulator: TpmEmulator, launch: LaunchContext): SideProcess {
  const socket = swtpmSocket(launch);
  const folder = stateFolder(emulator, launch);
  const state = folder === null ? `backend-uri=file://${emulator.source?.path ?? ''}` : `dir=${folder}`;
  const argv = [
    'socket',
    '--ctrl', `type=unixio,path=${socket},mode=0600`,
    '--tpmstate', `${state},mode=0600`,
    ...(emulator.debugLevel === null ? [] : ['--log', `file=${launch.logFolder}/swtpm.log,level=${emulator.debugLevel}`]),
    ...(emulator.version === '1.2' ? [] : ['--tpm2']),
    '--terminate',
  ];
  return { name: `swtpm-${alias ?? 'tpm'}`, programs, argv, socket, folders: folder === null ? [] : [folder] };
}

/** Null where the state is one file. */
function stateFolder({ source, version }: TpmEmulator, launch: LaunchContext): string | null {
  if (source) return source.type === 'dir' ? source.path : null;
  return `${domainFolderOf(launch)}/${version === '1.2' ? 'tpm1.2' : 'tpm2'}`;
}

export function swtpmNeeds(emulator: TpmEmulator, launch: LaunchContext): readonly HostNeed[] {
  const missing = [
    [emulator.encryption, 'encryption', 'a store of secrets'],
    [emulator.activePcrBanks, 'active_pcr_banks', 'swtpm_setup before the first start'],
    [emulator.profile, 'profile', 'swtpm_setup before the first start'],
  ] as const;
  // swtpm splits its options at commas and knows no way to write one; a source was looked at when it was defined.
  const split = [launch.runFolder, launch.logFolder, domainFolderOf(launch)].find((folder) => folder.includes(','));
  return [
    ...(split === undefined ? [] : [{ type: 'unsupported', reason: `swtpm cannot use '${split}', whose name holds a comma: keep the state folder elsewhere` } as const]),
    { type: 'program', names: programs, why: "the TPM of type 'emulator'" },
    ...missing.flatMap(([value, element, what]): readonly HostNeed[] => (value === null ? [] : [{ type: 'unsupported', reason: `tpm ${element} needs ${what}, which this driver does not use yet` }])),
  ];
}
