/**
 * How the state in a save image is written: as QEMU gives it, or through a program that packs it. The numbers are those
 * of the file (libvirt 11.3, qemu_saveimage.h), and so are the programs and their arguments.
 */
import { VireoError } from '../base/errors.ts';
import { findProgram } from '../process/host-needs.ts';
import { saveFormats, type SaveFormat } from './save-format-names.ts';

export { saveFormats, type SaveFormat } from './save-format-names.ts';

/** libvirt 11.3 writes it with QEMU 9 and later, which puts each page in its own place: no stream that another QEMU reads. */
const sparseNumber = 6;

/** @throws OPERATION_FAILED for a number that is unknown, OPERATION_UNSUPPORTED for libvirt's sparse images. */
export function formatOfNumber(number: number): SaveFormat {
  const found = saveFormats[number];
  if (found !== undefined) return found;
  if (number === sparseNumber) throw new VireoError('OPERATION_UNSUPPORTED', "its format is 'sparse', which QEMU reads from version 9.0 on and this Vireo does not use");
  throw new VireoError('OPERATION_FAILED', `unsupported save image format: ${number}`);
}

export function numberOfFormat(format: SaveFormat): number {
  return saveFormats.indexOf(format);
}

/** A program to run, with its arguments. */
export interface FilterProgram {
  readonly name: string;
  readonly binary: string;
  readonly argv: readonly string[];
}

export interface FilterOptions {
  /** Keeps the image out of the host's page cache: without its being in the cache, where `isAligned`, else by having it dropped. */
  readonly bypassCache: boolean;
  /** The state begins at a multiple of a disk's block. */
  readonly isAligned: boolean;
}

/** What writes QEMU's state into the file. @throws OPERATION_FAILED naming the program that is missing. */
export function writerProgram(format: SaveFormat, options: FilterOptions): Promise<FilterProgram> {
  if (format === 'raw') return copyProgram(options, 'oflag');
  return program(format, format === 'xz' ? ['-c', '-3'] : ['-c'], `to write a save image of the format '${format}'`);
}

/** What gives QEMU the state of a file; null where QEMU reads the file itself. @throws OPERATION_FAILED naming the program that is missing. */
export async function readerProgram(format: SaveFormat, options: FilterOptions): Promise<FilterProgram | null> {
  if (format === 'raw') return options.bypassCache ? await copyProgram(options, 'iflag') : null;
  return await program(format, format === 'lzop' ? ['-dc', '--ignore-warn'] : ['-dc'], `to read a save image of the format '${format}'`);
}

/** `cat` copies what it gets as it comes; `dd` gathers whole blocks, as a file needs that is written around the cache. */
function copyProgram({ bypassCache, isAligned }: FilterOptions, side: 'iflag' | 'oflag'): Promise<FilterProgram> {
  if (!bypassCache) return program('cat', [], 'to write a save image');
  const flags = { iflag: ['fullblock'], oflag: [] as string[] };
  flags[side].push(isAligned ? 'direct' : 'nocache');
  const given = Object.entries(flags).filter(([, words]) => words.length > 0).map(([name, words]) => `${name}=${words.join(',')}`);
  return program('dd', ['bs=1M', 'status=none', ...given], 'for --bypass-cache');
}

async function program(name: string, argv: readonly string[], why: string): Promise<FilterProgram> {
  const binary = await findProgram([name]);
  if (binary === null) throw new VireoError('OPERATION_FAILED', `the program '${name}' is not installed, and is needed ${why}`, { details: { program: name } });
  return { name, binary, argv };
}
