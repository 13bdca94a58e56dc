/** What a start and a destroy add to QEMU's own time: the same argv by the driver and bare, turn by turn. */
import type { Bench, BenchContext, Measurement } from './bench.ts';
import { launchOf, startBare } from './bare-qemu.ts';
import { defineTinyGuest } from './guests.ts';
import { timed } from './repeat-call.ts';

export const start: Bench = {
  name: 'start',
  title: 'a start until it returns, and a destroy, of the smallest guest',
  defaultRounds: 15,
  limitMs: 60_000,
  run: measure,
};

async function measure(context: BenchContext): Promise<Measurement> {
  await using host = await context.startHost();
  await host.open();
  const client = await host.connect();
  await defineTinyGuest(host, client);
  const { pid } = await client.call('domainCreate', { domain: 'tiny' }); // the first of all is not measured
  const launch = await launchOf(pid as number);
  await client.call('domainDestroy', { domain: 'tiny' });
  const [bareStart, bareEnd, started, destroyed] = [[], [], [], []] as [number[], number[], number[], number[]];
  for (let round = 0; round < context.rounds; round++) {
    await using bare = await startBare(launch, context.signal);
    bareStart.push(bare.ms);
    bareEnd.push(await bare.end());
    started.push(await timed(() => client.call('domainCreate', { domain: 'tiny' })));
    destroyed.push(await timed(() => client.call('domainDestroy', { domain: 'tiny' })));
  }
  await host.ask('beginSyncs', {});
  await client.call('domainCreate', { domain: 'tiny' });
  await client.call('domainDestroy', { domain: 'tiny' });
  const { count } = await host.ask('endSyncs', {});
  client.close();
  return {
    rows: [
      { what: 'bare: spawn, greeting, cont', unit: 'ms', samples: bareStart },
      { what: 'domainCreate', unit: 'ms', samples: started, base: 'bare: spawn, greeting, cont' },
      { what: 'bare: SIGTERM until it has ended', unit: 'ms', samples: bareEnd },
      { what: 'domainDestroy', unit: 'ms', samples: destroyed, base: 'bare: SIGTERM until it has ended' },
    ],
    notes: [`${count} fsyncs in one start and destroy; the bare QEMU is spawned with the argv and the environment of the driver's own (${launch.argv.length} words)`],
  };
}
