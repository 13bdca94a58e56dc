/**
 * A flooding guest's console by `vireo console` and by `virsh console`, each in a terminal of its own, turn by turn: the same guest
 * on the same QEMU, once under a host of ours and once under a libvirt of its own. Beside them a session of the
 * multiplexer, with no client at all.
 */
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { findSampleGuest } from '../core/storage/sample-guest.ts';
import type { Client } from '../core/api/client.ts';
import { bootGuestXml } from '../test/support/boot-guest.ts';
import { bootSectorImage } from '../test/support/boot-sector.ts';
import { guestConsole } from '../test/support/guest-console.ts';
import type { Bench, BenchContext, Measurement, Row } from './bench.ts';
import { ByteCount, type ReadOutcome } from './byte-count.ts';
import { type FloodSource, prepareFloods, startPortGuest, startTinyGuest } from './flood.ts';
import { portGuestXml } from './guests.ts';
import type { HostProcess } from './host-process.ts';
import { type Invocation, type LibvirtSession, openLibvirtSession } from './libvirt-session.ts';
import { type ScriptTerminal, openTerminal } from './script-terminal.ts';

const bootMs = 40_000;
const answerMs = 10_000;
/** What was printed before is shown first; the flood begins after it. */
const settleMs = 300;
const carriageReturn = 0x0d;
const newline = 0x0a;

export const consoleVirsh: Bench = {
  name: 'console-virsh',
  title: 'bytes of a flooding guest in a terminal, by `vireo console` and by `virsh console`',
  defaultRounds: 3,
  limitMs: 240_000,
  run: measure,
};

/** One console that floods: where it is in either system, and how it is begun and ended. */
interface Flood {
  readonly source: FloodSource;
  readonly virshWords: readonly string[];
  /** With the terminal's own way to type, or on another console. */
  begin(type: (text: string) => Promise<void>, system: 'vireo' | 'virsh'): Promise<void>;
  end(type: (text: string) => Promise<void>): Promise<void>;
}

async function measure(context: BenchContext): Promise<Measurement> {
  await using libvirt = await openLibvirtSession(context.signal);
  await using host = await context.startHost();
  await host.open();
  const client = await host.connect();
  const command = await builtCommand();
  const [rows, notes] = [[] as Row[], [`virsh is of ${libvirt.version}; both guests run on this QEMU, and only the one that is measured says anything`]];
  try {
    rows.push(...(await measureFlood({ context, host, client, libvirt, command, notes }, await serialFlood(host, client, libvirt))));
    await using shell = await startLibvirtPortGuest(libvirt);
    const flood = shell && (await portFlood(client, shell));
    if (flood) rows.push(...(await measureFlood({ context, host, client, libvirt, command, notes }, flood)));
    else notes.push('hvc0 is not measured: the sample guest is not here');
  } finally {
    client.close();
  }
  return { rows, notes };
}

interface Surroundings {
  readonly context: BenchContext;
  readonly host: HostProcess;
  readonly client: Client;
  readonly libvirt: LibvirtSession;
  readonly command: string;
  readonly notes: string[];
}

async function measureFlood({ context, host, client, libvirt, command, notes }: Surroundings, flood: Flood): Promise<Row[]> {
  const { source } = flood;
  const base = `${source.what}: virsh console`;
  const ours = (words: readonly string[]): Invocation => ({ program: words[0] as string, args: words.slice(1), env: process.env as Record<string, string> });
  const ways = [
    { what: base, read: () => readTerminal(flood, 'virsh', openTerminal(['virsh', '-c', 'qemu:///session', 'console', ...flood.virshWords], (words) => libvirt.invocation(words))) },
    { what: `${source.what}: vireo console`, read: () => readTerminal(flood, 'vireo', openTerminal([process.execPath, command, '--home', host.home, 'console', source.domain, source.alias], ours)) },
    { what: `${source.what}: session of the multiplexer`, read: () => readSession(flood, host, client) },
  ];
  const outcomes: ReadOutcome[][] = ways.map(() => []);
  for (let round = 0; round < context.rounds; round++) {
    for (const [index, { read }] of ways.entries()) outcomes[index]?.push(await read());
  }
  for (const [index, { what }] of ways.entries()) {
    const wrong = outcomes[index]?.map((outcome) => outcome.wrong).find((text) => text !== null);
    if (wrong !== undefined) notes.push(`${what}: bytes are missing or changed, first: ${wrong}`);
  }
  const row = (what: string, unit: Row['unit'], of: (outcome: ReadOutcome) => number): Row[] => ways.map(({ what: way }, index) => ({ what: `${way}${what}`, unit, samples: (outcomes[index] ?? []).map(of), ...(index === 0 ? {} : { base: `${base}${what}` }) }));
  const speeds = row('', 'MiB/s', ({ bytes, ms }) => bytes / 2 ** 20 / (ms / 1000));
  if (source.plan.check !== null) return speeds;
  return [...speeds, ...row(', dropped by QEMU', 'KiB', ({ bytes }) => (source.plan.bytes - bytes) / 1024)];
}

async function readTerminal(flood: Flood, system: 'vireo' | 'virsh', opened: ScriptTerminal): Promise<ReadOutcome> {
  await using terminal = opened;
  await terminal.waitFor(/Escape character is [^\n]*\n/, answerMs);
  await terminal.quiet(settleMs);
  using count = new ByteCount(flood.source.plan);
  const take = (bytes: Uint8Array): void => count.take(bytes);
  terminal.listen(system === 'vireo' ? withoutAddedReturns(take) : take);
  await flood.begin((text) => terminal.type(text), system);
  const outcome = await count.done;
  await flood.end((text) => terminal.type(text));
  await terminal.quiet(settleMs);
  return outcome;
}

/** libuv's raw mode leaves the terminal's ONLCR on (src/unix/tty.c), so that it prints a CR before each LF; virsh's does not. */
function withoutAddedReturns(take: (bytes: Uint8Array) => void): (bytes: Uint8Array) => void {
  let held = false;
  return (bytes) => {
    const rest = Buffer.allocUnsafe(bytes.length + 1);
    let length = 0;
    for (const byte of bytes) {
      if (held && byte !== newline) rest[length++] = carriageReturn;
      held = byte === carriageReturn;
      if (!held) rest[length++] = byte;
    }
    if (length > 0) take(rest.subarray(0, length));
  };
}

async function readSession(flood: Flood, host: HostProcess, client: Client): Promise<ReadOutcome> {
  const { domain, alias, plan } = flood.source;
  await host.ask('beginSession', { domain, alias, plan });
  const typed = async (work: (type: (text: string) => Promise<void>) => Promise<void>): Promise<void> => {
    await using own = await guestConsole(client, domain, alias, { from: 'now', force: true });
    await work((text) => own.type(text));
  };
  await typed((type) => flood.begin(type, 'vireo'));
  const outcome = await host.ask('endRead', {});
  await typed((type) => flood.end(type));
  return outcome;
}

/** The boot sector says `F` when it is told to, until it is told to stop. */
async function serialFlood(host: HostProcess, client: Client, libvirt: LibvirtSession): Promise<Flood> {
  const source = await startTinyGuest(host, client);
  await libvirt.start('tiny', bootGuestXml(await libvirt.give('tiny.raw', bootSectorImage()), { name: 'tiny', serial: 'pty' }));
  return { source, virshWords: ['tiny'], begin: (type) => type('F'), end: (type) => type('S') };
}

/** Logged in on the serial console that stays open, which is where the flood of hvc0 is begun. */
async function startLibvirtPortGuest(libvirt: LibvirtSession): Promise<ScriptTerminal | null> {
  const guest = await findSampleGuest();
  if ('missing' in guest) return null;
  const [kernel, initrd] = [await libvirt.give('kernel', guest.kernel), await libvirt.give('initrd', guest.initrd)];
  const xml = portGuestXml('ports', { kernel, initrd }).replaceAll("type='unix'><source mode='bind'/>", "type='pty'>").replace(/<channel[^]*<\/channel>/, '');
  await libvirt.start('ports', xml);
  const shell = openTerminal(['virsh', '-c', 'qemu:///session', 'console', 'ports', '--devname', 'serial0'], (words) => libvirt.invocation(words));
  await prepareFloods(shell, bootMs);
  return shell;
}

async function portFlood(client: Client, shell: ScriptTerminal): Promise<Flood | null> {
  const source = (await startPortGuest(client))?.find(({ what }) => what === 'hvc0');
  if (!source) return null;
  const typeOurs = async (text: string): Promise<void> => {
    await using ours = await guestConsole(client, source.domain, 'serial0', { from: 'now', force: true });
    await ours.type(text);
  };
  return {
    source,
    virshWords: ['ports', '--devname', 'console1'],
    begin: (_type, system) => (system === 'virsh' ? shell.type(source.command ?? '') : typeOurs(source.command ?? '')),
    end: async () => {},
  };
}

/** The command as it is built; the file that Node runs. */
async function builtCommand(): Promise<string> {
  const { buildIfStale } = (await import(/* @vite-ignore */ pathToFileURL(path.resolve('scripts/build.mjs')).href)) as { readonly buildIfStale: () => Promise<boolean> };
  await buildIfStale();
  return path.resolve('dist/vireo.cjs');
}
