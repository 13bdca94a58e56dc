/** The contract of what consoles have said, over core/console/history. */
import { VireoError, asVireoError } from '../base/errors.ts';
import { marksBetween } from '../console/history/console-times.ts';
import { PatternThread, patternMatcher } from '../console/history/pattern-matcher.ts';
import { findInConsole } from '../console/history/search-console.ts';
import { searchConsoles } from '../console/history/search-consoles.ts';
import { Places } from '../process/places.ts';
import { type ConsoleHistory, type KeptConsole, isCalled, keptConsole, keptConsoles } from '../driver/console-history.ts';
import type { Driver } from '../driver/driver.ts';
import type { Call } from '../job/call.ts';
import { type consoleHistoryMethods, maximumConsoleSpans } from './console-history-contract.ts';
import type { Implementation } from './server.ts';

/** Threads and disks are for others too; a search that takes long lets the next one begin beside it. */
const searchesAtOnce = 4;
const placeKeptMs = 3_000;
/** Looked through for one page: a second or so on a slow disk. */
const maximumSearchedBytes = 64 << 20;

export function consoleHistoryService(driver: Driver): Implementation<typeof consoleHistoryMethods> {
  const { context } = driver;
  const { clock, consoleTriggers } = context;
  const places = new Places(searchesAtOnce, placeKeptMs, clock);
  return {
    domainSearchConsoles: (call, { domains, device, before, ...search }) => places.run(async () => {
      const consoles = await searchedConsoles(driver, call, domains);
      await using thread = new PatternThread(clock);
      const matcher = patternMatcher(search, thread);
      const wanted = device === null ? consoles : consoles.filter(({ console }) => isCalled(console, device));
      const { hits, problems, ...page } = await searchConsoles(wanted, { ...search, matcher, before, signal: call.signal, maximumBytes: maximumSearchedBytes, nowMs: clock.wallTime() });
      return {
        ...page,
        hits: hits.map(({ of, ...hit }) => ({ ...hit, domain: of.domain, console: of.console })),
        problems: problems.map(({ of, error }) => ({ domain: of.domain.name, device: of.console.label, reason: asVireoError(error).message })),
      };
    }),
    domainFindInConsole: (call, { domain, device, direction, from, ...search }) => places.run(async () => {
      const chosen = await keptConsole(context, domain, device);
      await using history = await chosen.open();
      await using thread = new PatternThread(clock);
      const matcher = patternMatcher(search, thread);
      const { hits, ...found } = await findInConsole(history.source, history.times, { ...search, matcher, direction, from, signal: call.signal, maximumBytes: maximumSearchedBytes });
      return { ...extentOf(chosen, history), hits: [...hits], ...found };
    }),
    domainGetConsoleTimes: async (_call, { domain, device, from, to }) => {
      const chosen = await keptConsole(context, domain, device);
      await using history = await chosen.open();
      const end = Math.min(to ?? history.source.end, history.source.end);
      const spans = history.times.between(from, end, maximumConsoleSpans);
      const next = spans.at(-1)?.to ?? end;
      return { ...extentOf(chosen, history), spans: [...spans], marks: [...marksBetween(history.times.marks, from, next, next >= end)], next: next < end ? next : null };
    },
    domainReadConsole: async (_call, { domain, device, from, maximumBytes }) => {
      const chosen = await keptConsole(context, domain, device);
      await using history = await chosen.open();
      return { ...extentOf(chosen, history), ...(await readPiece(history, from, maximumBytes)) };
    },
    domainGetConsoleTriggers: async (_call, { domain }) => ({ triggers: [...(await consoleTriggers.of(driver.find(domain).uuid))] }),
    domainSetConsoleTriggers: async (_call, { domain, triggers }) => ({ triggers: [...(await driver.on(domain, ({ uuid }) => consoleTriggers.set(uuid, triggers)))] }),
  };
}

async function searchedConsoles({ context }: Driver, call: Call, references: readonly string[]): Promise<readonly KeptConsole[]> {
  const uuids = new Set(references.length === 0 ? context.registry.list().map(({ uuid }) => uuid) : references.map((reference) => context.registry.look(reference)?.uuid ?? reference));
  const consoles: KeptConsole[] = [];
  for (const uuid of uuids) {
    call.signal.throwIfAborted();
    try {
      consoles.push(...(await keptConsoles(context, uuid)));
    } catch (error) {
      if (references.length > 0 || !(error instanceof VireoError) || error.code !== 'NO_DOMAIN') throw error; // it was undefined meanwhile
    }
  }
  return consoles;
}

function extentOf({ console }: KeptConsole, { source, runStart }: ConsoleHistory): { console: KeptConsole['console']; start: number; end: number; runStart: number } {
  return { console, start: source.start, end: source.end, runStart: Math.min(runStart, source.end) };
}

async function readPiece({ source, runStart }: ConsoleHistory, asked: number | 'run' | 'beginning', maximumBytes: number): Promise<{ from: number; to: number; data: string }> {
  const begin = asked === 'run' ? runStart : asked === 'beginning' ? source.start : asked;
  const from = Math.min(begin, source.end);
  const pieces: Buffer[] = [];
  let to = from;
  while (to < source.end && to - from < maximumBytes) {
    const piece = await source.read(to, Math.min(source.end, from + maximumBytes));
    if (piece.bytes === null) {
      if (pieces.length === 0) return { from, to: piece.to, data: '' };
      break;
    }
    pieces.push(piece.bytes);
    to = piece.to;
  }
  return { from, to, data: Buffer.concat(pieces).toString('base64') };
}
