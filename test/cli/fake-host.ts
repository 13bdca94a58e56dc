/**
 * A host for tests of the command: the whole contract, typed, on a list of domains in memory. Acts change states as a
 * driver would; the console prints what the test says and keeps what was typed.
 */
import { channelPair } from '../../core/api/channel.ts';
import { type Client, connect } from '../../core/api/client.ts';
import { type HostStatus, type ImportReport, type MethodResult, type Methods, type StreamName, methods } from '../../core/api/contract.ts';
import { type Implementation, type ServedEvent, type ServedStream, type ServerOptions, type StreamLink, serve } from '../../core/api/server.ts';
import { secretService } from '../../core/api/secret-service.ts';
import { VireoError } from '../../core/base/errors.ts';
import { Emitter } from '../../core/base/events.ts';
import { silentLog } from '../../core/base/log.ts';
import type { ConsoleTrigger } from '../../core/console/history/trigger-schema.ts';
import type { JobStatistics } from '../../core/job/job-statistics.ts';
import type { DomainEvent, DomainSummary, LongJobHolder } from '../../core/domain/domain-summary.ts';
import { SecretStore } from '../../core/secret/secret-store.ts';
import type { TimelineEntry } from '../../core/timeline/timeline-entry.ts';
import { makeSummary } from '../support/make-summary.ts';
import { fakeConsoleHistory } from './fake-console-history.ts';
import { fakeDisplays } from './fake-displays.ts';
import { fakeGuest } from './fake-guest.ts';
import { fakeStatistics } from './fake-statistics.ts';
import { fakeMigration } from './fake-migration.ts';
import { fakeSave } from './fake-save.ts';
import { fakeTuning } from './fake-tuning.ts';

const hostStatus: HostStatus = {
  version: '0.1.0',
  hostUuid: '1f0cbb4e-0000-4000-8000-000000000000',
  pid: 4711,
  role: 'host',
  stateFolder: { path: '/state', writable: true },
  qemu: { found: true, binary: '/usr/bin/qemu-system-x86_64', version: '7.2.22', package: 'Debian', arch: 'x86_64' },
  accelerator: { name: 'tcg', reason: null, remedy: null },
  sampleGuest: { available: true, version: '1' },
  problems: [],
};

export class FakeHost {
  readonly domains = new Map<string, DomainSummary>();
  /** Every call of a method: its name and parameters. */
  readonly calls: { method: string; params: unknown; client: string }[] = [];
  /** Errors that the next call of a method meets. */
  readonly failures = new Map<keyof Methods, VireoError>();
  /** Where a source is told to send a guest to. */
  prepareUri = 'tcp:127.0.0.1:49152';
  /** Answers that calls of a method wait for. */
  readonly held = new Map<keyof Methods, Promise<unknown>>();
  readonly console = new FakeConsole();
  /** What is waited for on consoles, by the domain's UUID. */
  readonly consoleTriggers = new Map<string, ConsoleTrigger[]>();
  /** What dumpxml of every domain says, where it matters. */
  xml: string | null = null;
  /** Of every domain. */
  displays: MethodResult<'domainGetDisplays'>['displays'] = [];
  /** Oldest first. */
  timeline: TimelineEntry[] = [];
  control: MethodResult<'domainGetControlInfo'> = { state: 'ok', details: null, forMs: 0 };
  job: { current: JobStatistics | null; completed: JobStatistics | null; holder: LongJobHolder | null } = { current: null, completed: null, holder: null };
  status: HostStatus = hostStatus;
  /** Where its secrets are; a test that has some gives a folder. */
  secretFolder = '/nonexistent';
  /** What an import of any folder finds. */
  readonly importable: ImportReport['files'] = [];
  readonly #events = new Emitter<ServedEvent>();
  #secrets: Promise<SecretStore> | null = null;
  #revision = 0;
  #lastId = 0;

  add(changes: Partial<DomainSummary>): DomainSummary {
    const summary = makeSummary(changes);
    this.domains.set(summary.uuid, summary);
    if (summary.id !== null) this.#lastId = Math.max(this.#lastId, summary.id);
    return summary;
  }

  connect(label: string): Client {
    const [near, far] = channelPair();
    serve(far, this.served());
    return connect(near, label);
  }

  /** What a door needs to serve this host. */
  served(): ServerOptions<Methods> {
    return {
      methods,
      implementation: this.#implementation(),
      streams: { domainOpenConsole: (call, params) => this.console.open(call.client, params, this.#find(params.domain)) },
      events: this.#events,
      version: '0.1.0',
      log: silentLog,
      nameClient: (hint) => hint,
    };
  }

  /** How many clients wait for events. */
  get listeners(): number {
    return this.#events.size;
  }

  tell(domain: DomainSummary, type: DomainEvent['type'], event: string | null, detail: string | null): void {
    const { uuid, name, id } = domain;
    const payload: DomainEvent = { revision: ++this.#revision, atMs: Date.UTC(2026, 0, 2, 3, 4, 5, 678), domain: { uuid, name, id }, type, event, detail, summary: domain };
    this.#events.fire({ name: 'domain', payload });
  }

  /** Something more in the timeline of `domain`. */
  record(domain: DomainSummary, entry: TimelineEntry): void {
    this.timeline.push(entry);
    this.#events.fire({ name: 'timeline', payload: { uuid: domain.uuid, newest: entry.seq } });
  }

  #find(reference: string): DomainSummary {
    const found = [...this.domains.values()].find(({ id, uuid, name }) => String(id) === reference || uuid === reference || name === reference);
    if (!found) throw new VireoError('NO_DOMAIN', `no domain with matching name '${reference}'`);
    return found;
  }

  #change(reference: string, changes: Partial<DomainSummary>): DomainSummary {
    const changed = { ...this.#find(reference), ...changes };
    this.domains.set(changed.uuid, changed);
    return changed;
  }

  #define(name: string): { domain: DomainSummary; notUnderstood: { path: string; line: number }[] } {
    return { domain: this.add({ uuid: `00000000-0000-4000-8000-${String(this.domains.size).padStart(12, '0')}`, name }), notUnderstood: [] };
  }

  #implementation(): Implementation<Methods> {
    const plain: Implementation<Methods> = {
      hostGetStatus: async () => this.status,
      hostHandOver: async () => null,
      ...fakeGuest(),
      ...fakeMigration(() => this.prepareUri),
      ...fakeSave((reference) => this.#find(reference), (reference, changes) => void this.#change(reference, changes)),
      ...fakeTuning(),
      ...fakeConsoleHistory((reference) => this.#find(reference), this.consoleTriggers),
      ...fakeDisplays(() => this.displays),
      ...fakeStatistics((reference) => this.#find(reference)),
      ...secretService(() => (this.#secrets ??= SecretStore.open(this.secretFolder))),
      connectListAllDomains: async () => ({ revision: this.#revision, domains: [...this.domains.values()] }),
      connectGetCapabilities: async () => ({ xml: '<capabilities/>\n' }),
      connectGetDomainCapabilities: async (_call, { arch }) => ({ xml: `<domainCapabilities>\n  <arch>${arch ?? 'x86_64'}</arch>\n</domainCapabilities>\n` }),
      domainLookup: async (_call, { domain }) => this.#find(domain),
      domainDefineXML: async (_call, { xml }) => ({ ...this.#define(/<name>(.*)<\/name>/.exec(xml)?.[1] ?? '?'), notUnderstood: xml.includes('<odd/>') ? [{ path: '/domain/odd', line: 3 }] : [] }),
      domainCreateXML: async (_call, { xml, paused }) => {
        const { domain } = this.#define(/<name>(.*)<\/name>/.exec(xml)?.[1] ?? '?');
        return { domain: this.#change(domain.uuid, { id: ++this.#lastId, persistent: false, state: paused ? 'paused' : 'running' }), notUnderstood: [] };
      },
      domainUndefine: async (_call, { domain }) => {
        this.domains.delete(this.#find(domain).uuid);
        return null;
      },
      domainCreate: async (_call, { domain, paused }) => this.#change(domain, { id: ++this.#lastId, state: paused ? 'paused' : 'running', reason: paused ? 'user' : 'booted' }),
      domainSetAutostart: async (_call, { domain, autostart }) => {
        this.#change(domain, { autostart });
        return null;
      },
      domainGetTimeline: async (_call, { domain, before, limit, kinds, sinceMs }) => {
        const fitting = this.timeline.filter(({ seq, kind, atMs }) => (before === null || seq < before) && (kinds.length === 0 || kinds.includes(kind)) && (sinceMs === null || atMs >= sinceMs)).toReversed();
        return { uuid: this.#find(domain).uuid, path: '/logs/timeline.jsonl', entries: fitting.slice(0, limit), next: fitting[limit] ? fitting[limit - 1]!.seq : null };
      },
      domainInjectNMI: async () => null,
      domainCoreDumpWithFormat: async (_call, { domain, to }) => ({ file: this.#find(domain) && to, sizeBytes: 16_777_216, replaced: false }),
      domainGetDiskErrors: async (_call, { domain }) => ({ errors: this.#find(domain).diskErrors }),
      domainSendKey: async () => null,
      domainShutdown: async () => null,
      domainReboot: async () => null,
      domainReset: async () => null,
      domainDestroy: async (_call, { domain }) => {
        this.#change(domain, { id: null, state: 'shut off', reason: 'destroyed' });
        return null;
      },
      domainSuspend: async (_call, { domain }) => {
        this.#change(domain, { state: 'paused', reason: 'user' });
        return null;
      },
      domainResume: async (_call, { domain }) => {
        this.#change(domain, { state: 'running', reason: 'unpaused' });
        return null;
      },
      domainGetInfo: async (_call, { domain }) => {
        const summary = this.#find(domain);
        return { summary, maximumMemoryKiB: 98_304, memoryKiB: 65_536, vcpus: 2, cpuTimeNs: summary.id === null ? null : 12_399_000_000, autostart: summary.autostart };
      },
      domainGetXMLDesc: async (_call, { domain, inactive }) => ({ xml: this.xml ?? `<domain type='qemu'${inactive ? '' : " id='1'"}>\n  <name>${this.#find(domain).name}</name>\n</domain>\n` }),
      connectDomainXMLToNative: async () => ({ argv: ['qemu', '-S'], text: 'qemu -S' }),
      connectDomainXMLFromNative: async () => ({ xml: '<domain/>\n' }),
      connectCheckDomainXML: async (_call, { xml }) => ({ problem: null, notUnderstood: xml.includes('<odd/>') ? [{ path: '/domain/odd', line: 3 }] : [], warnings: [] }),
      connectImportFolder: async (_call, { folder }) => ({ folder, files: [...this.importable] }),
      domainGetControlInfo: async () => this.control,
      domainGetJobStats: async (_call, { completed }) => ({ statistics: completed ? this.job.completed : this.job.current, holder: completed ? null : this.job.holder }),
      domainAbortJob: async () => null,
      domainGetLog: async () => ({ text: '', path: '/state/logs/x.log' }),
      qemuDomainMonitorCommand: async (_call, { hmp }) => ({ result: hmp ? 'VM status: running\r\n' : '{"return":{"running":true},"id":"1"}' }),
      sampleGuestDefine: async (_call, { name }) => this.#define(name),
    };
    const recorded = Object.entries(plain).map(([method, implementation]) => [
      method,
      async (call: { client: string }, params: unknown) => {
        this.calls.push({ method, params, client: call.client });
        const failure = this.failures.get(method as keyof Methods);
        if (failure) throw failure;
        const held = this.held.get(method as keyof Methods);
        if (held) return await held;
        return await (implementation as (call: unknown, params: unknown) => Promise<unknown>)(call, params);
      },
    ]);
    return Object.fromEntries(recorded) as Implementation<Methods>;
  }
}

/** One console that everybody who opens it shares. */
export class FakeConsole {
  /** Printed to whoever opens it. */
  history = '';
  refusal: VireoError | null = null;
  typed = '';
  opened: unknown = null;
  /** What clients said beside bytes. */
  readonly said: unknown[] = [];
  /** Somebody else has the input: who asks for writing or watching watches. */
  held = false;
  link: StreamLink<StreamName> | null = null;
  #finish: (error: VireoError | null) => void = () => {};
  #position = 0;

  async open(client: string, params: unknown, domain: DomainSummary): Promise<ServedStream<StreamName>> {
    if (this.refusal) throw this.refusal;
    this.opened = params;
    const asked = (params as { mode: string }).mode;
    const mode = asked === 'watch' || (asked === 'write-or-watch' && this.held) ? 'watch' : 'write';
    const finished = new Promise<VireoError | null>((resolve) => (this.#finish = resolve));
    return {
      opened: { domain, alias: 'serial0', label: 'ttyS0', mode, sessionId: client, from: 0, runStart: 0, position: 0 },
      run: async (link) => {
        this.link = link;
        link.closed.addEventListener('abort', () => this.#finish(null));
        if (this.history !== '') await this.print(this.history);
        const error = await finished;
        this.link = null;
        if (error) throw error;
      },
      onBytes: async (bytes) => void (this.typed += Buffer.from(bytes).toString('latin1')),
      onMessage: (message) => void this.said.push(message),
    };
  }

  async print(text: string): Promise<void> {
    await this.printBytes(Buffer.from(text));
  }

  async printBytes(bytes: Uint8Array): Promise<void> {
    await this.link?.sendBytes(bytes, this.#position);
    this.#position += bytes.length;
  }

  finish(error: VireoError | null = null): void {
    this.#finish(error);
  }
}
