/** Guests of another user that move: their images are theirs all the way, and whose they were before when the last one ends. Needs root. */
import { chmod, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { dirtySectorImage } from '../support/dirty-sector.ts';
import { defineBootGuest, lookup } from '../support/boot-guest.ts';
import { goesOn, saidBytes, until } from '../support/migration-guest.ts';
import { leftoversOf, migrationOptions, openMigrationHosts } from '../support/migration-hosts.ts';

const nobody = 65_534;

test.skipIf(process.geteuid?.() !== 0)('an image belongs to the guest\'s user until the guest has ended on the host that it moved to', async () => {
  const folder = await mkdtemp('/tmp/vireo-');
  try {
    await chmod(folder, 0o755);
    const disk = path.join(folder, 'disk.raw');
    await writeFile(disk, dirtySectorImage(), { mode: 0o600 });
    await using hosts = await openMigrationHosts();
    const { source, destination } = hosts;
    for (const host of [source, destination]) {
      await host.close();
      await writeFile(path.join(host.home, 'settings.json'), JSON.stringify({ user: `+${nobody}`, group: `+${nobody}`, ownersFolder: path.join(folder, 'owners') }));
      await host.open();
    }
    await defineBootGuest(source, { disk, memoryMiB: 32 });
    await source.client.call('domainCreate', { domain: 'boot' });
    await until(async () => (await saidBytes(source)) > 0);
    expect((await stat(disk)).uid).toBe(nobody);
    await source.client.call('domainMigrateToURI3', { domain: 'boot', uri: hosts.uriOf(destination), options: migrationOptions({ undefineSource: true, uri: null }) });
    expect(await leftoversOf(source)).toEqual([]);
    expect((await stat(disk)).uid).toBe(nobody);
    expect(await lookup(destination)).toMatchObject({ state: 'running' });
    await goesOn(destination);
    const { xml } = await destination.client.call('domainGetXMLDesc', { domain: 'boot' });
    expect(xml.match(/<seclabel/g)).toHaveLength(1);
    await destination.client.call('domainDestroy', { domain: 'boot' });
    expect((await stat(disk)).uid).toBe(0);
    expect(await leftoversOf(destination)).toEqual([]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}, 90_000);
