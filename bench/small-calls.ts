/** What a small call costs at each door, beside a bare echo over the same kind of socket in the same two processes. */
import path from 'node:path';
import type { Client } from '../core/api/client.ts';
import type { Bench, BenchContext, Measurement, Row } from './bench.ts';
import { EchoClient } from './bare-echo.ts';
import { defineTinyGuest } from './guests.ts';
import type { HostProcess } from './host-process.ts';
import { repeatCall } from './repeat-call.ts';

const count = 2_000;
const pipelineDepth = 64;
const message = { t: 'call', id: 1, method: 'domainGetInfo', params: { domain: 'tiny' } } as const;

export const smallCalls: Bench = {
  name: 'get-info',
  title: `${count} calls on a running domain, over one connection`,
  defaultRounds: 5,
  limitMs: 60_000,
  run: measure,
};

async function measure(context: BenchContext): Promise<Measurement> {
  await using host = await context.startHost();
  await host.open();
  const client = await host.connect();
  await defineTinyGuest(host, client);
  await client.call('domainCreate', { domain: 'tiny', paused: true });
  const answer = { t: 'result', id: 1, value: await client.call('domainGetInfo', { domain: 'tiny' }) };
  using echo = await echoClient(host, 'e', null);
  using sameSize = await echoClient(host, 's', answer);
  const rows = variants(host, client, echo, sameSize).map((variant) => ({ ...variant, samples: [] as number[] }));
  for (const { run } of rows) await run(); // the first of each is compiled, not measured
  for (let round = 0; round < context.rounds; round++) for (const row of rows) row.samples.push(await row.run());
  client.close();
  return {
    rows: rows.map(({ what, unit, base, samples }): Row => ({ what, unit, samples, ...(base === undefined ? {} : { base }) })),
    notes: [
      `the echo gives back the question (${JSON.stringify(message).length} bytes); the bare answer is as long as getInfo's own (${JSON.stringify(answer).length} bytes)`,
      `pipelined: ${pipelineDepth} calls under way at any time`,
      'over the socket, host and caller are two processes; in process they share one, over a pair of channels that clone each message',
    ],
  };
}

interface Variant extends Omit<Row, 'samples'> {
  readonly run: () => Promise<number>;
}

function variants(host: HostProcess, client: Client, echo: EchoClient, sameSize: EchoClient): Variant[] {
  const ways = [
    { way: 'one by one', inFlight: 1 },
    { way: 'pipelined', inFlight: pipelineDepth },
  ];
  return ways.flatMap(({ way, inFlight }): Variant[] => {
    const over = (call: () => Promise<unknown>) => () => repeatCall(call, count, inFlight);
    const here = (method: 'domainGetInfo' | 'domainLookup') => async () => (await host.ask('callHere', { method, params: { domain: 'tiny' }, count, inFlight })).ms;
    const bare = `bare answer of the same size, ${way}`;
    return [
      { what: `bare echo, ${way}`, unit: 'ms', run: over(() => echo.call(message)) },
      { what: bare, unit: 'ms', run: over(() => sameSize.call(message)) },
      { what: `domainGetInfo over the socket, ${way}`, unit: 'ms', base: bare, run: over(() => client.call('domainGetInfo', { domain: 'tiny' })) },
      { what: `domainLookup over the socket, ${way}`, unit: 'ms', base: bare, run: over(() => client.call('domainLookup', { domain: 'tiny' })) },
      { what: `domainGetInfo in process, ${way}`, unit: 'ms', base: bare, run: here('domainGetInfo') },
      { what: `domainLookup in process, ${way}`, unit: 'ms', base: bare, run: here('domainLookup') },
    ];
  });
}

async function echoClient(host: HostProcess, name: string, answer: unknown): Promise<EchoClient> {
  const socketPath = path.join(host.home, name);
  await host.ask('echo', { path: socketPath, answer });
  return EchoClient.connect(socketPath);
}
