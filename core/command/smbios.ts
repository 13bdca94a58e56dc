/** What the guest reads of its hardware's names: SMBIOS tables, files of its firmware, the number of its generation. */
import type { DomainDefinition } from '../conf/domain-definition.ts';
import type { SmbiosDefinition } from '../conf/sysinfo.ts';
import { type CommandFragment, json, keyed } from '../devices/command-fragment.ts';

type Entries = SmbiosDefinition['bios'];

export function smbiosFragments({ os, sysinfo }: DomainDefinition): readonly CommandFragment[] {
  if (os.smbiosMode !== 'sysinfo') return [];
  const tables = sysinfo.find((table) => table.type === 'smbios');
  if (!tables) return [];
  return [
    ...table(0, tables.bios),
    ...table(1, tables.system),
    ...tables.baseBoards.flatMap(({ entries }) => table(2, entries)),
    ...table(3, tables.chassis),
    ...table(11, tables.oemStrings.map(({ value }) => ({ name: 'value', value }))),
  ];
}

function table(type: number, entries: Entries): readonly CommandFragment[] {
  if (entries.length === 0) return [];
  return [{ form: 'keys', option: 'smbios', first: null, keys: [['type', String(type)], ...entries.map(({ name, value }) => [name, value] as const)] }];
}

export function firmwareConfigFragments({ sysinfo }: DomainDefinition): readonly CommandFragment[] {
  return sysinfo.flatMap((table) =>
    table.type === 'fwcfg' ? table.entries.map(({ name, file, value }) => keyed('fw_cfg', null, { name, file, string: file === null ? (value ?? '') : null })) : [],
  );
}

export function generationFragments({ genid, features }: DomainDefinition): readonly CommandFragment[] {
  return [
    ...(genid?.value ? [json('device', { driver: 'vmgenid', guid: genid.value, id: 'vmgenid0' })] : []),
    ...(features.vmcoreinfo ? [json('device', { driver: 'vmcoreinfo' })] : []),
  ];
}
