/** One guest that checks itself, from one host to the other and back as often as one likes, and what the guest says of it. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { MigrationOptionsInput } from '../../core/migration/migration-options.ts';
import { Random } from '../fuzz/random.ts';
import { checkedSectorImage, type CheckedSectorOptions, type GuestReport, reportsIn, wrongBlocksOf } from '../support/checked-sector.ts';
import { type GuestConsole, guestConsole } from '../support/guest-console.ts';
import { until } from '../support/migration-guest.ts';
import { leftoversOf, type MigrationHosts, migrationOptions } from '../support/migration-hosts.ts';
import type { TestHost } from '../support/open-test-host.ts';
import { guestsOf } from './guests-of.ts';
import { type Footprint, footprint } from './footprint.ts';

export interface RoundsOptions {
  readonly rounds: number;
  /** The disk is copied each time, to the other host's folder. */
  readonly disk: boolean;
  readonly seed: number;
  readonly signal?: AbortSignal;
  readonly onRound?: (round: number, report: GuestReport, tookMs: number) => void;
}

export interface RoundsResult {
  /** Whole ones. */
  readonly rounds: number;
  readonly report: GuestReport;
  /** What must never be, but for errors in memory, which are in the report: TCG makes some of its own. */
  readonly wrong: readonly string[];
  /** After round 10, or after the last where there are fewer, and at the end. */
  readonly early: Footprint;
  readonly late: Footprint;
}

export const deadlineMs = 60_000;
const measuredAt = 10;
const guest = 'traveller';

/** On the PC whose IDE ports the guest knows. */
export function checkedGuestXml(name: string, image: string): string {
  return `<domain type='qemu'>
  <name>${name}</name>
  <memory unit='MiB'>32</memory>
  <os><type arch='x86_64' machine='pc'>hvm</type><boot dev='hd'/></os>
  <features><acpi/></features>
  <devices>
    <disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='${image}'/><target dev='hda' bus='ide'/></disk>
    <controller type='usb' model='none'/>
    <serial type='unix'><source mode='bind'/></serial>
    <memballoon model='none'/>
  </devices>
</domain>`;
}

export function imageOn(host: TestHost, name: string): string {
  return path.join(host.home, 'images', `${name}.raw`);
}

/** Both hosts have a folder for images; the first has the guest, which runs. */
export async function startCheckedGuest({ source, destination }: MigrationHosts, name: string, options: CheckedSectorOptions = {}): Promise<void> {
  for (const { home } of [source, destination]) await mkdir(path.join(home, 'images'), { recursive: true });
  await writeFile(imageOn(source, name), checkedSectorImage(options));
  await source.client.call('domainDefineXML', { xml: checkedGuestXml(name, imageOn(source, name)) });
  await source.client.call('domainCreate', { domain: name });
}

/** What the guest says from now on: the console of one host, watched. */
export class Reports implements AsyncDisposable {
  readonly #console: GuestConsole;

  private constructor(console: GuestConsole) {
    this.#console = console;
  }

  static async watch({ client }: TestHost, name: string): Promise<Reports> {
    return new Reports(await guestConsole(client, name, null, { mode: 'watch', from: 'now' }));
  }

  get last(): GuestReport | null {
    return reportsIn(this.#console.text()).at(-1) ?? null;
  }

  async next(): Promise<GuestReport> {
    const before = this.last?.pass ?? -1;
    await until(() => Promise.resolve((this.last?.pass ?? -1) > before), deadlineMs).catch(() => {
      throw new Error(`the guest says nothing any more after pass ${before}`);
    });
    return this.last as GuestReport;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#console[Symbol.asyncDispose]();
  }
}

/** The definition as the other host is to have it, whose images lie elsewhere. */
async function optionsOf(from: TestHost, to: TestHost, name: string, disk: boolean): Promise<MigrationOptionsInput> {
  const common = { persistDestination: true, undefineSource: true, maxDowntimeMs: 3_000 } as const;
  if (!disk) return common;
  const { xml } = await from.client.call('domainGetXMLDesc', { domain: name, migratable: true });
  const elsewhere = (text: string): string => text.replaceAll(imageOn(from, name), imageOn(to, name));
  return { ...common, copyStorage: 'all', destinationXml: elsewhere(xml), persistentXml: elsewhere(xml) };
}

/** It is on exactly one host, and nothing beside it is left on either. */
async function misplaced(on: TestHost, gone: TestHost): Promise<readonly string[]> {
  const [here, there] = await Promise.all([on, gone].map(({ home }) => guestsOf(home)));
  const looks = (await on.client.call('connectListAllDomains', {})).domains;
  const state = looks[0]?.state;
  return [
    ...(here?.length === 1 && there?.length === 0 ? [] : [`${here?.length} QEMUs where it runs, ${there?.length} where it came from`]),
    ...(state === 'running' ? [] : [`the host says that it is ${state}`]),
    ...(await leftoversOf(on)).map((left) => `left where it runs: ${left}`),
    ...(await leftoversOf(gone)).map((left) => `left where it came from: ${left}`),
  ];
}

async function oneWay(from: TestHost, to: TestHost, hosts: MigrationHosts, disk: boolean): Promise<{ readonly report: GuestReport; readonly wrong: readonly string[] }> {
  await using before = await Reports.watch(from, guest);
  await before.next();
  await from.client.call('domainMigrateToURI3', { domain: guest, uri: hosts.uriOf(to), options: migrationOptions(await optionsOf(from, to, guest, disk)) });
  await using after = await Reports.watch(to, guest);
  const report = await after.next();
  const last = before.last as GuestReport;
  const wrong: string[] = [];
  if (report.pass < last.pass) wrong.push(`the guest was at pass ${last.pass} and is at ${report.pass}`);
  if (report.diskErrors > last.diskErrors) wrong.push(`${report.diskErrors - last.diskErrors} wrong blocks`);
  let left: readonly string[] = [];
  await until(async () => (left = await misplaced(to, from)).length === 0, 10_000).catch(() => wrong.push(...left));
  return { report, wrong };
}

/** The hosts are empty before, and hold what the guest left afterwards. */
export async function thereAndBack(hosts: MigrationHosts, { rounds, disk, seed, signal, onRound }: RoundsOptions): Promise<RoundsResult> {
  const random = new Random(seed);
  await startCheckedGuest(hosts, guest);
  let [from, to] = [hosts.source, hosts.destination];
  let report!: GuestReport;
  let early: Footprint | null = null;
  let round = 0;
  const wrong: string[] = [];
  while (round < rounds && !signal?.aborted) {
    await new Promise((resolve) => setTimeout(resolve, random.below(200))); // at another moment of its pass
    const begunMs = performance.now();
    const done = await oneWay(from, to, hosts, disk);
    round += 1;
    report = done.report;
    wrong.push(...done.wrong.map((each) => `round ${round}: ${each}`));
    onRound?.(round, report, performance.now() - begunMs);
    for (const host of [from, to]) forgetWhatItTold(host);
    if (round === Math.min(measuredAt, rounds)) early = await footprint([from.home, to.home]);
    [from, to] = [to, from];
  }
  const late = await footprint([from.home, to.home]);
  const image = imageOn(disk ? from : hosts.source, guest);
  wrong.push(...(await imageOfStopped(from, image)));
  return { rounds: round, report, wrong, early: early ?? late, late };
}

/** The test's own records of log and events grow with every round, which is no growth of the host. */
function forgetWhatItTold({ log, eventsSinceOpen }: TestHost): void {
  for (const record of [log, eventsSinceOpen] as unknown as readonly unknown[][]) record.length = 0;
}

/** The guest stands still for that, and is ended. */
async function imageOfStopped(on: TestHost, image: string): Promise<readonly string[]> {
  await using reports = await Reports.watch(on, guest);
  await reports.next();
  await on.client.call('domainSuspend', { domain: guest });
  const { pass } = reports.last as GuestReport;
  const wrong = wrongBlocksOf(await readFile(image), pass);
  await on.client.call('domainDestroy', { domain: guest });
  await on.client.call('domainUndefine', { domain: guest });
  return wrong;
}
