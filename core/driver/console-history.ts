/**
 * The consoles of all domains as history: those that are followed now, and what the log folders of others hold. A domain
 * that is gone is found by its UUID as long as its logs are there.
 */
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { VireoError } from '../base/errors.ts';
import { ConsoleLog } from '../console/console-log.ts';
import type { ConsoleDevice } from '../console/console-types.ts';
import { ConsoleTimes } from '../console/history/console-times.ts';
import { logSource, streamSource } from '../console/history/history-source.ts';
import type { OpenedHistory, SearchedConsole } from '../console/history/search-consoles.ts';
import { type TimesHeader, readHeader, readTimes, timesFileOf } from '../console/history/times-file.ts';
import type { Domain } from '../domain/domain.ts';
import type { DriverContext } from './driver-context.ts';

export interface ConsoleHistory extends OpenedHistory {
  /** Where the newest run began. */
  readonly runStart: number;
}

export interface KeptConsole extends SearchedConsole {
  readonly domain: { readonly uuid: string; readonly name: string };
  readonly console: { readonly alias: string; readonly label: string; readonly kind: ConsoleDevice['kind'] };
  open(): Promise<ConsoleHistory>;
}

type HistoryContext = Pick<DriverContext, 'registry' | 'logFolder' | 'clock' | 'log'>;

/** @throws NO_DOMAIN for a name that no domain has, and for a UUID that has left nothing. */
export async function keptConsoles(context: HistoryContext, reference: string): Promise<readonly KeptConsole[]> {
  const domain = context.registry.look(reference);
  if (domain) return await consolesOf(context, domain.identity.uuid, domain.name, domain);
  const uuid = reference.toLowerCase();
  if (anyUuid.test(uuid)) {
    const consoles = await consolesOf(context, uuid, uuid, null);
    if (consoles.length > 0) return consoles;
  }
  context.registry.find(reference); // says that there is none
  return [];
}

const anyUuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** One console, or the first for null. @throws INVALID_ARG, NO_DOMAIN. */
export async function keptConsole(context: HistoryContext, reference: string, device: string | null): Promise<KeptConsole> {
  const consoles = await keptConsoles(context, reference);
  const chosen = device === null ? consoles[0] : consoles.find(({ console }) => isCalled(console, device));
  if (chosen) return chosen;
  const identity = consoles[0]?.domain ?? context.registry.look(reference)?.identity;
  throw new VireoError('INVALID_ARG', device === null ? 'the domain has no console, and has had none' : `cannot find character device ${device}`, {
    ...(identity ? { domain: identity } : {}),
    details: { devices: consoles.map(({ console }) => console.alias) },
  });
}

export function isCalled({ alias, label }: KeptConsole['console'], device: string): boolean {
  return alias === device || label === device;
}

async function consolesOf(context: HistoryContext, uuid: string, name: string, domain: Domain | null): Promise<readonly KeptConsole[]> {
  const followed = followedConsoles(context, uuid, name, domain);
  const known = new Set(followed.map(({ console }) => console.alias));
  const folder = context.logFolder(uuid);
  const kept: KeptConsole[] = [];
  for (const header of await headersIn(folder)) {
    if (known.has(header.alias)) continue;
    const newestMs = await changedAt(header.log);
    if (newestMs !== null) kept.push({ key: `${uuid}/${header.alias}`, domain: { uuid, name }, console: { alias: header.alias, label: header.label, kind: header.kind }, newestMs, open: () => openLog(context, folder, header) });
  }
  return [...followed, ...kept.toSorted((one, other) => order(one).localeCompare(order(other), 'en', { numeric: true }))];
}

/** As the multiplexer has them: serial ports first. */
const kinds: readonly ConsoleDevice['kind'][] = ['serial', 'console', 'parallel', 'channel'];

function order({ console: { kind, alias } }: KeptConsole): string {
  return `${kinds.indexOf(kind)} ${alias}`;
}

function followedConsoles({ clock, logFolder }: HistoryContext, uuid: string, name: string, domain: Domain | null): KeptConsole[] {
  const mux = domain?.live?.facts.consoles;
  if (!mux) return [];
  return mux.status().flatMap(({ alias, label, kind, runStart }) => {
    const stream = mux.streamOf(alias);
    if (!stream || (stream.follower === null && stream.end === 0)) return []; // nothing of it comes here
    const open = async (): Promise<ConsoleHistory> => {
      const records = stream.follower ? await readTimes(timesFileOf(logFolder(uuid), alias)) : [];
      const source = streamSource(stream);
      const toStream = (offset: number): number => stream.follower?.streamAt(offset) ?? offset;
      const times = new ConsoleTimes(records, { end: source.end, endMs: clock.wallTime(), toStream });
      return { source, times, runStart, [Symbol.asyncDispose]: () => Promise.resolve() };
    };
    return [{ key: `${uuid}/${alias}`, domain: { uuid, name }, console: { alias, label, kind }, newestMs: clock.wallTime(), open }];
  });
}

async function openLog({ log }: HistoryContext, folder: string, header: TimesHeader): Promise<ConsoleHistory> {
  const consoleLog = new ConsoleLog(header.log, log);
  await consoleLog[Symbol.asyncDispose](); // from here on it is open only while it is read: there may be a thousand
  const source = await logSource(consoleLog);
  const endMs = (await changedAt(header.log)) ?? 0;
  const times = new ConsoleTimes(await readTimes(timesFileOf(folder, header.alias)), { end: source.end, endMs });
  const runStart = times.marks.findLast(({ what }) => what === 'run')?.offset ?? 0;
  return { source, times, runStart, [Symbol.asyncDispose]: () => Promise.resolve() };
}

const timesName = /^(.+)\.log\.times$/;
const logName = /^((serial|parallel|console|channel)\d+)\.log$/;

/** Which consoles a log folder has; of those that nobody has noted times of, what their names say. */
async function headersIn(folder: string): Promise<readonly TimesHeader[]> {
  const names = await readdir(folder).catch(() => []);
  const headers = new Map<string, TimesHeader>();
  for (const name of names) {
    const alias = timesName.exec(name)?.[1];
    const header = alias === undefined ? null : await readHeader(path.join(folder, name)).catch(() => null);
    if (header) headers.set(header.alias, header);
  }
  for (const name of names) {
    const [, alias, kind] = logName.exec(name) ?? [];
    if (alias === undefined || headers.has(alias)) continue;
    headers.set(alias, { alias, label: alias, kind: kind as TimesHeader['kind'], log: path.join(folder, name) });
  }
  return [...headers.values()];
}

/** When the log was written last; null where there is none. */
async function changedAt(file: string): Promise<number | null> {
  return stat(file).then(({ mtimeMs, size }) => (size === 0 ? null : mtimeMs), () => null);
}
