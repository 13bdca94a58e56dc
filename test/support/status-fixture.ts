/** A state file as a running sample guest has one, for tests that damage it. */
import path from 'node:path';
import { sampleDomain } from '../../core/conf/sample-domain.ts';
import type { DomainDefinition } from '../../core/conf/domain-definition.ts';
import { formatDomain, parseDomain } from '../../core/devices/domain-xml.ts';
import { runFolderName } from '../../core/status/state-folder.ts';
import type { StatusRecord } from '../../core/status/status-file.ts';

export function fixtureDefinition(uuid: string, name = 'guest'): DomainDefinition {
  return { ...parseDomain(sampleDomain({ name, kernel: '/k', initrd: '/i', disk: `/${name}.raw`, memoryMiB: 64 })), uuid };
}

export function fixtureRecord(uuid: string, changes: Partial<StatusRecord> = {}): StatusRecord {
  const runFolder = path.join('/tmp/vireo/run', runFolderName(uuid));
  return {
    version: 1,
    uuid,
    name: 'guest',
    id: 1,
    persistent: true,
    state: 'running',
    reason: 'booted',
    stateSinceMs: null,
    process: { pid: 4711, startTime: '1', bootId: null },
    monitorPath: path.join(runFolder, 'm'),
    runFolder,
    capabilitiesKey: '',
    emulator: 'qemu',
    qemuVersion: '7.2.22',
    accelerator: 'tcg',
    startedAtMs: 0,
    starting: false,
    rebootOnShutdown: false,
    pendingChanges: false,
    taints: [],
    controlGroups: {},
    agentTimeoutSeconds: -1,
    migrationBandwidthMiBps: 0,
    peripherals: ['sata0-0-0'],
    consoleStarts: { serial0: 4096 },
    leases: [],
    autodestroy: null,
    diskErrors: [],
    clockStartSeconds: 0,
    job: { async: null, destroy: false },
    xml: formatDomain(fixtureDefinition(uuid), { form: 'live', secure: true }),
    ...changes,
  };
}
