/** The boards that are laid out alike: which PCI root they have and what is soldered on. */
export type MachineFamily = 'q35' | 'i440fx' | 'other';

/** From a machine's name, alias or canonical: `q35`, `pc-q35-7.2`, `pc`, `pc-i440fx-7.2`. */
export function machineFamily(machine: string): MachineFamily {
  if (/^(q35|pc-q35-.*)$/.test(machine)) return 'q35';
  if (/^(pc|pc-i440fx-.*)$/.test(machine)) return 'i440fx';
  return 'other';
}
