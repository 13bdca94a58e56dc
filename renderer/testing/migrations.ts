/** Migrations at a moment, for previews: the curve of a guest that is copied in passes, as QEMU would tell it. */
import type { allMethods } from '../../core/api/client.ts';
import type { Implementation } from '../../core/api/server.ts';
import type { MigrationGlance } from '../../core/domain/migration-glance.ts';
import type { MigrationPreflight, MigrationSample, MigrationView } from '../../core/migration/migration-view.ts';
import { VireoError } from '../../core/base/errors.ts';

const now = Date.now();
const gib = 1 << 30;
const mib = 1 << 20;

interface Copy {
  readonly totalBytes: number;
  readonly speed: number;
  readonly dirty: number;
  readonly untilMs: number;
  readonly beginMs?: number;
}

function curve({ totalBytes, speed, dirty, untilMs, beginMs = 0 }: Copy): MigrationSample[] {
  const samples: MigrationSample[] = [];
  let [remaining, iteration, passMs] = [totalBytes, 1, 0];
  for (let atMs = beginMs; atMs <= untilMs; atMs += 250) {
    const wavering = speed * (1 + 0.06 * Math.sin(atMs / 900));
    samples.push({ atMs, remainingBytes: Math.round(remaining), transferredBytes: Math.round(((atMs - beginMs) / 1000) * speed), speedBytesPerSecond: Math.round(wavering), dirtyBytesPerSecond: iteration > 1 ? Math.round(dirty * (1 + 0.1 * Math.cos(atMs / 1500))) : 0, iteration });
    remaining -= wavering / 4;
    passMs += 250;
    if (remaining > 0) continue;
    [remaining, iteration, passMs] = [Math.min(totalBytes, (dirty * passMs) / 1000), iteration + 1, 0];
  }
  return samples;
}

const free = { available: true, reason: null };
const no = (reason: string): MigrationView['levers']['cancel'] => ({ available: false, reason });
const noLevers = (reason: string): MigrationView['levers'] => ({ autoConverge: no(reason), postcopy: no(reason), suspend: no(reason), cancel: no(reason) });

export function migrationView(changes: Partial<MigrationView> & Pick<MigrationView, 'uuid' | 'name'>): MigrationView {
  const samples = changes.samples ?? [];
  const last = samples.at(-1);
  return {
    side: 'source', peer: 'vireo+ssh://ann@rack-2', phase: 'perform3', activity: `Copying memory, pass ${last?.iteration ?? 1}`, startedAtMs: now - (last?.atMs ?? 4_000), endedAtMs: null, outcome: 'running', error: null,
    percent: 63, memoryTotalBytes: last ? 2 * gib : null, memoryPercent: last ? 70 : null, samples, disks: [], verdict: { kind: 'measuring', firstPassMs: null }, bandwidthMiBps: 0, maxDowntimeMs: 300, autoConvergeThrottlePercent: null,
    transferredBytes: last?.transferredBytes ?? null, iteration: last?.iteration ?? null, levers: { autoConverge: free, postcopy: no('The migration was begun without post-copy'), suspend: free, cancel: free }, totalMs: null, downtimeMs: null, ...changes,
  };
}

/** The glance that the summary of its domain has. */
export function glanceOf({ side, peer, activity, percent, outcome, error, startedAtMs, endedAtMs, downtimeMs }: MigrationView): MigrationGlance {
  return { side, peer, activity, percent, outcome, error, startedAtMs, endedAtMs, downtimeMs };
}

/** One of each, by the number that the scene gives its domain. */
export function sceneOfMigrations(id: (number: number) => string): readonly MigrationView[] {
  const passes = curve({ totalBytes: 2 * gib, speed: 312 * mib, dirty: 110 * mib, untilMs: 11_000 });
  const hopeless = curve({ totalBytes: 2 * gib, speed: 100 * mib, dirty: 188 * mib, untilMs: 72_000 });
  const over = curve({ totalBytes: 2 * gib, speed: 290 * mib, dirty: 90 * mib, untilMs: 41_000, beginMs: 31_000 });
  const ended = { endedAtMs: now - 130_000, verdict: null, levers: noLevers('The migration has ended') };
  return [
    migrationView({ uuid: id(1), name: 'db-1', samples: passes, percent: 94, memoryPercent: 93, verdict: { kind: 'converging', remainingMs: 9_000, expectedDowntimeMs: 35 }, disks: [{ target: 'vda', state: 'mirroring', totalBytes: 20 * gib, processedBytes: 20 * gib, percent: 100, speedBytesPerSecond: null, error: null }] }),
    migrationView({ uuid: id(2), name: 'web-1', samples: hopeless, percent: 90, memoryPercent: 90, bandwidthMiBps: 100, verdict: { kind: 'not converging', dirtyBytesPerSecond: 188 * mib, speedBytesPerSecond: 100 * mib }, levers: { autoConverge: free, postcopy: free, suspend: free, cancel: free } }),
    migrationView({
      uuid: id(3), name: 'files', activity: 'Copying disks', percent: 41, verdict: { kind: 'copying disks', remainingMs: 124_000 }, startedAtMs: now - 62_000, bandwidthMiBps: 140, levers: { autoConverge: free, postcopy: no('The disks are copied first'), suspend: free, cancel: free },
      disks: [{ target: 'vda', state: 'mirroring', totalBytes: 2 * gib, processedBytes: 2 * gib, percent: 100, speedBytesPerSecond: null, error: null }, { target: 'vdb', state: 'copying', totalBytes: 20 * gib, processedBytes: 8.1 * gib, percent: 40, speedBytesPerSecond: 140 * mib, error: null }, { target: 'vdc', state: 'waiting', totalBytes: 4 * gib, processedBytes: 0, percent: 0, speedBytesPerSecond: null, error: null }],
    }),
    migrationView({ uuid: id(4), name: 'guest-from-afar', side: 'destination', peer: 'rack-2', activity: 'Receiving', percent: null, verdict: { kind: 'receiving' }, levers: noLevers('The other host leads: it is done there') }),
    migrationView({ uuid: id(5), name: 'moved', ...ended, samples: over, outcome: 'completed', activity: 'Moved', percent: 100, memoryPercent: 100, totalMs: 41_400, downtimeMs: 34.6, disks: [{ target: 'vda', state: 'done', totalBytes: 4 * gib, processedBytes: 4 * gib, percent: 100, speedBytesPerSecond: null, error: null }] }),
    migrationView({ uuid: id(6), name: 'refused', ...ended, outcome: 'failed', activity: 'Failed', percent: 12, totalMs: 61_000, samples: passes.slice(0, 12), disks: [{ target: 'vda', state: 'failed', totalBytes: 20 * gib, processedBytes: 3 * gib, percent: 15, speedBytesPerSecond: null, error: 'No space left on device' }], error: "operation failed: migration of disk vda failed: No space left on device" }),
    migrationView({ uuid: id(7), name: 'called-off', ...ended, outcome: 'cancelled', activity: 'Cancelled', error: 'operation aborted: migration out job: canceled by client', totalMs: 8_300, samples: passes.slice(0, 24), percent: 47 }),
    migrationView({ uuid: id(8), name: 'on-both', samples: over, activity: 'Sending what is left (post-copy)', percent: 96, memoryPercent: 96, verdict: { kind: 'post-copy', remainingMs: 3_100 }, levers: { ...noLevers('It is in post-copy'), cancel: no('In post-copy neither host has the whole guest'), suspend: no('The guest runs on the destination') } }),
    migrationView({ uuid: id(99), name: 'gone-to-rack-2', ...ended, outcome: 'completed', activity: 'Moved', percent: 100, totalMs: 3_420, downtimeMs: 12 }),
  ];
}

const preflight: MigrationPreflight = {
  blockers: [],
  warnings: ['Read-only images are not copied: the other host needs /srv/images/tools.iso.'],
  memoryBytes: 2 * gib,
  dirtyBytesPerSecond: 24 * mib,
  disks: [{ target: 'vda', path: '/srv/images/web-1.qcow2', bytes: 20 * gib, seenBy: 'this host' }, { target: 'vdb', path: '/mnt/nfs/shop-data.raw', bytes: 120 * gib, seenBy: 'both' }],
};

export function migrationsPart(views: readonly MigrationView[]): Partial<Implementation<typeof allMethods>> {
  return {
    domainGetMigration: async (_call, { domain }) => ({ migration: views.find(({ uuid }) => uuid === domain) ?? null }),
    connectListMigrations: async () => ({ migrations: [...views] }),
    domainAbortJob: async () => null,
    domainMigrateSetMaxSpeed: async () => null,
    domainMigrateGetMaxSpeed: async () => ({ bandwidthMiBps: 0 }),
    domainMigrateSetMaxDowntime: async () => null,
    domainCheckMigration: async (_call, { options, uri }) => {
      const blockers: MigrationPreflight['blockers'] = options.copyStorage === 'none' && !uri?.startsWith('vireo+unix:') ? [{ message: 'vda lies on storage of this computer, which the other host does not see. Copy the disks, or put the images where both hosts find them.', option: 'copyStorage' }] : [];
      return { ...preflight, blockers };
    },
    async domainMigrateToURI3(_call, { uri }) {
      throw new VireoError('OPERATION_FAILED', `no answer from ${uri} within 60 s`);
    },
    async connectProbeHost(_call, { uri }) {
      if (uri.includes('rack-3')) throw new VireoError('SYSTEM_ERROR', 'ssh: connect to host rack-3 port 22: No route to host');
      return { hostName: 'rack-2', hostUuid: 'a2b5c0de-0000-4000-8000-000000000002' };
    },
  };
}
