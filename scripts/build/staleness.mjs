/**
 * Whether dist/ still is what the sources would give: one digest over path, size and time of every file that goes in,
 * kept in dist/.stamp. A few hundred stats, some ten milliseconds.
 */
import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { projectRoot } from '../setup/project.mjs';

const inputs = ['core', 'electron', 'renderer', 'cli', 'assets', 'scripts/build', 'scripts/build.mjs', 'package.json', 'package-lock.json'];
export const stampFile = path.join(projectRoot, 'dist', '.stamp');

/** @returns {Promise<string>} */
export async function inputDigest() {
  const files = (await Promise.all(inputs.map(filesBelow))).flat().sort((a, b) => (a < b ? -1 : 1));
  const lines = await Promise.all(
    files.map(async (file) => {
      const { size, mtimeMs } = await stat(path.join(projectRoot, file));
      return `${file} ${size} ${mtimeMs}`;
    }),
  );
  return createHash('sha256').update(lines.join('\n')).digest('hex');
}

/** True where dist/ was built from exactly these inputs and no output is gone. */
export async function isFresh(digest, outputs) {
  if ((await readFile(stampFile, 'utf8').catch(() => '')).trim() !== digest) return false;
  const present = await Promise.all(outputs.map((output) => stat(path.join(projectRoot, output)).then(() => true, () => false)));
  return present.every(Boolean);
}

async function filesBelow(input) {
  const full = path.join(projectRoot, input);
  const own = await stat(full).catch(() => null);
  if (!own) return [];
  if (own.isFile()) return [input];
  const entries = await readdir(full, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && !/\.test\.tsx?$/.test(entry.name))
    .map((entry) => path.relative(projectRoot, path.join(entry.parentPath ?? entry.path, entry.name)));
}
