/** A thousand domains: defining them durably, listing them, finding them again, and what they cost in memory. */
import path from 'node:path';
import type { Bench, BenchContext, Measurement } from './bench.ts';
import { disklessXml } from './guests.ts';
import type { Memory } from './host-orders.ts';
import type { HostProcess } from './host-process.ts';
import { forEachAtOnce, timed } from './repeat-call.ts';

const domains = 1_000;
const batches = 4;
const batchSize = domains / batches;
const atOnce = 16;
const lists = 10;

export const define: Bench = {
  name: 'define',
  title: `${domains} shut-off domains, ${atOnce} defined at once`,
  defaultRounds: 3,
  limitMs: 60_000,
  run: measure,
};

interface Samples {
  readonly defined: number[];
  readonly written: number[];
  readonly listed: number[];
  readonly open0: number[];
  readonly open1000: number[];
}

async function measure(context: BenchContext): Promise<Measurement> {
  const samples: Samples = { defined: [], written: [], listed: [], open0: [], open1000: [] };
  const memory: { empty: Memory[]; full: Memory[] } = { empty: [], full: [] };
  const syncs: string[] = [];
  for (let round = 0; round < context.rounds; round++) {
    await using host = await context.startHost();
    samples.open0.push((await host.open()).openMs);
    memory.empty.push(await host.ask('memory', {}));
    syncs.push(await defineAll(host, samples));
    await host.close();
    samples.open1000.push((await host.open()).openMs);
    memory.full.push(await host.ask('memory', {}));
  }
  return {
    rows: [
      { what: `bare: as many files, as durable, of the same size`, unit: 'ms', samples: samples.written },
      { what: `define ${domains} domains`, unit: 'ms', samples: samples.defined, base: 'bare: as many files, as durable, of the same size' },
      { what: `list and info of ${domains}, one call`, unit: 'ms', samples: samples.listed },
      { what: 'open a host on an empty state folder', unit: 'ms', samples: samples.open0 },
      { what: `open a host on ${domains} definitions`, unit: 'ms', samples: samples.open1000, base: 'open a host on an empty state folder' },
      { what: 'host with 0 domains, resident', unit: 'MiB', samples: memory.empty.map(({ residentMiB }) => residentMiB) },
      { what: `host with ${domains} domains, resident`, unit: 'MiB', samples: memory.full.map(({ residentMiB }) => residentMiB), base: 'host with 0 domains, resident' },
      { what: 'host with 0 domains, heap', unit: 'MiB', samples: memory.empty.map(({ heapMiB }) => heapMiB) },
      { what: `host with ${domains} domains, heap`, unit: 'MiB', samples: memory.full.map(({ heapMiB }) => heapMiB), base: 'host with 0 domains, heap' },
    ],
    notes: [
      `fsyncs while defining: ${syncs.at(-1)}; the bare control writes, syncs, renames and syncs the folder alike, ${batchSize} files in turn with ${batchSize} domains`,
      `the list is over the local socket, the median of ${lists}; memory is after a collection, of plain Node with the host`,
      'the process that opens a host again has opened it before: its code is compiled',
    ],
  };
}

async function defineAll(host: HostProcess, samples: Samples): Promise<string> {
  const client = await host.connect();
  await client.call('domainDefineXML', { xml: disklessXml('first') });
  const bytes = (await client.call('domainGetXMLDesc', { domain: 'first' })).xml.length;
  await client.call('domainUndefine', { domain: 'first' });
  let [definedMs, writtenMs, syncCount, most] = [0, 0, 0, 0];
  for (let batch = 0; batch < batches; batch++) {
    writtenMs += (await host.ask('writeDurably', { folder: path.join(host.home, `bare-${batch}`), count: batchSize, atOnce, bytes })).ms;
    await host.ask('beginSyncs', {});
    const names = Array.from({ length: batchSize }, (_, index) => `domain-${batch * batchSize + index}`);
    definedMs += await timed(() => forEachAtOnce(names, atOnce, (name) => client.call('domainDefineXML', { xml: disklessXml(name) })));
    const syncs = await host.ask('endSyncs', {});
    syncCount += syncs.count;
    most = Math.max(most, syncs.atOnce);
  }
  samples.defined.push(definedMs);
  samples.written.push(writtenMs);
  for (let list = 0; list < lists; list++) {
    const beganMs = performance.now();
    const { domains: found } = await client.call('connectListAllDomains', {});
    samples.listed.push(performance.now() - beganMs);
    if (found.length !== domains) throw new Error(`${found.length} domains are listed instead of ${domains}`);
  }
  client.close();
  return `${syncCount}, at most ${most} at once`;
}
