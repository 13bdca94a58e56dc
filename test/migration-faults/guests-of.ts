/** The QEMUs of a host's guests, known by their run folder: a guest that moved here may have its disks in the other host's. */
import { readFile, readdir } from 'node:fs/promises';

export async function guestsOf(home: string): Promise<readonly number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const matching = await Promise.all(pids.map(async (pid) => {
    const argv = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    return /^[^\0]*qemu-system/.test(argv) && argv.includes(`${home}/run/`) ? pid : null;
  }));
  return matching.filter((pid) => pid !== null);
}
