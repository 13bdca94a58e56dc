/**
 * The program of the test guest: 137 bytes, by hand. It enters long mode with paging and counts there, because less
 * proves too little: a KVM was met (kvm_pvm, nested in a cloud machine) that emulates real mode well enough for
 * firmware and boot sectors and then never gets a kernel going. A hundred million turns take 0.05 s on a working
 * accelerator and 0.2 s under TCG; one that emulates instruction by instruction does not finish in time.
 */

// Loaded at 0x7c00. Assembled with GNU as; Intel's notation on the right.
const instructions = [
  0xfa, //                                     cli
  0x31, 0xc0, //                               xor  ax, ax
  0x8e, 0xd8, 0x8e, 0xc0, 0x8e, 0xd0, //       mov  ds, ax; mov es, ax; mov ss, ax
  0xbc, 0x00, 0x7c, //                         mov  sp, 0x7c00
  0xfc, //                                     cld
  0xbf, 0x00, 0x10, //                         mov  di, 0x1000           three page tables, cleared:
  0xb9, 0x00, 0x18, //                         mov  cx, 0x1800
  0xf3, 0xab, //                               rep stosw
  0xc7, 0x06, 0x00, 0x10, 0x03, 0x20, //       mov  word [0x1000], 0x2003
  0xc7, 0x06, 0x00, 0x20, 0x03, 0x30, //       mov  word [0x2000], 0x3003
  0xc7, 0x06, 0x00, 0x30, 0x83, 0x00, //       mov  word [0x3000], 0x83  the first 2 MiB, mapped onto themselves
  0x66, 0xb8, 0x20, 0x00, 0x00, 0x00, //       mov  eax, 0x20
  0x0f, 0x22, 0xe0, //                         mov  cr4, eax             physical address extension
  0x66, 0xb8, 0x00, 0x10, 0x00, 0x00, //       mov  eax, 0x1000
  0x0f, 0x22, 0xd8, //                         mov  cr3, eax
  0x66, 0xb9, 0x80, 0x00, 0x00, 0xc0, //       mov  ecx, 0xc0000080
  0x0f, 0x32, //                               rdmsr
  0x80, 0xcc, 0x01, //                         or   ah, 1
  0x0f, 0x30, //                               wrmsr                     long mode enabled
  0x0f, 0x01, 0x16, 0x83, 0x7c, //             lgdt [0x7c83]
  0x66, 0xb8, 0x01, 0x00, 0x00, 0x80, //       mov  eax, 0x80000001
  0x0f, 0x22, 0xc0, //                         mov  cr0, eax             protection and paging
  0xea, 0x59, 0x7c, 0x08, 0x00, //             jmp  8:0x7c59
  // 64 bits from here, at 0x7c59
  0xb9, 0x00, 0xe1, 0xf5, 0x05, //             mov  ecx, 100000000
  0xff, 0xc9, //                               dec  ecx
  0x75, 0xfc, //                               jnz  to dec
  0xb0, 0x2a, //                               mov  al, 0x2a
  0xe6, 0xf4, //                               out  0xf4, al             isa-debug-exit: QEMU exits with 0x2a * 2 + 1
  0x66, 0xba, 0x04, 0x06, //                   mov  dx, 0x604            without it: the power management of pc and q35
  0x66, 0xb8, 0x00, 0x20, //                   mov  ax, 0x2000
  0x66, 0xef, //                               out  dx, ax               power off, QEMU exits with 0
  0xf4, //                                     hlt
  0xeb, 0xfd, //                               jmp  to hlt
  // at 0x7c73: the descriptor table (nothing; code, 64 bits), then its size and place
  ...[0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00],
  ...[0xff, 0xff, 0x00, 0x00, 0x00, 0x9b, 0xaf, 0x00],
  ...[0x0f, 0x00, 0x73, 0x7c, 0x00, 0x00],
];

/** What QEMU exits with when the guest has come to its end and there is an isa-debug-exit at port 0xf4. */
export const debugExitStatus = 0x2a * 2 + 1;

/** The first sector of a disk that holds the guest. */
export function bootSector(): Uint8Array {
  const sector = new Uint8Array(512);
  sector.set(instructions);
  sector.set([0x55, 0xaa], 510);
  return sector;
}
