/** What the migrate dialog asks, as a person fills it in, and the options that it comes to. Pure. */
import type { MigrationOptionsInput } from '../../core/migration/migration-options.ts';
import type { DomainSummary } from '../../core/domain/domain-summary.ts';

export interface MigrateDraft {
  readonly place: 'ssh' | 'unix';
  /** `[user@]host[:port]`, or a whole URI. */
  readonly host: string;
  /** The other host's state folder; by SSH it may be left out. */
  readonly folder: string;
  readonly live: boolean;
  readonly offline: boolean;
  readonly paused: boolean;
  readonly persistDestination: boolean;
  readonly undefineSource: boolean;
  readonly copyStorage: 'none' | 'all' | 'incremental';
  /** Targets to copy; null is every disk that can be. */
  readonly disks: readonly string[] | null;
  readonly unsafe: boolean;
  readonly tls: boolean;
  readonly tunnelled: boolean;
  readonly compressed: boolean;
  readonly parallel: boolean;
  readonly connections: number;
  /** MiB a second; 0 is no limit. */
  readonly bandwidthMiBps: number;
  readonly maxDowntimeMs: number;
  readonly autoConverge: boolean;
  readonly postcopy: boolean;
}

const defaultDowntimeMs = 300;

/** As virt-manager moves: it is kept there and gone here, where it was kept here at all. */
export function newDraft(domain: Pick<DomainSummary, 'persistent' | 'id'>, uri: string | null): MigrateDraft {
  const runs = domain.id !== null;
  return {
    ...(uri === null ? { place: 'ssh', host: '', folder: '' } : placeOf(uri)),
    live: true, offline: !runs, paused: false,
    persistDestination: domain.persistent, undefineSource: domain.persistent,
    copyStorage: 'none', disks: null, unsafe: false,
    tls: false, tunnelled: false, compressed: false, parallel: false, connections: 2,
    bandwidthMiBps: 0, maxDowntimeMs: defaultDowntimeMs, autoConverge: false, postcopy: false,
  };
}

/** The fields that a URI fills. */
export function placeOf(uri: string): Pick<MigrateDraft, 'place' | 'host' | 'folder'> {
  const [, scheme, authority = '', folder = ''] = /^vireo\+(ssh|unix):\/\/([^/]*)(\/.*)?$/.exec(uri.trim()) ?? [];
  if (scheme === undefined) return { place: 'ssh', host: uri, folder: '' };
  return scheme === 'unix' ? { place: 'unix', host: '', folder: decodeURI(folder) } : { place: 'ssh', host: decodeURI(authority), folder: decodeURI(folder) };
}

/** Null while something is missing; what is wrong with it the host says. */
export function uriOf({ place, host, folder }: Pick<MigrateDraft, 'place' | 'host' | 'folder'>): string | null {
  const [who, where] = [host.trim(), folder.trim()];
  if (place === 'unix') return where.startsWith('/') ? `vireo+unix://${encoded(where)}` : null;
  if (/^vireo\+(ssh|unix):\/\/./.test(who)) return who;
  if (who === '' || /\s/.test(who)) return null;
  if (where !== '' && !where.startsWith('/')) return null;
  return `vireo+ssh://${encodeURI(who)}${encoded(where)}`;
}

/** A folder may have any character; a URI may not. */
function encoded(folder: string): string {
  return folder.split('/').map(encodeURIComponent).join('/');
}

export function optionsOf(draft: MigrateDraft): MigrationOptionsInput {
  const { persistDestination, undefineSource, bandwidthMiBps, maxDowntimeMs } = draft;
  const kept = { persistDestination: persistDestination || draft.offline, undefineSource };
  if (draft.offline) return { ...kept, offline: true };
  const copies = draft.copyStorage !== 'none';
  return {
    ...kept,
    live: draft.live,
    paused: draft.paused,
    copyStorage: draft.copyStorage,
    migrateDisks: copies && draft.disks ? [...draft.disks] : null,
    unsafe: draft.unsafe,
    tls: draft.tls,
    tunnelled: draft.tunnelled,
    parallel: draft.parallel,
    parallelConnections: draft.parallel ? draft.connections : null,
    compressed: draft.compressed,
    // Several connections have a method of their own; a single one has XBZRLE.
    compressionMethods: draft.compressed && draft.parallel ? ['zlib'] : [],
    autoConverge: draft.autoConverge && draft.live,
    postcopy: draft.postcopy && draft.live,
    bandwidthMiBps, // 0 is no limit; left out it would be the domain's own, which the dialog shows to begin with
    maxDowntimeMs: maxDowntimeMs === defaultDowntimeMs || !draft.live ? null : maxDowntimeMs,
  };
}
