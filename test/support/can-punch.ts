/** Whether this machine can give blocks of a file back: it has the program, and its temporary files lie where that works. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

export async function canPunchHoles(): Promise<boolean> {
  const folder = await mkdtemp('/tmp/vireo-');
  try {
    const file = path.join(folder, 'file');
    await writeFile(file, Buffer.alloc(131_072, 1));
    await promisify(execFile)('fallocate', ['--punch-hole', '--keep-size', '--offset', '0', '--length', '65536', file]);
    return true;
  } catch {
    return false;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
