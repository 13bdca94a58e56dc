/**
 * Tells a QEMU what migrationSetup decided, and gives it back what it had before: a migration that fails must not leave a
 * limit or a capability for the next save or migration.
 */
import { z } from 'zod';
import { VireoError, asVireoError } from '../../base/errors.ts';
import type { WriteMonitor } from '../../job/domain-run.ts';
import type { MigrationCapability, MigrationParameters, MigrationSetup, MigrationSide } from './migration-setup.ts';

/** What a QEMU says that it is set to; its keys are what it knows at all. Goes into the record of a migration. */
export const migrationSettingsSchema = z.object({
  capabilities: z.record(z.string(), z.boolean()),
  parameters: z.record(z.string(), z.unknown()),
});
export type MigrationSettings = z.infer<typeof migrationSettingsSchema>;

export async function readSettings(monitor: WriteMonitor): Promise<MigrationSettings> {
  const [capabilities, parameters] = await Promise.all([monitor.query('query-migrate-capabilities'), monitor.query('query-migrate-parameters')]);
  return { capabilities: Object.fromEntries(capabilities.map(({ capability, state }) => [capability, state])), parameters: { ...parameters } };
}

/**
 * @param known what `readSettings` found.
 * @throws OPERATION_UNSUPPORTED for what this QEMU does not know, and what QEMU says; nothing is set then that counts.
 */
export async function applySetup(monitor: WriteMonitor, setup: MigrationSetup, known: MigrationSettings, side: MigrationSide): Promise<void> {
  const wanted = [...setup.capabilities].filter(([name]) => Object.hasOwn(known.capabilities, name));
  const missing = [...setup.capabilities].find(([name, on]) => on && !setup.optional.has(name) && !Object.hasOwn(known.capabilities, name));
  if (missing) throw lacks(missing[0], side);
  await setCapabilities(monitor, wanted);
  const names = Object.keys(setup.parameters);
  const unknown = names.find((name) => !isKnownParameter(name, known));
  if (unknown !== undefined) throw lacks(unknown, side);
  if (names.length > 0) await monitor.execute('migrate-set-parameters', setup.parameters);
}

/** Parameters of strings are told only where they are set. */
function isKnownParameter(name: string, { parameters }: MigrationSettings): boolean {
  return Object.hasOwn(parameters, name) || name.startsWith('tls-') || name === 'block-bitmap-mapping';
}

function lacks(option: string, side: MigrationSide): VireoError {
  return new VireoError('OPERATION_UNSUPPORTED', `Migration option '${option}' is not supported by ${side} QEMU`, { details: { option, side } });
}

/**
 * Off first: some exclude each other, and QEMU looks at each command as a whole. What is already so is not told again, for
 * QEMU looks at whether it could do it even then.
 */
async function setCapabilities(monitor: WriteMonitor, wanted: readonly (readonly [MigrationCapability, boolean])[]): Promise<void> {
  const capabilities = [...wanted].sort(([, a], [, b]) => Number(a) - Number(b)).map(([capability, state]) => ({ capability, state }));
  if (capabilities.length > 0) await monitor.execute('migrate-set-capabilities', { capabilities });
}

/** What a migration changes and a next one, or a save, would inherit. */
const restoredParameters: readonly (keyof MigrationParameters)[] = [
  'max-bandwidth', 'downtime-limit', 'max-postcopy-bandwidth', 'cpu-throttle-initial', 'cpu-throttle-increment', 'max-cpu-throttle', 'multifd-channels', 'multifd-compression',
  'multifd-zlib-level', 'multifd-zstd-level', 'compress-level', 'compress-threads', 'decompress-threads', 'xbzrle-cache-size',
];

/** As it was before `applySetup`; TLS is off. Goes as far as it comes, and answers with what it could not do. */
export async function restoreSettings(monitor: WriteMonitor, before: MigrationSettings): Promise<VireoError | null> {
  const parameters = Object.fromEntries(restoredParameters.filter((name) => Object.hasOwn(before.parameters, name)).map((name) => [name, before.parameters[name]])) as MigrationParameters;
  const capabilities = Object.entries(before.capabilities) as [MigrationCapability, boolean][];
  const failed = (error: unknown): VireoError => asVireoError(error);
  const first = await setCapabilities(monitor, capabilities.filter(([name]) => name !== 'rdma-pin-all' && !name.startsWith('x-'))).then(() => null, failed);
  const second = await monitor.execute('migrate-set-parameters', { ...parameters, 'tls-creds': '', 'tls-hostname': '' }).then(() => null, failed);
  return first ?? second;
}
