/**
 * How long the host's event loop keeps others waiting: the delay of a 1 ms timer while it starts guests, answers calls
 * and carries floods, beside its own idle delay measured before each of them on the same loaded machine.
 */
import type { Client } from '../core/api/client.ts';
import { guestConsole } from '../test/support/guest-console.ts';
import type { Bench, BenchContext, Measurement, Row } from './bench.ts';
import { type FloodSource, beginFlood, startPortGuest, startSerialFlood } from './flood.ts';
import { disklessXml } from './guests.ts';
import type { Delay } from './host-orders.ts';
import type { HostProcess } from './host-process.ts';

const idleMs = 1_000;
const loadMs = 1_500;

export const eventLoop: Bench = {
  name: 'event-loop',
  title: `delay of the host's event loop, its 99th percentile over ${loadMs / 1000} s`,
  defaultRounds: 3,
  limitMs: 60_000,
  run: measure,
};

interface Load {
  readonly what: string;
  /** Keeps the host busy until `until`, in performance.now(). */
  run(until: number): Promise<void>;
}

async function measure(context: BenchContext): Promise<Measurement> {
  await using host = await context.startHost();
  await host.open();
  const client = await host.connect();
  const rows: Row[] = [];
  const notes: string[] = [];
  const ports = await startPortGuest(client);
  for (const load of [startingLoad(client), callingLoad(client), ...(ports ?? []).map((source) => floodLoad(client, source))]) rows.push(...(await measureLoad(context, host, load, notes)));
  if (ports) await client.call('domainDestroy', { domain: 'ports' });
  else notes.push('hvc0 and the virtio port are not measured: the sample guest is not here');
  const serial = await startSerialFlood(host, client);
  rows.push(...(await measureLoad(context, host, floodLoad(client, serial), notes)));
  client.close();
  return { rows, notes: [...notes, 'a timer of 1 ms by itself shows about 1.1 ms; the idle delay is of the same process, just before each load, with its guests there'] };
}

async function measureLoad({ rounds, signal }: BenchContext, host: HostProcess, load: Load, notes: string[]): Promise<Row[]> {
  const [idle, busy] = [[] as Delay[], [] as Delay[]];
  for (let round = 0; round < rounds; round++) {
    idle.push(await delayDuring(host, () => new Promise((resolve) => setTimeout(resolve, idleMs))));
    signal.throwIfAborted();
    busy.push(await delayDuring(host, () => load.run(performance.now() + loadMs)));
  }
  notes.push(`${load.what}: longest delay of all rounds ${Math.max(...busy.map(({ highestMs }) => highestMs)).toFixed(1)} ms, idle ${Math.max(...idle.map(({ highestMs }) => highestMs)).toFixed(1)} ms`);
  const base = `idle, before ${load.what}`;
  return [
    { what: base, unit: 'ms', samples: idle.map(({ p99Ms }) => p99Ms) },
    { what: load.what, unit: 'ms', samples: busy.map(({ p99Ms }) => p99Ms), base },
  ];
}

async function delayDuring(host: HostProcess, work: () => Promise<void>): Promise<Delay> {
  await host.ask('beginDelay', {});
  await work();
  return host.ask('endDelay', {});
}

/** The guest that floods later has its own domain; this one starts paused and ends again and again. */
function startingLoad(client: Client): Load {
  return {
    what: 'starts and destroys',
    async run(until) {
      await client.call('domainDefineXML', { xml: disklessXml('restless') });
      while (performance.now() < until) {
        await client.call('domainCreate', { domain: 'restless', paused: true });
        await client.call('domainDestroy', { domain: 'restless' });
      }
      await client.call('domainUndefine', { domain: 'restless' });
    },
  };
}

function callingLoad(client: Client): Load {
  return {
    what: 'lists as fast as they go, 16 under way',
    async run(until) {
      const lane = async (): Promise<void> => {
        while (performance.now() < until) await client.call('connectListAllDomains', {});
      };
      await Promise.all(Array.from({ length: 16 }, lane));
    },
  };
}

function floodLoad(client: Client, source: FloodSource): Load {
  return {
    what: `flood of ${source.what} to one client`,
    async run(until) {
      let bytes = 0;
      let wake = (): void => {};
      const stream = await client.openStream('domainOpenConsole', { domain: source.domain, device: source.alias, mode: 'watch', from: 'now' }, {
        onBytes(piece, _offset, acknowledge) {
          bytes += piece.byteLength;
          acknowledge();
          wake();
        },
        onMessage() {},
        onEnd: () => wake(),
      });
      await using shell = source.command === null ? null : await guestConsole(client, source.domain, 'serial0');
      while (performance.now() < until) {
        const before = bytes;
        await beginFlood(source, shell);
        // Until the next command may be typed: most of this one has come, or it is time.
        while (performance.now() < until && bytes - before < source.plan.bytes * 0.9) {
          await new Promise<void>((resolve) => {
            const timer = setTimeout(resolve, Math.max(1, until - performance.now()));
            wake = () => {
              clearTimeout(timer);
              resolve();
            };
          });
        }
      }
      stream.close();
    },
  };
}
