/**
 * The guest architectures that both libvirt's documents and QEMU know, with the two names and the word's size. One
 * table, so that nobody spells `i686` as a program's name or `arm` in a document.
 */

export interface GuestArchitecture {
  /** What follows `qemu-system-`. */
  readonly qemuName: string;
  /** libvirt's `<wordsize>`. */
  readonly wordBits: 32 | 64;
}

const sameName = (wordBits: 32 | 64, names: readonly string[]): (readonly [string, GuestArchitecture])[] =>
  names.map((name) => [name, { qemuName: name, wordBits }]);

/** By libvirt's name (virarch, libvirt 11.3), in libvirt's order of size; what QEMU 7.2 has no program for is left out. */
export const guestArchitectures: ReadonlyMap<string, GuestArchitecture> = new Map([
  ['i686', { qemuName: 'i386', wordBits: 32 }],
  ['armv7l', { qemuName: 'arm', wordBits: 32 }],
  ['openrisc', { qemuName: 'or1k', wordBits: 32 }],
  ['parisc', { qemuName: 'hppa', wordBits: 32 }],
  ...sameName(32, ['cris', 'm68k', 'microblaze', 'microblazeel', 'mips', 'mipsel', 'ppc', 'riscv32', 'sh4', 'sh4eb', 'sparc', 'xtensa', 'xtensaeb']),
  ...sameName(64, ['aarch64', 'alpha', 'loongarch64', 'mips64', 'mips64el', 'ppc64', 'riscv64', 's390x', 'sparc64', 'x86_64']),
]);

/** Whether a PC's facts hold: ACPI and APIC that can be told, CPU features under Intel's names. */
export function isX86(arch: string): boolean {
  return arch === 'x86_64' || arch === 'i686';
}
