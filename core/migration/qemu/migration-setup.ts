/**
 * What QEMU is told before memory goes over: its migration capabilities and parameters for one side, out of what the user
 * asked for. Pure; apply-setup.ts tells them to a QEMU and takes them back.
 */
import type { QmpArguments } from '../../monitor/commands.ts';
import type { MigrationOptions } from '../migration-options.ts';
import { bandwidthBytes, unlimitedBytesPerSecond } from './bandwidth.ts';
import { usesXbzrle } from './option-rules.ts';
import type { MigrationSettings } from './apply-setup.ts';

export type MigrationSide = 'source' | 'destination';
export type MigrationCapability = QmpArguments<'migrate-set-capabilities'>['capabilities'][number]['capability'];
export type MigrationParameters = QmpArguments<'migrate-set-parameters'>;

export interface MigrationSetup {
  /** Every capability that Vireo ever sets, on or off: what an earlier migration left is not to be trusted. */
  readonly capabilities: ReadonlyMap<MigrationCapability, boolean>;
  readonly parameters: MigrationParameters;
  /** Capabilities that help and that are left out where this QEMU does not know them. */
  readonly optional: ReadonlySet<MigrationCapability>;
}

/** Bandwidth and downtime of a source; a destination ignores them. */
export interface SourceLimits {
  /** MiB a second, 0 is no limit. */
  readonly bandwidthMiBps: number;
  /** Null leaves what QEMU is set to: its default, or what somebody has set before (migrate-setmaxdowntime). */
  readonly maxDowntimeMs: number | null;
}

/** Checked options only (option-rules.ts). TLS is told apart from this (tls-credentials.ts), dirty bitmaps by who copies disks. */
export function migrationSetup(options: MigrationOptions, side: MigrationSide, limits: SourceLimits = { bandwidthMiBps: 0, maxDowntimeMs: null }): MigrationSetup {
  const isSource = side === 'source';
  const capabilities = new Map<MigrationCapability, boolean>([
    ['events', true],
    // Without it a source takes what it has sent for received (7.2); a tunnel has no way back.
    ['return-path', !options.tunnelled],
    ['xbzrle', usesXbzrle(options)],
    ['compress', options.compressionMethods.includes('mt')],
    ['multifd', options.parallel],
    ['postcopy-ram', options.postcopy],
    ['auto-converge', isSource && options.autoConverge],
    // Disks end, and the point of no return is passed, in a moment of our own.
    ['pause-before-switchover', isSource],
    // The destination may not touch the images before the source has let go of them.
    ['late-block-activate', !isSource],
    ['zero-copy-send', isSource && options.zeroCopy],
    ['dirty-bitmaps', false],
  ]);
  return { capabilities, parameters: { ...commonParameters(options), ...(isSource ? sourceParameters(options, limits) : {}) }, optional: new Set(['zero-copy-send', 'compress', 'xbzrle', 'late-block-activate', 'dirty-bitmaps'].filter((name) => capabilities.get(name as MigrationCapability) !== true) as MigrationCapability[]) };
}

/** What both sides must agree on. */
function commonParameters(options: MigrationOptions): MigrationParameters {
  const { compressionMethods, parallel } = options;
  const parallelMethod = compressionMethods.find((method) => method === 'zlib' || method === 'zstd') ?? 'none';
  return {
    ...(parallel ? { 'multifd-channels': options.parallelConnections ?? 2, 'multifd-compression': parallelMethod } : {}),
    ...given('multifd-zlib-level', options.compressionZlibLevel),
    ...given('multifd-zstd-level', options.compressionZstdLevel),
    ...given('compress-level', options.compressionMtLevel),
    ...given('compress-threads', options.compressionMtThreads),
    ...given('decompress-threads', options.compressionMtDecompressionThreads),
    ...given('xbzrle-cache-size', options.compressionXbzrleCacheBytes),
  };
}

function sourceParameters(options: MigrationOptions, { bandwidthMiBps, maxDowntimeMs }: SourceLimits): MigrationParameters {
  const { postcopy, postcopyBandwidthMiBps } = options;
  return {
    'max-bandwidth': bandwidthMiBps === 0 ? unlimitedBytesPerSecond : bandwidthBytes(bandwidthMiBps),
    ...given('downtime-limit', maxDowntimeMs),
    ...(postcopy && postcopyBandwidthMiBps !== null ? { 'max-postcopy-bandwidth': bandwidthBytes(postcopyBandwidthMiBps) } : {}),
    ...given('cpu-throttle-initial', options.autoConvergeInitialPercent),
    ...given('cpu-throttle-increment', options.autoConvergeIncrementPercent),
  };
}

function given<K extends keyof MigrationParameters>(name: K, value: MigrationParameters[K] | null): MigrationParameters {
  return value === null ? {} : { [name]: value };
}

/** So little that no guest feels it: QEMU cannot begin to slow a guest in a migration that runs, only slow it more (7.2). */
export const heldThrottlePercent = 1;
export const heldThrottle: MigrationParameters = { 'cpu-throttle-initial': heldThrottlePercent, 'max-cpu-throttle': heldThrottlePercent };

/** QEMU's own way of slowing a guest (7.2), or as the user wants it. */
export function freeThrottle({ autoConvergeInitialPercent, autoConvergeIncrementPercent }: MigrationOptions): MigrationParameters {
  return { 'cpu-throttle-initial': autoConvergeInitialPercent ?? 20, 'cpu-throttle-increment': autoConvergeIncrementPercent ?? 10, 'max-cpu-throttle': 99 };
}

/** A live migration that was begun without auto-converge can still be given it: the lever is there, held tight. */
export function withThrottleAtHand(setup: MigrationSetup, options: MigrationOptions, known: MigrationSettings): MigrationSetup {
  if (!options.live || !Object.hasOwn(known.parameters, 'max-cpu-throttle') || !Object.hasOwn(known.capabilities, 'auto-converge')) return setup;
  return {
    ...setup,
    capabilities: new Map(setup.capabilities).set('auto-converge', true),
    parameters: { ...setup.parameters, ...(options.autoConverge ? freeThrottle(options) : heldThrottle) },
  };
}
