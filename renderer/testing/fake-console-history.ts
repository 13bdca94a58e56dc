/** What the fake host's consoles have said: the scene's text, a second a line, for searches and for reading back. */
import type { allMethods } from '../../core/api/client.ts';
import type { ConsoleHit } from '../../core/api/console-history-contract.ts';
import type { Implementation } from '../../core/api/server.ts';
import type { ConsoleTrigger } from '../../core/console/history/trigger-schema.ts';
import type { DomainSummary } from '../../core/domain/domain-summary.ts';

type HistoryPart = Pick<Implementation<typeof allMethods>, 'domainSearchConsoles' | 'domainFindInConsole' | 'domainReadConsole' | 'desktopCreateFile' | 'desktopAppendToFile' | 'desktopCloseFile' | 'desktopSaveConsole' | 'desktopRing' | 'desktopShowConsoleAt' | 'domainGetConsoleTriggers' | 'domainSetConsoleTriggers'>;

const lineEveryMs = 1_000;
const usual = { kind: 'text', caseSensitive: false, device: null, words: null, once: false, enabled: true, lastFired: null, problem: null } as const;
/** Of the first domain: told, never told, told once and off, and one that takes too long. */
const someTriggers: readonly ConsoleTrigger[] = [
  { ...usual, id: 't1', pattern: 'Kernel panic', words: 'The shop is down: call Ann', lastFired: { atMs: Date.now() - 9 * 60_000, alias: 'serial0', offset: 4_096, line: '[ 9182.441273] Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0)' } },
  { ...usual, id: 't2', pattern: 'oom-killer|Out of memory: Killed process \\d+', kind: 'regex', device: 'ttyS0' },
  { ...usual, id: 't3', pattern: 'login:', device: 'hvc0', once: true, enabled: false, lastFired: { atMs: Date.now() - 60_000, alias: 'console1', offset: 12, line: 'sample login:' } },
  { ...usual, id: 't4', pattern: '(a+)+$', kind: 'regex', problem: "the pattern '(a+)+$' takes too long on a line: it was given up after 2000 ms" },
];
/** As if it had said the same a few times before. */
const repetitions = 40;

export function fakeConsoleHistory(text: string, domains: () => readonly DomainSummary[], find: (key: string) => DomainSummary): HistoryPart {
  const whole = new TextEncoder().encode(Array.from({ length: repetitions }, () => text).join('\r\n'));
  // eslint-disable-next-line no-control-regex -- escape sequences are taken out
  const lines = new TextDecoder().decode(whole).split('\n').map((line) => ({ line: line.replaceAll(/\u001b\[[0-9;]*m|\r/gu, ''), bytes: new TextEncoder().encode(line).byteLength + 1 }));
  const hitsOf = (pattern: string, kind: 'text' | 'regex', caseSensitive: boolean): ConsoleHit[] => {
    const expression = new RegExp(kind === 'regex' ? pattern : pattern.replaceAll(/[.*+?^${}()|[\]\\]/gu, '\\$&'), caseSensitive ? 'u' : 'iu');
    const hits: ConsoleHit[] = [];
    let offset = 0;
    for (const [index, { line, bytes }] of lines.entries()) {
      const match = expression.exec(line);
      const atMs = Date.now() - (lines.length - index) * lineEveryMs;
      if (match) hits.push({ offset, fromMs: atMs, toMs: atMs + 800, line, column: match.index, length: match[0].length });
      offset += bytes;
    }
    return hits.toReversed();
  };
  const triggers = new Map<string, readonly ConsoleTrigger[]>(domains().slice(0, 1).map(({ uuid }) => [uuid, someTriggers]));
  const extent = { console: { alias: 'serial0', label: 'ttyS0', kind: 'serial' as const }, start: 0, end: whole.byteLength, runStart: 0 };
  return {
    domainFindInConsole: async (_call, { pattern, kind, caseSensitive }) => ({ ...extent, hits: hitsOf(pattern, kind, caseSensitive), next: null, searchedBytes: whole.byteLength }),
    domainSearchConsoles: async (_call, { pattern, kind, caseSensitive }) => {
      const running = domains().filter(({ consoles }) => consoles.length > 0);
      const hits = hitsOf(pattern, kind, caseSensitive).map((hit, index) => ({ ...hit, domain: running[index % running.length]!, console: extent.console }));
      return { hits: hits.map((hit) => ({ ...hit, domain: { uuid: hit.domain.uuid, name: hit.domain.name } })), next: null, searchedBytes: whole.byteLength * running.length, searchedBackToMs: null, problems: [] };
    },
    domainReadConsole: async (_call, { domain, from, maximumBytes }) => {
      find(domain);
      const at = typeof from === 'string' ? 0 : Math.min(from, whole.byteLength);
      const bytes = whole.subarray(at, at + maximumBytes);
      return { ...extent, from: at, to: at + bytes.byteLength, data: btoa(String.fromCharCode(...bytes)) };
    },
    desktopCreateFile: async (_call, { suggestedName }) => ({ file: '1', path: `/home/ann/Documents/${suggestedName}` }),
    desktopAppendToFile: async (_call, { data }) => ({ sizeBytes: data.length }),
    desktopCloseFile: async () => ({ path: '/home/ann/Documents/console.cast', sizeBytes: 4_096 }),
    desktopSaveConsole: async (_call, { suggestedName }) => ({ path: `/home/ann/Documents/${suggestedName}`, sizeBytes: whole.byteLength }),
    desktopRing: async () => null,
    desktopShowConsoleAt: async () => null,
    domainGetConsoleTriggers: async (_call, { domain }) => ({ triggers: [...(triggers.get(find(domain).uuid) ?? [])] }),
    domainSetConsoleTriggers: async (_call, { domain, triggers: wanted }) => {
      const before = triggers.get(find(domain).uuid) ?? [];
      const set = wanted.map((each, index): ConsoleTrigger => ({ ...each, id: each.id ?? `new-${index}`, lastFired: before.find(({ id }) => id === each.id)?.lastFired ?? null, problem: null }));
      triggers.set(find(domain).uuid, set);
      return { triggers: set };
    },
  };
}
