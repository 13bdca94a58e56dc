/**
 * Which program has what QEMU listens on. QEMU takes one client on a port; the system lets a second connect, and QEMU never
 * looks at it. On Linux the kernel's table tells the two apart: a connection that no program has accepted has no inode there.
 * Elsewhere nothing is known, and a connection counts as taken.
 */
import { readdir, readFile, readlink } from 'node:fs/promises';
import path from 'node:path';
import { addressText } from './console-backend.ts';

export interface TcpEnds {
  /** The port that QEMU listens on, and ours of the connection to it. */
  readonly serverPort: number;
  readonly clientPort: number;
}

/** `taken`: QEMU has our connection. `waiting`: it has not looked yet. `held`: it has another's, whose end that is. */
export type TcpPlace = { readonly state: 'taken' | 'waiting' } | { readonly state: 'held'; readonly by: string };

interface Row {
  readonly localPort: number;
  readonly remote: string;
  readonly remotePort: number;
  readonly isEstablished: boolean;
  readonly inode: string;
}

export async function placeAt({ serverPort, clientPort }: TcpEnds): Promise<TcpPlace> {
  const rows = (await allRows()).filter(({ isEstablished }) => isEstablished);
  const atServer = rows.filter(({ localPort }) => localPort === serverPort);
  const ours = atServer.find(({ remotePort }) => remotePort === clientPort);
  if (!ours || ours.inode !== '0') return { state: 'taken' };
  const other = atServer.find(({ inode }) => inode !== '0');
  if (!other) return { state: 'waiting' };
  const theirs = rows.find(({ localPort, remotePort, inode }) => localPort === other.remotePort && remotePort === serverPort && inode !== '0');
  const program = theirs ? await programWith([`socket:[${theirs.inode}]`]) : null;
  const place = addressText(other.remote, other.remotePort);
  return { state: 'held', by: program === null ? place : `${program}, from ${place}` };
}

/**
 * The program that has one of these open, as `minicom (pid 123)`; null where none is seen. Linux only; what another
 * user's programs have open is not seen. `isOther` tells a program by its command line.
 */
export async function programWith(targets: readonly string[], isOther: (commandLine: string) => boolean = () => true): Promise<string | null> {
  const pids = (await readdir('/proc').catch(() => [] as string[])).filter((name) => /^\d+$/.test(name));
  for (const pid of pids) {
    const folder = path.join('/proc', pid, 'fd');
    const names = await readdir(folder).catch(() => [] as string[]);
    const links = await Promise.all(names.map((name) => readlink(path.join(folder, name)).catch(() => '')));
    if (!links.some((link) => targets.includes(link))) continue;
    const commandLine = (await readFile(path.join('/proc', pid, 'cmdline'), 'utf8').catch(() => '')).replaceAll('\0', ' ');
    if (!isOther(commandLine)) continue;
    const name = (await readFile(path.join('/proc', pid, 'comm'), 'utf8').catch(() => 'a program')).trim();
    return `${name} (pid ${pid})`;
  }
  return null;
}

async function allRows(): Promise<readonly Row[]> {
  const tables = await Promise.all(['tcp', 'tcp6'].map((name) => readFile(`/proc/net/${name}`, 'utf8').catch(() => '')));
  return tables.flatMap((table) => table.split('\n').slice(1).map(parseRow)).filter((row) => row !== null);
}

/** One line of /proc/net/tcp: number, local, remote, state, queues, timer, retransmits, uid, timeout, inode. */
export function parseRow(line: string): Row | null {
  const [, local, remote, state, , , , , , inode] = line.trim().split(/\s+/);
  if (local === undefined || remote === undefined || inode === undefined) return null;
  const [address = '', port = ''] = remote.split(':');
  return { localPort: Number.parseInt(local.split(':')[1] ?? '', 16), remote: addressOf(address), remotePort: Number.parseInt(port, 16), isEstablished: state === '01', inode };
}

/** The kernel prints each 32-bit word of an address in the machine's own order, little-endian on all that matters. */
function addressOf(hex: string): string {
  const bytes = Buffer.from(hex, 'hex');
  for (let at = 0; at + 4 <= bytes.length; at += 4) bytes.subarray(at, at + 4).reverse();
  const mapped = bytes.length === 16 && bytes.subarray(0, 12).equals(Buffer.from('00000000000000000000ffff', 'hex'));
  if (bytes.length === 4 || mapped) return [...bytes.subarray(-4)].join('.');
  const words = Array.from({ length: 8 }, (_, word) => bytes.readUInt16BE(word * 2).toString(16));
  return words.join(':').replace(/(^|:)0(:0)+(:|$)/, '::');
}
