/**
 * What the multiplexer keeps of a device's speed: the same socket read with nothing in between, by a session of the
 * multiplexer, and by a client through the local socket, turn by turn, with a watcher attached that never reads.
 */
import path from 'node:path';
import type { Client, ClientStream } from '../core/api/client.ts';
import { stateLayout } from '../core/status/state-folder.ts';
import { type GuestConsole, guestConsole } from '../test/support/guest-console.ts';
import type { Bench, BenchContext, Measurement, Row } from './bench.ts';
import { ByteCount, type ReadOutcome } from './byte-count.ts';
import { type FloodSource, beginFlood, beginRawFlood, startPortGuest, startSerialFlood } from './flood.ts';
import type { HostProcess } from './host-process.ts';

export const consoles: Bench = {
  name: 'console',
  title: 'bytes of a flooding guest, with one watcher that never reads',
  defaultRounds: 3,
  limitMs: 180_000,
  run: measure,
};

async function measure(context: BenchContext): Promise<Measurement> {
  const [rows, notes] = [[] as Row[], [] as string[]];
  // One after the other: two flooding guests on two cores would measure each other.
  const kinds = [async (host: HostProcess, client: Client) => [await startSerialFlood(host, client)], (_host: HostProcess, client: Client) => startPortGuest(client)];
  for (const start of kinds) {
    await using host = await context.startHost();
    await host.open();
    const client = await host.connect();
    const sources = await start(host, client);
    client.close();
    if (!sources) notes.push('hvc0 and the virtio port are not measured: the sample guest is not here');
    for (const source of sources ?? []) rows.push(...(await measureSource(context, host, source, notes)));
  }
  return { rows, notes };
}

async function measureSource(context: BenchContext, host: HostProcess, source: FloodSource, notes: string[]): Promise<Row[]> {
  const ways = [
    { what: `${source.what}: raw reader of the socket`, read: () => readRaw(host, source, null) },
    // Only where comparing the log is what costs.
    ...(source.what === 'virtio port' ? [{ what: `${source.what}: raw reader that reads the log as well`, read: async () => readRaw(host, source, await logOf(host, source)) }] : []),
    { what: `${source.what}: session of the multiplexer`, read: () => watched(host, source, () => readSession(host, source)) },
    { what: `${source.what}: client over the local socket`, read: () => watched(host, source, () => readThroughSocket(host, source)) },
  ];
  const outcomes: ReadOutcome[][] = ways.map(() => []);
  for (let round = 0; round < context.rounds; round++) {
    for (const [index, { read }] of ways.entries()) outcomes[index]?.push(await read());
  }
  notes.push(verdict(source, outcomes.flat()));
  const raw = ways[0]?.what as string;
  const rows = ways.map(({ what }, index): Row => ({ what, unit: 'MiB/s', samples: (outcomes[index] ?? []).map(speed), ...(index === 0 ? {} : { base: raw }) }));
  if (source.plan.check !== null) return rows;
  const dropped = ways.map(({ what }, index): Row => ({ what: `${what}, dropped by QEMU`, unit: 'KiB', samples: (outcomes[index] ?? []).map(({ bytes }) => (source.plan.bytes - bytes) / 1024) }));
  return [...rows, ...dropped];
}

const speed = ({ bytes, ms }: ReadOutcome): number => bytes / 2 ** 20 / (ms / 1000);

function verdict({ what, plan }: FloodSource, outcomes: readonly ReadOutcome[]): string {
  if (plan.check === null) return `${what}: ${plan.bytes} bytes are sent; QEMU drops what a console port cannot hand over at once, whoever reads`;
  const wrong = outcomes.map((outcome) => outcome.wrong).filter((text) => text !== null);
  if (wrong.length > 0) return `${what}: BYTES LOST OR CHANGED in ${wrong.length} of ${outcomes.length} readings: ${wrong.join('; ')}`;
  return `${what}: ${outcomes.length} readings of ${plan.bytes} bytes, every byte once and in order`;
}

/** Past the host: it lets go of the guest, and takes it over again afterwards. */
async function readRaw(host: HostProcess, source: FloodSource, log: string | null): Promise<ReadOutcome> {
  await host.close();
  await host.ask('beginRaw', { path: source.socketPath, plan: source.plan, log });
  const outcome = await floodRaw(host, source);
  await host.open();
  return outcome;
}

async function logOf(host: HostProcess, { domain, alias }: FloodSource): Promise<string> {
  const client = await host.connect();
  const { uuid } = await client.call('domainLookup', { domain });
  client.close();
  return path.join(stateLayout(host.home).logs, uuid, `${alias}.log`);
}

async function floodRaw(host: HostProcess, source: FloodSource): Promise<ReadOutcome> {
  using _shell = await beginRawFlood(source);
  return await host.ask('endRead', {});
}

async function readSession(host: HostProcess, source: FloodSource): Promise<ReadOutcome> {
  const client = await host.connect();
  try {
    await using shell = await shellOf(client, source);
    await host.ask('beginSession', { domain: source.domain, alias: source.alias, plan: source.plan });
    await beginFlood(source, shell);
    return await host.ask('endRead', {});
  } finally {
    client.close();
  }
}

async function readThroughSocket(host: HostProcess, source: FloodSource): Promise<ReadOutcome> {
  const client = await host.connect();
  using count = new ByteCount(source.plan);
  try {
    await client.openStream('domainOpenConsole', { domain: source.domain, device: source.alias, mode: 'watch', from: 'now' }, {
      onBytes(bytes, _offset, acknowledge) {
        acknowledge();
        count.take(bytes);
      },
      onMessage: (message) => message.type === 'gap' && count.gap(message),
      onEnd: (error) => count.fail(error ?? new Error('the console ended')),
    });
    await using shell = await shellOf(client, source);
    await beginFlood(source, shell);
    return await count.done;
  } finally {
    client.close();
  }
}

/** Null for the boot sector, which floods already: its console has no shell. */
async function shellOf(client: Client, source: FloodSource): Promise<GuestConsole | null> {
  return source.command === null ? null : guestConsole(client, source.domain, 'serial0');
}

/** With a watcher that takes what its window allows and acknowledges nothing. */
async function watched<T>(host: HostProcess, source: FloodSource, work: () => Promise<T>): Promise<T> {
  const watcher = await host.connect('the slow watcher');
  try {
    const stream: ClientStream<'domainOpenConsole'> = await watcher.openStream('domainOpenConsole', { domain: source.domain, device: source.alias, mode: 'watch' }, { onBytes() {}, onMessage() {}, onEnd() {} });
    const result = await work();
    stream.close();
    return result;
  } finally {
    watcher.close();
  }
}
