/** What a memory dump can be written as; which of them a QEMU writes, it says itself. */
export const dumpFormats = ['elf', 'kdump-zlib', 'kdump-lzo', 'kdump-snappy', 'win-dmp'] as const;
export type DumpFormat = (typeof dumpFormats)[number];
