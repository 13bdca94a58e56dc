/**
 * Keys in the numberings that virDomainSendKey takes, translated to the names that QEMU takes. Nothing here knows a
 * domain: the command translates names of keys with it, the driver their numbers.
 */
import { keyTable } from './key-table.ts';

/** libvirt's codesets (libvirt-domain.h, 11.3); `xt` is atset1 under its first name there, `rfb` that of `qnum`. */
export const codesets = ['linux', 'xt', 'atset1', 'atset2', 'atset3', 'os_x', 'xt_kbd', 'usb', 'win32', 'qnum', 'rfb'] as const;
export type Codeset = (typeof codesets)[number];

/** VIR_DOMAIN_SEND_KEY_MAX_KEYS. */
export const maximumKeys = 16;
/** Longer than anybody holds a key; QEMU counts in 32 bits. */
export const maximumHoldMs = 60_000;

/** The table's columns after the QKeyCode. */
const columns = ['linux', 'atset1', 'atset2', 'atset3', 'usb', 'win32', 'xt_kbd', 'os_x'] as const;
type Column = (typeof columns)[number];

interface CodeTables {
  /** QKeyCode by number, for each codeset. */
  readonly byCode: Readonly<Record<Column | 'qnum', ReadonlyMap<number, string>>>;
  /** Number by name, for the codesets that have names. */
  readonly byName: Readonly<Record<Column, ReadonlyMap<string, number>>>;
}

let tables: CodeTables | null = null;

/** QEMU's name of a key, null where the codeset has no such number or QEMU no such key. */
export function qcodeOf(codeset: Codeset, code: number): string | null {
  return codeTables().byCode[tableOf(codeset)].get(code) ?? null;
}

/** The number of a key that has a name in this codeset (linux: KEY_LEFTCTRL, win32: VK_MENU, os_x: ANSI_A), else null. */
export function codeOfName(codeset: Codeset, name: string): number | null {
  const table = tableOf(codeset);
  return table === 'qnum' ? null : (codeTables().byName[table].get(name) ?? null);
}

function tableOf(codeset: Codeset): Column | 'qnum' {
  if (codeset === 'xt') return 'atset1';
  return codeset === 'rfb' ? 'qnum' : codeset;
}

/** Read when a key is sent for the first time, which most hosts never do. */
function codeTables(): CodeTables {
  tables ??= parseTable(keyTable);
  return tables;
}

function parseTable(text: string): CodeTables {
  const byCode = emptyMaps<Column | 'qnum', number, string>([...columns, 'qnum']);
  const byName = emptyMaps<Column, string, number>(columns);
  for (const line of text.trim().split('\n')) {
    const [qcode = '', ...cells] = line.split(' | ');
    for (const [index, column] of columns.entries()) {
      for (const entry of (cells[index] ?? '-').split(',')) {
        if (entry === '-') continue;
        const [name, number] = entry.includes('=') ? (entry.split('=') as [string, string]) : [null, entry];
        const code = Number(number);
        // Where two keys share a code (both halves of a foreign keyboard's key), the first of the table is meant.
        if (!byCode[column].has(code)) byCode[column].set(code, qcode);
        if (name !== null && !byName[column].has(name)) byName[column].set(name, code);
      }
    }
  }
  for (const [code, qcode] of byCode.atset1) byCode.qnum.set(qnumOf(code), qcode);
  const print = byCode.qnum.get(0x54);
  if (print !== undefined) byCode.qnum.set(0xb7, print); // QEMU took this number for Print before it took 0x54
  return { byCode, byName };
}

function emptyMaps<N extends string, K, V>(names: readonly N[]): Record<N, Map<K, V>> {
  return Object.fromEntries(names.map((name) => [name, new Map<K, V>()])) as Record<N, Map<K, V>>;
}

/** QEMU's key numbers are those of set 1, with the high bit for the prefix 0xe0 (ui/keymaps.h, QEMU 7.2). */
function qnumOf(atset1: number): number {
  if (atset1 === 0xf1 || atset1 === 0xf2) return atset1 & 0x7f; // Hanja and Hangeul, whose codes have the bit by themselves
  return atset1 > 0x7f ? 0x80 | (atset1 & 0x7f) : atset1;
}
