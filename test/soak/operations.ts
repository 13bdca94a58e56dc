/** What the soak's clients do to domains, by chance; each is one of the contract's own calls, or a short row of them. */
import type { Client } from '../../core/api/client.ts';
import type { Random } from '../fuzz/random.ts';
import { guestXml } from './guests.ts';

export interface Place {
  readonly client: Client;
  readonly random: Random;
  /** The domain that this is about; in a row with others' work on it. */
  readonly domain: string;
  readonly images: string;
  /** Unique among all clients. */
  readonly fresh: () => string;
}

export interface Operation {
  /** How often it comes, beside the others. */
  readonly weight: number;
  run(place: Place): Promise<unknown>;
}

type Reading = 'domainLookup' | 'domainGetInfo' | 'domainGetXMLDesc' | 'domainGetLog' | 'domainGetControlInfo' | 'domainGetJobStats';

function reading(weight: number, method: Reading): Operation {
  return { weight, run: ({ client, domain }) => client.call(method, { domain }) };
}

type Acting = 'domainSuspend' | 'domainResume' | 'domainReset' | 'domainInjectNMI' | 'domainShutdown' | 'domainReboot' | 'domainAbortJob';

function acting(weight: number, method: Acting): Operation {
  return { weight, run: ({ client, domain }) => client.call(method, { domain }) };
}

export const operations: Readonly<Record<string, Operation>> = {
  list: { weight: 4, run: ({ client }) => client.call('connectListAllDomains', {}) },
  statistics: { weight: 3, run: ({ client }) => client.call('connectGetAllDomainStats', {}) },
  lookup: reading(3, 'domainLookup'),
  info: reading(3, 'domainGetInfo'),
  xml: reading(2, 'domainGetXMLDesc'),
  log: reading(1, 'domainGetLog'),
  control: reading(1, 'domainGetControlInfo'),
  jobStatistics: reading(1, 'domainGetJobStats'),
  start: { weight: 12, run: ({ client, domain, random }) => client.call('domainCreate', { domain, paused: random.below(5) === 0 }) },
  destroy: { weight: 6, run: ({ client, domain, random }) => client.call('domainDestroy', { domain, graceful: random.below(3) === 0 }) },
  suspend: acting(4, 'domainSuspend'),
  resume: acting(5, 'domainResume'),
  reset: acting(2, 'domainReset'),
  nmi: acting(1, 'domainInjectNMI'),
  shutdown: acting(1, 'domainShutdown'),
  signalShutdown: { weight: 1, run: ({ client, domain }) => client.call('domainShutdown', { domain, mode: 'signal' }) },
  reboot: acting(1, 'domainReboot'),
  abort: acting(1, 'domainAbortJob'),
  keys: { weight: 1, run: ({ client, domain }) => client.call('domainSendKey', { domain, keys: [28] }) },
  autostart: { weight: 1, run: ({ client, domain, random }) => client.call('domainSetAutostart', { domain, autostart: random.below(2) === 0 }) },
  monitorQuery: { weight: 2, run: ({ client, domain }) => client.call('qemuDomainMonitorCommand', { domain, command: '{"execute":"query-status"}' }) },
  screenshot: { weight: 1, run: takeScreenshot },
  console: { weight: 3, run: useConsole },
  redefine: { weight: 2, run: redefine },
  undefineAndDefine: { weight: 1, run: undefineAndDefine },
  transient: { weight: 2, run: transient },
};

async function takeScreenshot({ client, domain }: Place): Promise<void> {
  await client.call('domainScreenshot', { domain });
}

/** Looks at a console for a moment, types where the chance says so, sometimes by taking over. */
async function useConsole({ client, domain, random }: Place): Promise<void> {
  const mode = random.pick(['write', 'watch', 'write-or-watch'] as const);
  const bytes = 1 + random.below(200);
  let seen = 0;
  let wake = (): void => {};
  const stream = await client.openStream('domainOpenConsole', { domain, mode, force: random.below(3) === 0 }, {
    onBytes: (part, _offset, acknowledge) => {
      seen += part.length;
      acknowledge();
      wake();
    },
    onMessage: () => wake(),
    onEnd: () => wake(),
  });
  const enough = new Promise<void>((resolve) => {
    wake = resolve;
    setTimeout(resolve, 500);
  });
  if (stream.opened.mode === 'write') await Promise.race([stream.send(new Uint8Array(bytes).fill(0x61)), enough]).catch(() => {}); // it may be taken over
  if (seen === 0) await enough;
  stream.close();
}

function diskOf({ images, domain }: Place): string {
  return `${images}/${domain}.raw`;
}

async function redefine(place: Place): Promise<void> {
  const { client, domain, random } = place;
  const { uuid } = await client.call('domainLookup', { domain });
  const xml = guestXml({ name: domain, disk: diskOf(place), title: `title ${random.below(1_000)}`, shared: `${place.images}/shared.raw` });
  await client.call('domainDefineXML', { xml: xml.replace('</name>', `</name><uuid>${uuid}</uuid>`) });
}

/** A running domain becomes transient by it, and is persistent again right after. */
async function undefineAndDefine(place: Place): Promise<void> {
  const { client, domain } = place;
  const { uuid } = await client.call('domainLookup', { domain });
  await client.call('domainUndefine', { domain });
  const xml = guestXml({ name: domain, disk: diskOf(place), shared: `${place.images}/shared.raw` });
  await client.call('domainDefineXML', { xml: xml.replace('</name>', `</name><uuid>${uuid}</uuid>`) });
}

/** Half of them end with the client that made them, whenever that is. */
async function transient({ client, random, fresh, images }: Place): Promise<void> {
  const name = fresh();
  const xml = guestXml({ name, disk: null, shared: `${images}/shared.raw` });
  await client.call('domainCreateXML', { xml, paused: random.below(2) === 0, autodestroy: random.below(2) === 0 });
  if (random.below(4) > 0) await client.call('domainDestroy', { domain: name });
}
