/** What a hundred open consoles cost the process that holds them: the connections of running guests, then a session on each. */
import type { Bench, BenchContext, Measurement } from './bench.ts';
import { disklessXml } from './guests.ts';
import { forEachAtOnce } from './repeat-call.ts';

const guests = 25;
/** As many as a PC has. */
const portsEach = 4;
const consoles = guests * portsEach;

export const consoleMemory: Bench = {
  name: 'console-memory',
  title: `${consoles} open consoles, on ${guests} guests with ${portsEach} serial ports each`,
  defaultRounds: 3,
  limitMs: 60_000,
  run: measure,
};

async function measure(context: BenchContext): Promise<Measurement> {
  await using host = await context.startHost();
  await host.open();
  const client = await host.connect();
  const serial = "<serial type='unix'><source mode='bind'/></serial>";
  const names = Array.from({ length: guests }, (_, index) => `ports-${index}`);
  await forEachAtOnce(names, 8, (name) => client.call('domainDefineXML', { xml: disklessXml(name).replace(serial, serial.repeat(portsEach)) }));
  const before = await host.ask('memory', {});
  await forEachAtOnce(names, 2, (domain) => client.call('domainCreate', { domain, paused: true }));
  const [running, open] = [[] as number[], [] as number[]];
  for (let round = 0; round < context.rounds; round++) {
    running.push((await host.ask('memory', {})).residentMiB);
    const readers = await host.connect('the readers');
    const handlers = { onBytes: (_bytes: Uint8Array, _offset: number, acknowledge: () => void) => acknowledge(), onMessage() {}, onEnd() {} };
    await forEachAtOnce(names, 4, async (domain) => {
      for (let port = 0; port < portsEach; port++) await readers.openStream('domainOpenConsole', { domain, device: `serial${port}`, mode: 'write' }, handlers);
    });
    open.push((await host.ask('memory', {})).residentMiB);
    readers.close();
  }
  await forEachAtOnce(names, 8, (domain) => client.call('domainDestroy', { domain }));
  client.close();
  return {
    rows: [
      { what: 'host before, resident', unit: 'MiB', samples: [before.residentMiB] },
      { what: `host with ${consoles} consoles connected, resident`, unit: 'MiB', samples: running },
      { what: `host with a session on each, resident`, unit: 'MiB', samples: open, base: `host with ${consoles} consoles connected, resident` },
    ],
    notes: [`the guests are paused: no console has said anything; each keeps at most 256 KiB of its newest bytes, ${consoles / 4} MiB of all`],
  };
}
