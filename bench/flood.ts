/**
 * Guests that send as fast as they can, on each kind of device: a boot sector on a 16550, and the sample guest on hvc0
 * and on a virtio port. What they send is known, so that every byte can be judged.
 */
import net from 'node:net';
import { once } from 'node:events';
import type { Client } from '../core/api/client.ts';
import { findSampleGuest } from '../core/storage/sample-guest.ts';
import { guestConsole, type GuestConsole } from '../test/support/guest-console.ts';
import { defineTinyGuest, portGuestXml } from './guests.ts';
import type { ReadPlan } from './host-orders.ts';
import type { HostProcess } from './host-process.ts';

export interface FloodSource {
  readonly what: string;
  readonly domain: string;
  readonly alias: string;
  /** The device's socket, for a reader with nothing in between while no host holds it. */
  readonly socketPath: string;
  readonly plan: ReadPlan;
  /** Makes the guest send once; null where it never stops. Typed on the guest's serial console. */
  readonly command: string | null;
  /** The socket of the serial console on which the command is typed. */
  readonly shellSocketPath: string;
}

const sequence = { kind: 'sequence', first: 100_000, last: 199_999 } as const;
const sequenceBytes = 700_000;
const copiesInFile = 8;
const bootMs = 25_000;

/** A flood of about one second at 0.3 MB/s. */
const serialBytes = 250_000;

/** The boot sector, flooding from now on until its domain ends. */
export async function startSerialFlood(host: HostProcess, client: Client): Promise<FloodSource> {
  const source = await startTinyGuest(host, client);
  await using serial = await guestConsole(client, 'tiny', null);
  await serial.type('F');
  await serial.waitFor(/00000010/, bootMs);
  return source;
}

/** The boot sector, up, and silent until it is told to flood. */
export async function startTinyGuest(host: HostProcess, client: Client): Promise<FloodSource> {
  await defineTinyGuest(host, client);
  await client.call('domainCreate', { domain: 'tiny' });
  await using serial = await guestConsole(client, 'tiny', null);
  await serial.waitFor(/BOOT-SECTOR-READY\r\n/, bootMs);
  const [socketPath = ''] = await socketsOf(client, 'tiny');
  return { what: 'ttyS0', domain: 'tiny', alias: 'serial0', socketPath, shellSocketPath: socketPath, plan: { bytes: serialBytes, check: { kind: 'counter' } }, command: null };
}

/** The sample guest, logged in; null where there is none here. */
export async function startPortGuest(client: Client): Promise<readonly FloodSource[] | null> {
  const guest = await findSampleGuest();
  if ('missing' in guest) return null;
  await client.call('domainDefineXML', { xml: portGuestXml('ports', guest) });
  await client.call('domainCreate', { domain: 'ports' });
  await using shell = await guestConsole(client, 'ports', 'serial0');
  await prepareFloods(shell, bootMs);
  const sockets = await socketsOf(client, 'ports');
  const [shellSocketPath = ''] = sockets;
  const source = (what: string, alias: string, index: number, device: string, files: number, check: ReadPlan['check']): FloodSource => ({
    what,
    domain: 'ports',
    alias,
    socketPath: sockets[index] ?? '',
    shellSocketPath,
    plan: { bytes: files * copiesInFile * sequenceBytes, check },
    command: `cat ${Array(files).fill('/tmp/p').join(' ')} >${device}\n`,
  });
  // QEMU throws away what a console port cannot hand over at once, so that only the channel's bytes can be demanded.
  return [source('hvc0', 'console0', 1, '/dev/hvc0', 2, null), source('virtio port', 'channel0', 2, '/dev/virtio-ports/bench.0', 8, sequence)];
}

/** Logs in where the sample guest asks for it, and makes the files that are sent. */
export async function prepareFloods(shell: Pick<GuestConsole, 'type' | 'waitFor'>, limitMs: number): Promise<void> {
  await shell.waitFor(/login: $/, limitMs);
  await shell.type('root\n');
  await shell.waitFor(/# /, limitMs);
  const copies = Array(copiesInFile).fill('/tmp/s').join(' ');
  await shell.type(`stty -F /dev/hvc0 raw -echo; seq ${sequence.first} ${sequence.last} >/tmp/s; cat ${copies} >/tmp/p; echo fi''lled\n`);
  await shell.waitFor(/filled/, limitMs);
}

/** Types the source's command on the guest's serial console through the host. */
export async function beginFlood(source: FloodSource, shell: GuestConsole | null): Promise<void> {
  if (source.command !== null) await shell?.type(source.command);
}

/**
 * Types it past the host. The connection must last until the guest has answered: QEMU throws away what it has not given
 * to the guest when the client hangs up.
 */
export async function beginRawFlood(source: FloodSource): Promise<Disposable> {
  if (source.command === null) return { [Symbol.dispose]() {} };
  const socket = net.connect(source.shellSocketPath);
  await once(socket, 'connect');
  socket.on('error', () => {});
  socket.resume(); // a shell whose echo nobody reads stands still
  socket.write(source.command);
  return { [Symbol.dispose]: () => void socket.destroy() };
}

/** The sockets of serial, console and channel, in this order, as the live definition names them. */
async function socketsOf(client: Client, domain: string): Promise<readonly string[]> {
  const { xml } = await client.call('domainGetXMLDesc', { domain });
  const paths = [...xml.matchAll(/<source mode='bind' path='([^']+)'/g)].map(([, found]) => found as string);
  return [...new Set(paths)];
}
