/** A hundred real QEMU processes, paused: started, left by a host that closes, found by one that opens, ended. */
import type { Client } from '../core/api/client.ts';
import type { Bench, BenchContext, Measurement } from './bench.ts';
import { disklessXml } from './guests.ts';
import { proportionalMiB } from './machine-facts.ts';
import { forEachAtOnce, timed } from './repeat-call.ts';

const guests = 100;
const startsAtOnce = 4;
const endsAtOnce = 16;

export const hundred: Bench = {
  name: 'hundred',
  title: `${guests} paused guests, ${startsAtOnce} started at once`,
  defaultRounds: 3,
  limitMs: 60_000,
  run: measure,
};

/** One set of guests; opening and closing the host around them is what is repeated. */
async function measure(context: BenchContext): Promise<Measurement> {
  await using host = await context.startHost();
  await host.open();
  const before = await host.ask('memory', {});
  const names = Array.from({ length: guests }, (_, index) => `guest-${index}`);
  let client = await host.connect();
  await forEachAtOnce(names, 16, (name) => client.call('domainDefineXML', { xml: disklessXml(name) }));
  const startMs = await timed(() => forEachAtOnce(names, startsAtOnce, (domain) => client.call('domainCreate', { domain, paused: true })));
  const qemuMiB = await proportionalMiB(await runningPids(client));
  const [opened, reconnected, closed] = [[], [], []] as [number[], number[], number[]];
  for (let round = 0; round < context.rounds; round++) {
    client.close();
    closed.push(await timed(() => host.close()));
    const { openMs, reconnectedMs } = await host.open();
    opened.push(openMs);
    reconnected.push(reconnectedMs);
    client = await host.connect();
    const found = (await runningPids(client)).length;
    if (found !== guests) throw new Error(`${found} of ${guests} guests were found again`);
  }
  const after = await host.ask('memory', {});
  const endMs = await timed(() => forEachAtOnce(names, endsAtOnce, (domain) => client.call('domainDestroy', { domain })));
  client.close();
  return {
    rows: [
      { what: `start ${guests}`, unit: 'ms', samples: [startMs] },
      { what: 'close the host', unit: 'ms', samples: closed },
      { what: 'open until the list is there', unit: 'ms', samples: opened },
      { what: `open until ${guests} are reconnected`, unit: 'ms', samples: reconnected },
      { what: `destroy ${guests}, ${endsAtOnce} at once`, unit: 'ms', samples: [endMs] },
      { what: 'host before, resident', unit: 'MiB', samples: [before.residentMiB] },
      { what: `host with ${guests} running, resident`, unit: 'MiB', samples: [after.residentMiB], base: 'host before, resident' },
      { what: 'each QEMU, its share of shared pages counted', unit: 'MiB', samples: [qemuMiB / guests] },
    ],
    notes: ['each has a monitor, a serial console with its log, and no disk; none has run'],
  };
}

async function runningPids(client: Client): Promise<number[]> {
  const { domains } = await client.call('connectListAllDomains', {});
  return domains.filter(({ state }) => state === 'paused').map(({ pid }) => pid as number);
}
