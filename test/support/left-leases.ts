/** What runs of a state folder have left among the disk leases of this computer: nothing, unless a test killed them. */
import { readFile, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { commonLeaseFolder } from '../../core/lock/lease-folder.ts';

/** The paths of records that name the folder as their host's. */
export async function leaseRecordsOf(home: string): Promise<readonly string[]> {
  const names = await readdir(commonLeaseFolder).catch(() => []);
  const records = names.filter((name) => name.endsWith('.json')).map((name) => path.join(commonLeaseFolder, name));
  const texts = await Promise.all(records.map((record) => readFile(record, 'utf8').catch(() => '')));
  return records.filter((_, at) => texts[at]?.includes(`"stateFolder":${JSON.stringify(home)}`));
}

/** For hosts whose guests were killed behind their backs; the lease files themselves are empty and free. */
export async function removeLeasesOf(home: string): Promise<void> {
  for (const record of await leaseRecordsOf(home)) {
    await rm(record, { force: true });
    await rm(record.replace(/\.[\da-f]+\.json$/, ''), { force: true });
  }
}
