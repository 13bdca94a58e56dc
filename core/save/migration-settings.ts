/**
 * What QEMU's migration is set to while a guest is saved: all speed, no capability that a file has no use for. What was
 * set before comes back afterwards, however the save ends: the next migration is to find what its user chose.
 */
import { z } from 'zod';
import type { WriteMonitor } from '../job/domain-run.ts';

/** libvirt's QEMU_DOMAIN_MIG_BANDWIDTH_MAX in bytes a second: what QEMU 7.2 limits nothing by. Its own default is 128 MiB/s. */
const unlimitedBytesPerSecond = (2 ** 43 - 1) * 2 ** 20;

export const migrationSettingsSchema = z.object({
  /** Those that were on. */
  capabilities: z.array(z.string()),
  maxBandwidth: z.number().nullable(),
  tlsCreds: z.string().nullable(),
  tlsHostname: z.string().nullable(),
});
export type MigrationSettings = z.infer<typeof migrationSettingsSchema>;

export async function readMigrationSettings(monitor: WriteMonitor): Promise<MigrationSettings> {
  const parameters = await monitor.query('query-migrate-parameters');
  const capabilities = await monitor.query('query-migrate-capabilities');
  return {
    capabilities: capabilities.filter(({ state }) => state).map(({ capability }) => capability),
    maxBandwidth: parameters['max-bandwidth'] ?? null,
    tlsCreds: parameters['tls-creds'] ?? null,
    tlsHostname: parameters['tls-hostname'] ?? null,
  };
}

/** QEMU tells of each change of its migration's state with this one. */
const wanted = 'events';

export async function setForSave(monitor: WriteMonitor, before: MigrationSettings): Promise<void> {
  await setCapabilities(monitor, before.capabilities, [wanted]);
  await monitor.execute('migrate-set-parameters', { 'max-bandwidth': unlimitedBytesPerSecond, ...(before.tlsCreds ? { 'tls-creds': '' } : {}) });
}

/** @throws what QEMU says; everything is tried before. */
export async function setAsBefore(monitor: WriteMonitor, before: MigrationSettings): Promise<void> {
  const { maxBandwidth, tlsCreds } = before;
  await monitor.execute('migrate-set-parameters', { ...(maxBandwidth === null ? {} : { 'max-bandwidth': maxBandwidth }), ...(tlsCreds ? { 'tls-creds': tlsCreds } : {}) });
  const now = await monitor.query('query-migrate-capabilities');
  await setCapabilities(monitor, now.filter(({ state }) => state).map(({ capability }) => capability), before.capabilities);
}

/** Only what differs is named: QEMU refuses some that it does not support even as off. */
async function setCapabilities(monitor: WriteMonitor, on: readonly string[], target: readonly string[]): Promise<void> {
  const changed = [
    ...on.filter((name) => !target.includes(name)).map((capability) => ({ capability, state: false })),
    ...target.filter((name) => !on.includes(name)).map((capability) => ({ capability, state: true })),
  ];
  if (changed.length > 0) await monitor.executeUnchecked('migrate-set-capabilities', { capabilities: changed });
}
