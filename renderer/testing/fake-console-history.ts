/** What the fake host's consoles have said: the scene's text, a second a line, for searches and for reading back. */
import type { allMethods } from '../../core/api/client.ts';
import type { ConsoleHit } from '../../core/api/console-history-contract.ts';
import type { Implementation } from '../../core/api/server.ts';
import type { DomainSummary } from '../../core/domain/domain-summary.ts';

type HistoryPart = Pick<Implementation<typeof allMethods>, 'domainSearchConsoles' | 'domainFindInConsole' | 'domainReadConsole' | 'desktopCreateFile' | 'desktopAppendToFile' | 'desktopCloseFile' | 'desktopSaveConsole' | 'desktopRing' | 'desktopShowConsoleAt'>;

const lineEveryMs = 1_000;
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
  };
}
