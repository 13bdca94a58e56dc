/** Timelines for previews: one that ends in a crash, with every kind of entry, and a long one. */
import type { NewEntry, TimelineEntry } from '../../core/timeline/timeline-entry.ts';

const now = Date.now();
const minute = 60_000;

function numbered(entries: readonly NewEntry[]): readonly TimelineEntry[] {
  return entries.map((entry, index) => ({ seq: index + 1, run: null, details: {}, by: null, outcome: null, account: null, ...entry })).toReversed();
}

const window1 = { owner: 'remoteDispatchDomainCreate', client: 'window 1' };
const command = { owner: 'remoteDispatchDomainSuspend', client: 'vireo suspend (pid 5120)' };
const ok = (durationMs: number): TimelineEntry['outcome'] => ({ ok: true, durationMs, error: null });
const at = (minutesAgo: number): number => now - minutesAgo * minute;
const message = (direction: 'command' | 'reply' | 'error' | 'event', name: string, text: string, secondsAgo: number): NonNullable<TimelineEntry['account']>['lastMessages'][number] => ({ atMs: at(2) - secondsAgo * 1000, direction, name, text });

export const timelineOfACrash = numbered([
  { atMs: at(4_400), kind: 'lifecycle', what: 'defined', details: { detail: 'added', state: 'shut off', reason: 'unknown' } },
  { atMs: at(4_400), kind: 'action', what: 'domainDefineXML', by: { ...window1, owner: 'remoteDispatchDomainDefineXML' }, outcome: ok(42) },
  { atMs: at(310), kind: 'action', what: 'domainCreate', by: window1, outcome: { ok: false, durationMs: 30_004, error: { code: 'OPERATION_TIMEOUT', message: 'Timed out during operation: cannot acquire state change lock (held by remoteDispatchDomainManagedSave)' } } },
  { atMs: at(190), kind: 'job', what: 'began', by: window1, details: { job: 'start' } },
  { atMs: at(190), run: 3, kind: 'driver', what: 'spawned', details: { pid: 48_211, qemuVersion: '7.2.22', accelerator: 'tcg', logOffset: 1_920 } },
  { atMs: at(190), run: 3, kind: 'stderr', what: 'line', details: { line: "qemu-system-x86_64: warning: TCG doesn't support requested feature: CPUID.01H:ECX.vmx [bit 5]", logOffset: 2_012 } },
  { atMs: at(190), run: 3, kind: 'qmp', what: 'RESUME' },
  { atMs: at(190), run: 3, kind: 'lifecycle', what: 'started', details: { detail: 'booted', state: 'running', reason: 'booted' } },
  { atMs: at(190), run: 3, kind: 'job', what: 'ended', by: window1, details: { job: 'start', durationMs: 518 } },
  { atMs: at(190), run: 3, kind: 'action', what: 'domainCreate', by: window1, outcome: ok(517) },
  { atMs: at(188), run: 3, kind: 'agent', what: 'agent-lifecycle', details: { detail: 'connected' } },
  { atMs: at(95), run: 3, kind: 'driver', what: 'nobody-watched', details: { fromMs: at(120), toMs: at(95), letGo: true } },
  { atMs: at(95), run: 3, kind: 'driver', what: 'found', details: { state: 'running', reason: 'booted', pid: 48_211 } },
  { atMs: at(95), run: 3, kind: 'driver', what: 'reached', details: { state: 'running', reason: 'booted' } },
  { atMs: at(40), run: 3, kind: 'qmp', what: 'STOP' },
  { atMs: at(40), run: 3, kind: 'lifecycle', what: 'suspended', details: { detail: 'paused', state: 'paused', reason: 'user' } },
  { atMs: at(40), run: 3, kind: 'action', what: 'domainSuspend', by: command, outcome: ok(3) },
  { atMs: at(38), run: 3, kind: 'lifecycle', what: 'resumed', details: { detail: 'unpaused', state: 'running', reason: 'unpaused' } },
  { atMs: at(12), run: 3, kind: 'qmp', what: 'RTC_CHANGE', details: { data: '{"offset":3600,"qom-path":"/machine/unattached/device[7]/rtc"}', more: 41 } },
  { atMs: at(6), run: 3, kind: 'lifecycle', what: 'io-error', details: { detail: 'No space left on device' } },
  { atMs: at(2) - 1_200, run: 3, kind: 'lifecycle', what: 'core-dump', details: { detail: '/home/ann/.local/state/vireo/dumps/web-1-2026-05-07-091244' } },
  { atMs: at(2) - 900, run: 3, kind: 'stderr', what: 'line', details: { line: 'qemu-system-x86_64: ../hw/virtio/virtio.c:2304: virtio_queue_notify_vq: Assertion `vq->handle_output` failed.', logOffset: 2_310 } },
  {
    atMs: at(2), run: 3, kind: 'lifecycle', what: 'stopped', details: { detail: 'crashed', state: 'shut off', reason: 'crashed' },
    account: {
      signal: 'SIGABRT', exitCode: null, endedByDriver: false, state: 'running', reason: 'unpaused',
      holders: [{ kind: 'modify', owner: 'remoteDispatchDomainAttachDevice', client: 'window 1' }], unanswered: 'device_add',
      stderrTail: ["qemu-system-x86_64: warning: TCG doesn't support requested feature: CPUID.01H:ECX.vmx [bit 5]", 'qemu-system-x86_64: ../hw/virtio/virtio.c:2304: virtio_queue_notify_vq: Assertion `vq->handle_output` failed.'],
      lastMessages: [
        message('command', 'query-block', '', 62), message('reply', 'query-block', '[{"io-status":"ok","device":"","locked":false,"removable":false,"inserted":{"ro":false,"node-name":"disk-vda","backing_file_depth":0}}]', 62),
        message('event', 'BLOCK_IO_ERROR', '{"device":"","node-name":"disk-vda","operation":"write","action":"report","nospace":true,"reason":"No space left on device"}', 60),
        message('command', 'object-add', '{"qom-type":"secret","id":"vdb-luks","keyid":"(left out)","data":"(left out)"}', 2), message('reply', 'object-add', '', 2),
        message('command', 'blockdev-add', '{"driver":"file","filename":"/srv/images/data.qcow2","node-name":"disk-vdb"}', 1.4), message('error', 'blockdev-add', "Could not open '/srv/images/data.qcow2': No such file or directory", 1.4),
        message('command', 'device_add', '{"driver":"virtio-blk-pci","id":"virtio-disk1","bus":"pci.5"}', 1),
      ],
    },
  },
]);

export const longTimeline = numbered(Array.from({ length: 5_000 }, (_, index): NewEntry => ({ atMs: now - (5_000 - index) * 20_000, run: 1, kind: index % 3 === 0 ? 'qmp' : 'lifecycle', what: index % 3 === 0 ? 'STOP' : index % 3 === 1 ? 'suspended' : 'resumed', details: index % 3 === 1 ? { detail: 'paused' } : {} })));
