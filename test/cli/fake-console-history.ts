/** What consoles have said, as the fake host answers it: one text for all, searched by the real search. */
import type { Methods } from '../../core/api/contract.ts';
import type { consoleHistoryMethods } from '../../core/api/console-history-contract.ts';
import type { Implementation } from '../../core/api/server.ts';
import { VireoError } from '../../core/base/errors.ts';
import { systemClock } from '../../core/base/clock.ts';
import { ConsoleTimes } from '../../core/console/history/console-times.ts';
import type { HistorySource } from '../../core/console/history/history-source.ts';
import { PatternThread, assertPattern, patternMatcher } from '../../core/console/history/pattern-matcher.ts';
import { findInConsole } from '../../core/console/history/search-console.ts';
import type { ConsoleTrigger } from '../../core/console/history/trigger-schema.ts';
import type { DomainSummary } from '../../core/domain/domain-summary.ts';

const atMs = Date.UTC(2026, 0, 2, 3, 4, 5, 678);
const console = { alias: 'serial0', label: 'ttyS0', kind: 'serial' } as const;

/** @param triggers by the domain's UUID. */
export function fakeConsoleHistory(find: (reference: string) => DomainSummary, triggers: Map<string, ConsoleTrigger[]>, text = 'BIOS ready\r\n\x1b[32mlogin:\x1b[0m root\r\n'): Pick<Implementation<Methods>, keyof typeof consoleHistoryMethods> {
  const bytes = Buffer.from(text);
  const source: HistorySource = { start: 0, end: bytes.length, read: async (from, limit) => ({ bytes: bytes.subarray(from, limit), to: Math.min(limit, bytes.length) }) };
  const times = new ConsoleTimes([{ what: 'run', to: 0, atMs }, { what: 'seen', to: bytes.length, fromMs: atMs, toMs: atMs + 1_000 }], { end: bytes.length, endMs: atMs });
  const extent = { console, start: 0, end: bytes.length, runStart: 0 };
  return {
    domainSearchConsoles: async (call, { domains, ...search }) => {
      const matcher = patternMatcher(search, new PatternThread(systemClock));
      const { hits } = await findInConsole(source, times, { ...search, matcher, signal: call.signal, direction: 'older', from: null, maximumBytes: bytes.length });
      const of = domains.map((each) => find(each)).map(({ uuid, name }) => ({ uuid, name }));
      return { hits: of.flatMap((domain) => hits.map((hit) => ({ ...hit, domain, console }))), next: null, searchedBytes: bytes.length, searchedBackToMs: null, problems: [] };
    },
    domainFindInConsole: async (call, { domain, ...search }) => {
      find(domain);
      const matcher = patternMatcher(search, new PatternThread(systemClock));
      const { hits, ...found } = await findInConsole(source, times, { ...search, matcher, signal: call.signal, maximumBytes: bytes.length });
      return { ...extent, hits: [...hits], ...found };
    },
    domainGetConsoleTimes: async (_call, { from, to }) => ({ ...extent, spans: [...times.between(from, to ?? bytes.length, 100)], marks: [...times.marks], next: null }),
    domainReadConsole: async (_call, { domain, device, from }) => {
      find(domain);
      if (device !== null && device !== 'ttyS0') throw new VireoError('INVALID_ARG', `cannot find character device ${device}`);
      const begin = typeof from === 'number' ? from : 0;
      return { ...extent, from: begin, to: bytes.length, data: bytes.subarray(begin).toString('base64') };
    },
    domainGetConsoleTriggers: async (_call, { domain }) => ({ triggers: triggers.get(find(domain).uuid) ?? [] }),
    domainSetConsoleTriggers: async (_call, { domain, triggers: wanted }) => {
      for (const each of wanted) assertPattern(each);
      const set = wanted.map((each, index) => ({ ...each, id: each.id ?? `t${index + 1}`, lastFired: null, problem: null }));
      triggers.set(find(domain).uuid, set);
      return { triggers: set };
    },
  };
}
