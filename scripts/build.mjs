/**
 * `npm run build`: builds the app and the command into dist/, all targets at once, and nothing when nothing changed.
 * Dependencies must be there (scripts/setup).
 */
import { mkdir, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { noticesFile, writeNotices } from './build/notices.mjs';
import { inputDigest, isFresh, stampFile } from './build/staleness.mjs';
import { bundledPackages, targets } from './build/targets.mjs';
import { isMainScript, projectRoot, runScript, SetupProblem } from './setup/project.mjs';
import { step } from './setup/step.mjs';

/** Brings dist/ up to date; answers whether there was something to do. @param {{ force?: boolean }} [options] */
export async function buildIfStale({ force = false } = {}) {
  const digest = await inputDigest();
  if (!force && (await isFresh(digest, [...targets.flatMap((target) => target.outputs), noticesFile]))) return false;
  await step('build', async () => {
    await checkEntries();
    await rm(stampFile, { force: true });
    await rm(path.join(projectRoot, 'dist', 'renderer'), { recursive: true, force: true }); // its file names carry digests
    const { build } = await import('vite');
    const results = await Promise.allSettled(targets.map(async (target) => build(await target.config())));
    const failed = results.flatMap((result, index) => (result.status === 'rejected' ? [{ target: targets[index], reason: result.reason }] : []));
    if (failed.length > 0) {
      throw new SetupProblem(`the build of ${failed.map(({ target }) => target.name).join(', ')} failed`, failed.flatMap(({ reason }) => describe(reason)));
    }
    await writeNotices(bundledPackages);
    await mkdir(path.dirname(stampFile), { recursive: true });
    await writeFile(stampFile, `${digest}\n`);
  });
  return true;
}

async function checkEntries() {
  const missing = [];
  for (const entry of targets.flatMap((target) => target.entries)) {
    if (!(await stat(path.join(projectRoot, entry)).catch(() => null))) missing.push(entry);
  }
  if (missing.length > 0) throw new SetupProblem('sources of the app are missing; is the checkout whole?', missing);
}

function describe(reason) {
  return String(reason?.message ?? reason).split('\n').slice(0, 40);
}

if (isMainScript(import.meta.url)) {
  await runScript(async () => {
    if (!(await buildIfStale({ force: process.argv.includes('--force') }))) console.log('dist/ is up to date');
  });
}
