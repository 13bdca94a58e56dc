/**
 * A host for tests and for previews without Electron: the real protocol and server, behind them domains that only
 * pretend. Never part of the product's build.
 */
import { type AnyMethodName, allMethods } from '../../core/api/client.ts';
import type { Channel } from '../../core/api/channel.ts';
import type { QuitState } from '../../core/api/desktop-contract.ts';
import type { ConsoleClientMessage, ConsoleServerMessage } from '../../core/api/console-contract.ts';
import type { HostStatus } from '../../core/api/contract.ts';
import { type Implementation, type ServedEvent, type StreamImplementation, serve } from '../../core/api/server.ts';
import { Emitter } from '../../core/base/events.ts';
import { VireoError } from '../../core/base/errors.ts';
import { silentLog } from '../../core/base/log.ts';
import type { DomainEvent, DomainSummary } from '../../core/domain/domain-summary.ts';
import type { MigrationView } from '../../core/migration/migration-view.ts';
import type { TimelineEntry } from '../../core/timeline/timeline-entry.ts';
import { fakeConsole } from './fake-console.ts';
import { fakeConsoleHistory } from './fake-console-history.ts';
import { migrationsPart } from './migrations.ts';
import { displaysPart } from './displays.ts';
import { dumpStatistics, fakeScreenshot, fakeStatistics, guestReport } from './usage.ts';

export interface FakeScene {
  readonly status: HostStatus;
  readonly domains: readonly DomainSummary[];
  /** Never answers, hands over no port, or refuses what changes something. */
  readonly trouble?: 'silent' | 'gone' | 'held' | 'failing' | 'image in use';
  /** How long every call takes. */
  readonly delayMs?: number;
  readonly quit?: QuitState;
  readonly xml?: string;
  readonly log?: string;
  readonly migrations?: readonly MigrationView[];
  /** Newest first; every domain has the same. */
  readonly timeline?: readonly TimelineEntry[];
  readonly console?: { readonly text: string; readonly mode: 'write' | 'watch' };
}

export interface FakeHost {
  /** Serves one client over `channel`, as a window's port or in a test. */
  serve(channel: Channel): void;
  readonly change: (uuid: string, changes: Partial<DomainSummary>, event?: Partial<DomainEvent>) => void;
  get(uuid: string): DomainSummary;
  readonly consoleMessages: Emitter<ConsoleServerMessage>;
  /** What windows asked of any console. */
  readonly consoleHeard: readonly ConsoleClientMessage[];
  endConsoles(): void;
  printOnConsole(uuid: string, alias: string, text: string): void;
  /** What was printed so far is no longer there. */
  beginConsoleAnew(uuid: string, alias: string, text: string): void;
}

const noDisplay: StreamImplementation['domainOpenGraphics'] = async () => {
  throw new VireoError('OPERATION_UNSUPPORTED', 'the fake host has no displays');
};

export function createFakeHost(scene: FakeScene): FakeHost {
  const events = new Emitter<ServedEvent>();
  const consoles = fakeConsole(scene.console ?? { text: '', mode: 'write' });
  const domains = new Map(scene.domains.map((domain) => [domain.uuid, domain]));
  let revision = 1;
  const find = (key: string): DomainSummary => {
    const found = domains.get(key) ?? [...domains.values()].find((domain) => domain.name === key);
    if (!found) throw new VireoError('NO_DOMAIN', `no domain with matching name '${key}'`);
    return found;
  };
  const publish = (before: DomainSummary, after: DomainSummary | null, event: Partial<DomainEvent> = {}): void => {
    if (after) domains.set(after.uuid, after);
    else domains.delete(before.uuid);
    revision += 1;
    const identity = { uuid: before.uuid, name: before.name, id: before.id };
    events.fire({ name: 'domain', payload: { revision, atMs: Date.now(), domain: identity, type: 'changed', event: null, detail: null, summary: after, ...event } });
  };
  const change: FakeHost['change'] = (uuid, changes, event) => publish(find(uuid), { ...find(uuid), ...changes }, event);
  const implementation = createImplementation(scene, { find, change, publish, revision: () => revision, domains });
  return {
    change,
    get: find,
    consoleMessages: consoles.messages,
    consoleHeard: consoles.heard,
    endConsoles: () => consoles.ended.fire(),
    printOnConsole: (uuid, alias, text) => consoles.print(`${uuid}/${alias}`, text),
    beginConsoleAnew: (uuid, alias, text) => consoles.beginAnew(`${uuid}/${alias}`, text),
    serve(channel) {
      serve(channel, { methods: allMethods, implementation, streams: { ...consoles.streams(find), domainOpenGraphics: noDisplay }, events, version: '0.1.0', log: silentLog, nameClient: () => 'window 1' });
    },
  };
}

interface FakeState {
  readonly find: (key: string) => DomainSummary;
  change: FakeHost['change'];
  readonly publish: (before: DomainSummary, after: DomainSummary | null) => void;
  readonly revision: () => number;
  readonly domains: Map<string, DomainSummary>;
}

/** What the scene's trouble makes of whatever changes something. */
function refuse(scene: FakeScene): void {
  const holder = { kind: 'modify', owner: 'remoteDispatchDomainCreate', client: 'vireo start (pid 4711)', sinceMs: Date.now() - 34_000 };
  if (scene.trouble === 'held') {
    throw new VireoError('OPERATION_TIMEOUT', 'cannot acquire state change lock (held by remoteDispatchDomainCreate)', { details: { holders: [holder] } });
  }
  if (scene.trouble === 'image in use') {
    const holder = { version: 1, image: '/srv/images/shop.qcow2', target: 'vda', mode: 'exclusive', domain: { name: 'web-1', uuid: scene.domains[0]?.uuid ?? '' }, pid: 48_211, hostName: 'rack-1', stateFolder: scene.status.stateFolder.path, sinceMs: Date.now() - 3_600_000 };
    throw new VireoError('RESOURCE_BUSY', "the image '/srv/images/shop.qcow2' of disk 'vda' is in use: domain 'web-1' (pid 48211) writes it", { details: { image: '/srv/images/shop.qcow2', target: 'vda', mode: 'exclusive', holder, holders: [holder] } });
  }
  if (scene.trouble === 'failing') {
    throw new VireoError('OPERATION_FAILED', "QEMU exited with status 1 before its monitor opened: Could not open '/srv/images/web.qcow2': No such file or directory", { details: { status: 1, path: '/srv/images/web.qcow2' } });
  }
}

function createImplementation(scene: FakeScene, state: FakeState): Implementation<typeof allMethods> {
  const { find, change } = state;
  const running = (uuid: string): void =>
    change(uuid, { state: 'running', reason: 'booted', stateSinceMs: Date.now(), id: 7, pid: 4711, accelerator: 'tcg', qemuVersion: '7.2.22' }, { type: 'lifecycle', event: 'started', detail: 'booted' });
  const off = (uuid: string, reason: string): void =>
    change(uuid, { state: 'shut off', reason, stateSinceMs: Date.now(), id: null, pid: null, accelerator: null, qemuVersion: null }, { type: 'lifecycle', event: 'stopped', detail: reason });
  const act = async (): Promise<void> => {
    await new Promise((resolve) => setTimeout(resolve, scene.delayMs ?? 5));
    refuse(scene);
  };
  const never = new Promise<never>(() => {});
  const table: Partial<Implementation<typeof allMethods>> = {
    hostGetStatus: async () => (scene.trouble === 'silent' ? never : scene.status),
    connectListAllDomains: async () => (scene.trouble === 'silent' ? never : { revision: state.revision(), domains: [...state.domains.values()] }),
    domainCreate: async (_call, { domain }) => {
      await act();
      running(find(domain).uuid);
      return find(domain);
    },
    domainShutdown: async (_call, { domain }) => {
      await act();
      off(find(domain).uuid, 'shutdown');
      return null;
    },
    domainDestroy: async (_call, { domain }) => {
      await act();
      off(find(domain).uuid, 'destroyed');
      return null;
    },
    domainSuspend: async (_call, { domain }) => {
      await act();
      change(find(domain).uuid, { state: 'paused', reason: 'user', stateSinceMs: Date.now() }, { type: 'lifecycle', event: 'suspended', detail: 'paused' });
      return null;
    },
    domainResume: async (_call, { domain }) => {
      await act();
      change(find(domain).uuid, { state: 'running', reason: 'unpaused', stateSinceMs: Date.now() });
      return null;
    },
    domainUndefine: async (_call, { domain }) => {
      await act();
      state.publish(find(domain), null);
      return null;
    },
    domainDefineXML: async (_call, { xml }) => {
      const bad = xml.split('\n').findIndex((line) => line.includes('/path/to/disk.qcow2'));
      if (bad >= 0) throw new VireoError('XML_ERROR', "the disk's file '/path/to/disk.qcow2' does not exist", { details: { line: bad + 1, element: 'domain/devices/disk/source' } });
      const first = [...state.domains.values()][0];
      if (!first) throw new VireoError('XML_ERROR', 'the definition has no name', { details: { line: 2, element: 'domain/name' } });
      return { domain: first, notUnderstood: [] };
    },
    connectCheckDomainXML: async () => ({ problem: null, notUnderstood: [], warnings: [] }),
    domainGetXMLDesc: async () => ({ xml: scene.xml ?? '<domain/>' }),
    domainGetLog: async () => ({ text: scene.log ?? '', path: '/home/ann/.local/state/vireo/log/web-1.log' }),
    ...timelinePart(scene, find),
    ...usagePart(find),
    ...fakeConsoleHistory(scene.console?.text ?? '', () => [...state.domains.values()], find),
    ...displaysPart(find),
    ...migrationsPart(scene.migrations ?? []),
    ...desktopPart(scene),
  };
  return new Proxy(table, {
    get: (target, name: AnyMethodName) => target[name] ?? (() => Promise.reject(new VireoError('NO_SUPPORT', `the fake host has no ${name}`))),
  }) as Implementation<typeof allMethods>;
}

function timelinePart(scene: FakeScene, find: FakeState['find']): Partial<Implementation<typeof allMethods>> {
  return {
    domainGetTimeline: async (_call, { domain, before, limit, kinds, text }) => {
      const hasLetters = (entry: TimelineEntry): boolean => text === null || JSON.stringify(entry).toLowerCase().includes(text.toLowerCase());
      const fitting = (scene.timeline ?? []).filter((entry) => (before === null || entry.seq < before) && (kinds.length === 0 || kinds.includes(entry.kind)) && hasLetters(entry));
      const entries = fitting.slice(0, limit);
      return { uuid: find(domain).uuid, path: '/home/ann/.local/state/vireo/logs/web-1/timeline.jsonl', entries, next: fitting.length > limit ? (entries.at(-1)?.seq ?? null) : null };
    },
  };
}

/** What is counted, and what the guest's agent says: nothing where a domain has none. */
function usagePart(find: FakeState['find']): Partial<Implementation<typeof allMethods>> {
  return {
    connectGetAllDomainStats: async (_call, { domains }) => ({ records: domains.map((domain) => fakeStatistics(find(domain))) }),
    domainGetGuestInfo: async (_call, { domain }) => {
      if (find(domain).control.state === 'error') throw new VireoError('AGENT_UNRESPONSIVE', 'the agent did not answer within 5 s', { domain: find(domain) });
      return guestReport;
    },
    domainSetMemoryStatsPeriod: async () => null,
    domainScreenshot: fakeScreenshot,
    domainGetJobStats: async () => ({ statistics: dumpStatistics, holder: null }),
    domainSave: async () => null,
    domainManagedSave: async () => null,
    domainCoreDumpWithFormat: async (_call, { to }) => ({ file: to, sizeBytes: 2_147_680_256, replaced: false }),
  };
}

const notices = `Vireo contains the following software, each under its own licence.

  @novnc/novnc 1.7.0 (MPL-2.0)
  react 19.3.1 (MIT)

${'='.repeat(100)}
@novnc/novnc 1.7.0
Licence: MPL-2.0
Source: https://github.com/novnc/noVNC

Mozilla Public License Version 2.0
`;

/** The desktop around the driver, which only says yes. */
function desktopPart(scene: FakeScene): Partial<Implementation<typeof allMethods>> {
  return {
    desktopOpenConsole: async () => null,
    desktopOpenDisplay: async () => null,
    desktopSetFullScreen: async (_call, { fullScreen }) => ({ fullScreen: fullScreen === true }),
    desktopWriteClipboard: async () => null,
    desktopGetNotices: async () => ({ text: notices }),
    desktopReadClipboard: async () => ({ text: 'uname -a\n' }),
    desktopSetTheme: async () => null,
    desktopSaveText: async () => null,
    desktopSaveImage: async () => ({ path: '/home/ann/Pictures/web-1.png' }),
    desktopCopyImage: async () => null,
    desktopChooseFile: async () => ({ path: '/home/ann/Documents/web-1.dump' }),
    desktopChooseDefinition: async () => null,
    desktopChooseSaveImage: async () => null,
    desktopChooseImportFolder: async () => null,
    desktopGetSettings: async () => ({ theme: 'system' as const, platform: 'linux', version: '0.1.0', electron: '33.2.1', tray: true, onQuit: 'ask' as const, startsAtLogin: false }),
    desktopSetStartsAtLogin: async () => null,
    desktopSetOnQuit: async () => null,
    desktopGetQuit: async () => ({ quit: scene.quit ?? null }),
    desktopAnswerQuit: async () => null,
  };
}
