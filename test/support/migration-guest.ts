/** A guest that changes its memory without end, and a migration of it that a slow link keeps from ending. */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { MigrationOptionsInput } from '../../core/migration/migration-options.ts';
import { defineBootGuest, lookup } from './boot-guest.ts';
import { dirtySectorImage } from './dirty-sector.ts';
import { LedMigration, type MigrationHosts, migrationOptions } from './migration-hosts.ts';
import type { TestHost } from './open-test-host.ts';

export interface KnownGuest {
  readonly uuid: string;
  readonly name: string;
}

/** Resolves when it has said that it went through its memory once. */
export async function startDirtyGuest(host: TestHost, { name = 'boot' }: { readonly name?: string } = {}): Promise<KnownGuest> {
  const disk = path.join(host.home, `${name}-dirty.raw`);
  await writeFile(disk, dirtySectorImage());
  await defineBootGuest(host, { name, disk, memoryMiB: 48 });
  await host.client.call('domainCreate', { domain: name });
  await until(async () => (await saidBytes(host, name)) > 0);
  return await lookup(host, name);
}

/** How much the guest's console has said on this host. */
export async function saidBytes(host: TestHost, domain = 'boot'): Promise<number> {
  return (await lookup(host, domain)).consoles[0]?.position ?? 0;
}

/** The guest goes on saying something. */
export async function goesOn(host: TestHost, domain = 'boot'): Promise<void> {
  const before = await saidBytes(host, domain);
  await until(async () => (await saidBytes(host, domain)) > before);
}

export async function until(holds: () => Promise<boolean>, timeoutMs = 40_000): Promise<void> {
  for (const endMs = Date.now() + timeoutMs; !(await holds()); ) {
    if (Date.now() > endMs) throw new Error('it does not come to that');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Perform is under way, and some memory has gone over, when this resolves; `performing` resolves with what it failed with. */
export async function beginSlowly({ source, destination }: MigrationHosts, of: KnownGuest, options: MigrationOptionsInput = {}): Promise<{ readonly led: LedMigration; readonly performing: Promise<Error | null> }> {
  const led = new LedMigration(source.client, destination.client, { uuid: of.uuid, name: of.name, options: migrationOptions({ bandwidthMiBps: 2, changeProtection: true, ...options }) });
  await led.begin();
  await led.prepare();
  const performing = led.perform().then(() => null, (error: unknown) => error as Error);
  const under = { over: false };
  void performing.then(() => (under.over = true));
  await until(async () => {
    if (under.over) throw (await performing) ?? new Error('the migration was faster than its link');
    return ((await source.client.call('domainGetJobStats', { domain: of.uuid })).statistics?.memory.processedBytes ?? 0) > 100_000;
  });
  return { led, performing };
}

/** The next test finds both hosts empty. */
export async function forgetGuests({ source, destination }: MigrationHosts): Promise<void> {
  for (const { client } of [source, destination]) {
    for (const { uuid: domain } of (await client.call('connectListAllDomains', {})).domains) {
      await client.call('domainDestroy', { domain }).catch(() => {}); // it is shut off
      await client.call('domainUndefine', { domain }).catch(() => {}); // it went with its run
    }
  }
}
