/** What previews show: each scene is a host and its domains at one moment. */
import type { HostStatus } from '../../core/api/contract.ts';
import type { DomainSummary } from '../../core/domain/domain-summary.ts';
import { privateDisplay } from './displays.ts';
import { domainSummary } from './domains.ts';
import type { FakeScene } from './fake-host.ts';
import { glanceOf, sceneOfMigrations } from './migrations.ts';
import { longTimeline, timelineOfACrash } from './timelines.ts';

const now = Date.now();
const minute = 60_000;

export const status: HostStatus = {
  version: '0.1.0',
  hostUuid: 'a2b5c0de-0000-4000-8000-000000000001',
  pid: 4242,
  role: 'app',
  stateFolder: { path: '/home/ann/.local/state/vireo', writable: true },
  qemu: { found: true, binary: '/usr/bin/qemu-system-x86_64', version: '7.2.22', package: 'Debian 1:7.2+dfsg-7', arch: 'x86_64' },
  accelerator: { name: 'tcg', reason: '/dev/kvm opens, but a guest started with it does not run.', remedy: 'Turn on nested virtualization where this machine itself is a guest.' },
  sampleGuest: { available: true, version: 'Linux 6.1.0-37, busybox 1.35, guest agent 7.2' },
  problems: [],
};

const bare: HostStatus = {
  ...status,
  qemu: { found: false, reason: 'No qemu-system-x86_64 is in the PATH.', remedy: 'Install it: apt-get install qemu-system-x86' },
  accelerator: null,
  sampleGuest: { available: false, reason: 'its kernel could not be fetched (no network during set-up).' },
  problems: [{ what: 'A state file could not be read and was set aside.', path: '/home/ann/.local/state/vireo/domains/old.json.bad', notStarted: null }],
};

const serial = (changes: Partial<DomainSummary['consoles'][number]> = {}): DomainSummary['consoles'][number] => ({
  alias: 'serial0', kind: 'serial', label: 'ttyS0', state: 'open', error: null, writer: { sessionId: 'session-1', label: 'window 1', sinceMs: now - 4 * minute }, watchers: 2,
  sessions: [
    { sessionId: 'session-1', label: 'window 1', mode: 'write', sinceMs: now - 4 * minute, asksSinceMs: null },
    { sessionId: 'session-2', label: 'window 2', mode: 'watch', sinceMs: now - 3 * minute, asksSinceMs: null },
    { sessionId: 'session-3', label: 'vireo console (pid 4411)', mode: 'watch', sinceMs: now - minute, asksSinceMs: null },
  ],
  readOnly: null, backend: 'private socket', position: 2_204_100, ...changes,
});

const agentChannel: DomainSummary['consoles'][number] = serial({ alias: 'channel0', kind: 'channel', label: 'org.qemu.guest_agent.0', writer: null, watchers: 0, sessions: [], readOnly: "the guest agent's channel: Vireo speaks on it", position: 0 });

const running = (changes: Partial<DomainSummary>): DomainSummary =>
  domainSummary({
    state: 'running', reason: 'booted', stateSinceMs: now - 3_120 * minute, id: 3, pid: 48_211, accelerator: 'tcg', emulator: '/usr/bin/qemu-system-x86_64', qemuVersion: '7.2.22', agent: 'connected', vcpus: 2, memoryKiB: 2_097_152, currentMemoryKiB: 2_097_152,
    consoles: [serial(), { alias: 'console1', kind: 'console', label: 'hvc0', state: 'open', error: null, writer: null, watchers: 0, sessions: [], readOnly: null, backend: 'private socket', position: 812 }, agentChannel],
    ...changes,
  });

const id = (number: number): string => `6f1b2f0a-3a52-4f3b-8d5a-${number.toString(16).padStart(12, '0')}`;

const web = running({ uuid: id(1), name: 'web-1', title: 'Shop front', pendingChanges: true, devices: [
  { kind: 'disk', label: 'virtio disk vda, /srv/images/web-1.qcow2', alias: 'virtio-disk0' },
  { kind: 'disk', label: 'sata cdrom sda, empty', alias: 'sata0-0-0' },
  { kind: 'interface', label: 'virtio network, user, 52:54:00:6b:3c:58', alias: 'net0' },
  { kind: 'controller', label: 'pcie-root', alias: 'pcie.0' },
  { kind: 'serial', label: 'isa-serial ttyS0, pty', alias: 'serial0' },
  { kind: 'channel', label: 'virtio org.qemu.guest_agent.0', alias: 'channel0' },
  { kind: 'video', label: 'virtio video', alias: 'video0' },
  { kind: 'memballoon', label: 'virtio memory balloon', alias: 'balloon0' },
  { kind: 'rng', label: 'virtio random numbers, /dev/urandom', alias: 'rng0' },
] });

const few: readonly DomainSummary[] = [
  web,
  running({ uuid: id(2), name: 'db-1', id: 4, jobs: { sync: null, async: { kind: 'save', owner: 'remoteDispatchDomainManagedSave', client: 'vireo managedsave (pid 4711)', sinceMs: now - 41_000, phase: 'copying', parkedUntilMs: null, abortRequested: false }, agent: null, waiting: 1 } }),
  running({ uuid: id(3), name: 'build', state: 'paused', reason: 'user', stateSinceMs: now - 12 * minute }),
  domainSummary({ uuid: id(4), name: 'sample', state: 'shut off', reason: 'shutdown', stateSinceMs: now - 65 * minute }),
  domainSummary({ uuid: id(10), name: 'lost', state: 'shut off', reason: 'crashed', stateSinceMs: now - 2 * minute }),
  domainSummary({ uuid: id(5), name: 'legacy', state: 'crashed', reason: 'panicked', stateSinceMs: now - 3 * minute, pid: 991, id: 6 }),
  running({ uuid: id(6), name: 'stuck', id: 9, control: { state: 'error', details: 'the monitor socket closed while QEMU still runs', sinceMs: now - 72_000 } }),
  running({ uuid: id(7), name: 'leaving', state: 'in shutdown', reason: 'user', stateSinceMs: now - 4_000 }),
  domainSummary({ uuid: id(8), name: 'a-domain-with-a-name-of-eighty-characters-that-somebody-really-gave-to-it-in-2011', reason: 'failed', stateSinceMs: now - 9 * minute }),
  running({ uuid: id(11), name: 'full', id: 14, state: 'paused', reason: 'I/O error', stateSinceMs: now - 4 * minute, agent: 'not configured', diskErrors: [{ disk: 'vda', error: 'no space', message: 'No space left on device' }], taints: ['high-privileges', 'custom-monitor'] }),
  running({ uuid: id(9), name: 'خادم-البريد-الرئيسي', title: 'خادم البريد للمكتب', id: 12 }),
];

/** Screens in every state: private, open to all, of another kind, off, none, and of a QEMU that does not answer. */
const vnc = { displays: [privateDisplay], devices: [...web.devices, { kind: 'graphics', label: 'VNC display, private socket', alias: 'graphics0' }] };
const screens: readonly DomainSummary[] = [
  running({ ...web, ...vnc, displays: [{ ...privateDisplay, writer: { sessionId: 'd1', label: 'window 2', sinceMs: now - minute }, watchers: 1, sessions: [{ sessionId: 'd1', label: 'window 2', mode: 'write', sinceMs: now - minute, asksSinceMs: null }, { sessionId: 'd2', label: 'window 5', mode: 'watch', sinceMs: now - minute, asksSinceMs: null }] }] }),
  running({ ...vnc, uuid: id(21), name: 'open-to-all', id: 5, displays: [{ ...privateDisplay, place: '0.0.0.0:5901' }] }),
  running({ ...vnc, uuid: id(22), name: 'drawing-office', id: 6, displays: [{ ...privateDisplay, type: 'spice', place: '127.0.0.1:5902', unavailable: "it is a display of type 'spice'; Vireo shows those of type 'vnc'" }] }),
  domainSummary({ ...vnc, uuid: id(23), name: 'desktop', agent: 'disconnected' }),
  running({ uuid: id(24), name: 'serial-only', id: 8, devices: [] }),
  running({ ...vnc, uuid: id(25), name: 'stuck', id: 9, control: { state: 'error', details: 'the monitor socket closed while QEMU still runs', sinceMs: now - 72_000 } }),
];

/** Migrations at every stage; the last has left with its domain. */
const migrations = sceneOfMigrations((number) => id(40 + number));
const moving: readonly DomainSummary[] = migrations.slice(0, -1).map((view, index) => {
  const { uuid, name, outcome, side } = view;
  const shown = { uuid, name, migration: glanceOf(view), devices: web.devices };
  if (outcome === 'completed') return domainSummary({ ...shown, state: 'shut off', reason: 'migrated', stateSinceMs: now - 2 * minute });
  const job = { kind: side === 'source' ? 'migration-out' : 'migration-in', owner: 'remoteDispatchDomainMigratePerform3Params', client: 'window 1', sinceMs: view.startedAtMs, phase: view.phase, parkedUntilMs: null, abortRequested: false };
  return running({ ...shown, id: index + 20, ...(outcome === 'running' ? { jobs: { sync: null, async: job, agent: null, waiting: 0 } } : {}), ...(side === 'destination' ? { state: 'paused', reason: 'migrating' } : {}) });
});

const crowd: readonly DomainSummary[] = Array.from({ length: 1_000 }, (_, index) =>
  index % 3 === 0 ? domainSummary({ uuid: id(100 + index), name: `guest-${index + 1}` })
  : index % 17 === 0 ? running({ uuid: id(100 + index), name: `guest-${index + 1}`, state: 'paused', reason: 'I/O error' })
  : running({ uuid: id(100 + index), name: `guest-${index + 1}`, id: index }));

const xml = `<domain type='qemu' id='3'>
  <name>web-1</name>
  <uuid>${id(1)}</uuid>
  <memory unit='KiB'>2097152</memory>
  <vcpu placement='static'>2</vcpu>
  <os>
    <type arch='x86_64' machine='pc-q35-7.2'>hvm</type>
  </os>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    <!-- the shop's disk -->
    <disk type='file' device='disk'>
      <driver name='qemu' type='qcow2'/>
      <source file='/path/to/disk.qcow2'/>
      <target dev='vda' bus='virtio'/>
      <alias name='virtio-disk0'/>
    </disk>
    <serial type='pty'>
      <target type='isa-serial' port='0'/>
    </serial>
  </devices>
</domain>
`;

const log = `2026-05-07 09:12:44.120+0000: starting up, Vireo 0.1.0, QEMU 7.2.22
/usr/bin/qemu-system-x86_64 \\
-name guest=web-1,debug-threads=on \\
-S \\
-machine pc-q35-7.2,usb=off,dump-guest-core=off \\
-accel tcg \\
-m size=2097152k \\
-smp 2,sockets=2,cores=1,threads=1
qemu-system-x86_64: warning: TCG doesn't support requested feature: CPUID.01H:ECX.vmx [bit 5]
2026-05-07 09:12:45.031+0000: running, reason=booted
`;

const boot = ['\x1b[1;32m[  OK  ]\x1b[0m Started \x1b[1mudev\x1b[0m.', '[    0.000000] Linux version 6.1.0-37-cloud-amd64 (gcc-12) #1 SMP', '[    0.412001] virtio_blk virtio1: [vda] 131072 512-byte logical blocks (67.1 MB/64.0 MiB)', '[    0.981734] EXT4-fs (vda): mounted filesystem with ordered data mode', 'Starting network: \x1b[32mOK\x1b[0m', '', 'Vireo sample Linux, ttyS0', 'sample login: root', 'Welcome. Umlauts äöü, 日本語, 🐦.', '~ # uname -a', 'Linux sample 6.1.0-37-cloud-amd64 #1 SMP x86_64 GNU/Linux', '~ # '].join('\r\n');

const missing = (name: string): FakeScene => {
  throw new Error(`no scene ${name}`);
};

export const scenes: Readonly<Record<string, FakeScene>> = {
  first: { status, domains: [] },
  bare: { status: bare, domains: [] },
  few: { status, domains: few, xml, log, timeline: timelineOfACrash },
  screens: { status, domains: screens, xml, log, timeline: timelineOfACrash },
  migrations: { status, domains: moving, migrations },
  held: { status, domains: few, trouble: 'held' },
  failing: { status, domains: few, trouble: 'failing' },
  busy: { status, domains: few, delayMs: 60_000 },
  inUse: { status, domains: few, trouble: 'image in use' },
  crowd: { status, domains: crowd, timeline: longTimeline },
  loading: { status, domains: [], trouble: 'silent' },
  gone: { status, domains: [], trouble: 'gone' },
  writing: { status, domains: few, console: { text: boot, mode: 'write' } },
  watching: { status, domains: few, console: { text: boot, mode: 'watch' } },
  /** Whose input belongs to another program, and one that nobody writes to. */
  readOnly: { status, domains: [{ ...web, consoles: [serial({ writer: null, watchers: 1, sessions: [], readOnly: "its input belongs to the program at the other end of tcp 127.0.0.1:4555", backend: 'tcp 127.0.0.1:4555, QEMU listens' })] }], console: { text: boot, mode: 'watch' } },
  free: { status, domains: [{ ...web, consoles: [serial({ writer: null, watchers: 1, sessions: [] })] }], console: { text: boot, mode: 'watch' } },
};

export function sceneNamed(name: string): FakeScene {
  return scenes[name] ?? missing(name);
}
