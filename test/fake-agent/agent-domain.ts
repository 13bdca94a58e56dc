/**
 * A running domain without a QEMU whose guest agent is a fake one: for what the driver does with an agent. What it needs
 * of a run is there; a monitor that is asked for anything answers with nothing.
 */
import { VireoError } from '../../core/base/errors.ts';
import { createLog } from '../../core/base/log.ts';
import { systemClock } from '../../core/base/clock.ts';
import type { ConsoleMux } from '../../core/console/console-mux.ts';
import { Displays } from '../../core/display/displays.ts';
import { parseDomain } from '../../core/devices/domain-xml.ts';
import { Domain } from '../../core/domain/domain.ts';
import type { DomainLog } from '../../core/domain/domain-log.ts';
import { EventHub } from '../../core/domain/event-hub.ts';
import { LiveDomain } from '../../core/domain/live-domain.ts';
import { Call } from '../../core/job/call.ts';
import type { Monitor } from '../../core/monitor/monitor.ts';
import type { ProcessContext } from '../../core/process/process-context.ts';
import { FakeAgent, type FakeAgentOptions } from './fake-agent.ts';

export interface AgentDomain extends AsyncDisposable {
  readonly agent: FakeAgent;
  readonly domain: Domain;
  readonly live: LiveDomain;
  readonly context: ProcessContext;
  /** Everything that was logged. */
  readonly log: readonly string[];
  /** QMP commands, in order. */
  readonly monitorCommands: readonly string[];
  /** A call of its own for each API. */
  call(signal?: AbortSignal): Call;
  /** What QEMU tells of the agent's port. */
  portChanges(state: 'connected' | 'disconnected'): void;
}

const uuid = '11111111-2222-4333-8444-555555555555';

export async function agentDomain(options: FakeAgentOptions = {}): Promise<AgentDomain> {
  const agent = await FakeAgent.start(options);
  const lines: string[] = [];
  const log = createLog((line) => void lines.push(line));
  const hub = new EventHub(systemClock);
  const domain = new Domain(uuid, 'sample', null, { clock: systemClock, hub, saveStatus: async () => {}, jobWaitMs: 2_000 });
  const live = new LiveDomain(
    {
      id: 1,
      process: { pid: 4711, startTime: '1', exited: new Promise<void>(() => {}), kill: async () => {} },
      definition: definitionWith(agent.path),
      capabilitiesKey: '',
      emulator: 'qemu',
      qemuVersion: '7.2.22',
      accelerator: 'tcg',
      runFolder: '/run',
      monitorPath: '/run/m',
      startedAtMs: 0,
      consoles: { status: () => [] } as unknown as ConsoleMux,
      displays: new Displays({ domain: { name: 'sample', uuid }, clock: systemClock, log }),
    },
    false,
  );
  const monitorCommands: string[] = [];
  live.attachMonitor(silentMonitor(monitorCommands));
  live.agent = 'connected';
  domain.live = live;
  domain.restoreState({ state: 'running', reason: 'booted' }, null);
  const domainLog = { line: async (text: string) => void lines.push(text) } as unknown as DomainLog;
  // The modules of the agent use nothing else of it.
  const context = { clock: systemClock, log, hub, saveStatus: async () => {}, domainLog: () => domainLog } as unknown as ProcessContext;
  return {
    agent,
    domain,
    live,
    context,
    log: lines,
    monitorCommands,
    call: (signal = new AbortController().signal) => new Call({ owner: 'remoteDispatchTest', client: 'the test', signal, log }),
    portChanges(state) {
      live.agent = state;
      hub.happened(domain, 'agent-lifecycle', state);
    },
    async [Symbol.asyncDispose]() {
      live.die(new VireoError('OPERATION_INVALID', 'domain is not running'));
      await agent[Symbol.asyncDispose]();
    },
  };
}

function definitionWith(socket: string): ReturnType<typeof parseDomain> {
  return parseDomain(`<domain type='qemu'><name>sample</name><uuid>${uuid}</uuid><memory>65536</memory>
    <os><type arch='x86_64' machine='q35'>hvm</type></os>
    <devices>
      <disk type='file' device='disk'><source file='/a'/><target dev='vda' bus='virtio'/><address type='pci' domain='0' bus='3' slot='0' function='0'/></disk>
      <disk type='file' device='disk'><source file='/b'/><target dev='sda' bus='scsi'/><address type='drive' controller='1' bus='0' target='2' unit='3'/></disk>
      <controller type='scsi' index='0' model='virtio-scsi'><address type='pci' domain='0' bus='4' slot='0' function='0'/></controller>
      <controller type='scsi' index='1' model='virtio-scsi'><address type='pci' domain='0' bus='5' slot='0' function='0'/></controller>
      <interface type='user'><mac address='52:54:00:AA:bb:01'/></interface>
      <interface type='ethernet'><mac address='52:54:00:aa:bb:02'/><target dev='tap7'/></interface>
      <channel type='unix'><source mode='bind' path='${socket}'/><target type='virtio' name='org.qemu.guest_agent.0'/></channel>
    </devices></domain>`);
}

function silentMonitor(commands: string[]): Monitor {
  const answer = async (command: string): Promise<unknown> => {
    commands.push(command);
    return {};
  };
  return { execute: answer, executeUnchecked: answer, closed: new AbortController().signal, answering: { state: 'ok' }, outstanding: () => null } as unknown as Monitor;
}
