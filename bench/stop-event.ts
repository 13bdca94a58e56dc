/**
 * How long a STOP is on its way: from the time that QEMU stamps it with to whoever listens, bare and through the driver.
 * All clocks are the machine's one; each process reads it in microseconds.
 */
import { once } from 'node:events';
import net from 'node:net';
import type { Bench, BenchContext, Measurement } from './bench.ts';
import { launchOf, startBare } from './bare-qemu.ts';
import { defineTinyGuest } from './guests.ts';
import { wallClockOffsetMs } from './wall-clock.ts';

const stopsARound = 40;

export const stopEvent: Bench = {
  name: 'stop-event',
  title: 'a STOP of QEMU until a listener has it',
  defaultRounds: 5,
  limitMs: 60_000,
  run: measure,
};

async function measure(context: BenchContext): Promise<Measurement> {
  await using host = await context.startHost();
  await host.open();
  const client = await host.connect();
  await defineTinyGuest(host, client);
  const launch = await launchOf((await client.call('domainCreate', { domain: 'tiny' })).pid as number);
  const [bare, overSocket, here] = [[], [], []] as [number[], number[], number[]];
  for (let round = 0; round < context.rounds; round++) {
    await client.call('domainDestroy', { domain: 'tiny' }); // the bare QEMU has the same sockets
    bare.push(...(await bareStops(launch, context.signal)));
    await client.call('domainCreate', { domain: 'tiny' });
    await host.ask('beginStops', {});
    const offsetMs = wallClockOffsetMs();
    const receivedMs: number[] = [];
    let wake = (): void => {};
    using _events = client.on('domain', ({ event }) => {
      if (event === 'suspended') receivedMs.push(performance.now() + offsetMs);
      if (event === 'suspended' || event === 'resumed') wake();
    });
    const next = async (method: 'stop' | 'cont'): Promise<void> => {
      const told = new Promise<void>((resolve) => (wake = resolve));
      // Unasked for by the driver: nothing in it waits for this STOP.
      await Promise.all([told, client.call('qemuDomainMonitorCommand', { domain: 'tiny', command: method }, { signal: context.signal })]);
    };
    for (let stop = 0; stop < stopsARound; stop++) {
      await next('stop');
      await next('cont');
    }
    const { stampedMs, hereMs } = await host.ask('endStops', {});
    if (stampedMs.length !== stopsARound || receivedMs.length !== stopsARound || hereMs.length !== stopsARound) throw new Error(`of ${stopsARound} stops ${stampedMs.length} were sent, ${receivedMs.length} received, ${hereMs.length} in process`);
    overSocket.push(...receivedMs.map((atMs, index) => atMs - (stampedMs[index] as number)));
    here.push(...hereMs.map((atMs, index) => atMs - (stampedMs[index] as number)));
  }
  client.close();
  return {
    rows: [
      { what: 'bare: to a raw monitor connection', unit: 'ms', samples: bare },
      { what: 'to a client over the local socket', unit: 'ms', samples: overSocket, base: 'bare: to a raw monitor connection' },
      { what: 'to a client in process', unit: 'ms', samples: here, base: 'bare: to a raw monitor connection' },
    ],
    notes: [`${stopsARound} stops a round, one after the other, of a guest that runs; the clock is read when the listener is called`],
  };
}

/** The same QEMU with nothing between its monitor and who listens. */
async function bareStops(launch: Parameters<typeof startBare>[0], signal: AbortSignal): Promise<number[]> {
  await using run = await startBare(launch, signal);
  const socket = net.connect(launch.monitorPath);
  await once(socket, 'connect', { signal });
  const offsetMs = wallClockOffsetMs();
  const samples: number[] = [];
  let wake = (_name: string): void => {};
  let held = '';
  socket.on('data', (chunk: Buffer) => {
    const atMs = performance.now() + offsetMs;
    held += chunk.toString();
    const lines = held.split('\n');
    held = lines.pop() as string;
    for (const line of lines) {
      const message = JSON.parse(line) as { event?: string; QMP?: object; return?: object; timestamp?: { seconds: number; microseconds: number } };
      if (message.event === 'STOP' && message.timestamp) samples.push(atMs - stampMs(message.timestamp));
      wake(message.event ?? ('QMP' in message ? 'QMP' : 'return'));
    }
  });
  signal.addEventListener('abort', () => socket.destroy(), { once: true });
  const closed = once(socket, 'close').then(() => Promise.reject(new Error('the bare QEMU has closed its monitor')));
  closed.catch(() => {});
  const until = (wanted: string): Promise<void> => Promise.race([new Promise<void>((resolve) => (wake = (name) => void (name === wanted && resolve()))), closed]);
  await until('QMP');
  for (const [execute, answer] of [['qmp_capabilities', 'return'], ...Array.from({ length: stopsARound }, () => [['stop', 'STOP'], ['cont', 'RESUME']] as const).flat()] as const) {
    const answered = until(answer);
    socket.write(`${JSON.stringify({ execute })}\n`);
    await answered;
  }
  socket.destroy();
  await run.end();
  return samples;
}

export function stampMs({ seconds, microseconds }: { readonly seconds: number; readonly microseconds: number }): number {
  return seconds * 1_000 + microseconds / 1_000;
}
