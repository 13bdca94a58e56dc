/**
 * The sample guest: a small real Linux that anybody can start, and the guest of the project's own tests. Built once per
 * builder and kept in the cache:
 *
 *   <cache>/sample-guest/<kernel version>-<builder>/manifest.json, kernel, initrd, licences/
 *
 * A domain's definition names these files, so an image that is there is never changed or removed by a newer one.
 * core/storage/sample-guest.ts reads the same manifest at run time.
 */
import { createHash } from 'node:crypto';
import { chmod, copyFile, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { cacheFolders, makeCacheFolder } from '../setup/cache-folder.mjs';
import { isMainScript, runScript, SetupProblem } from '../setup/project.mjs';
import { outcomeOf } from '../setup/run-command.mjs';
import { buildInitrd, findKernelImage } from './initrd.mjs';
import { fetchPackages } from './packages.mjs';

const builderFolder = path.dirname(fileURLToPath(import.meta.url));
const manifestFormat = 1;

/**
 * The image of this builder, built where `build` allows it and it is missing.
 * @param {{ build: boolean }} options
 * @returns {Promise<{ kernel: string, initrd: string, manifest: object } | { missing: string }>}
 */
export async function sampleGuest({ build }) {
  const builder = await builderDigest();
  const found = await findImage(builder);
  if (found) return found;
  if (!build) return { missing: 'it has not been built; `node scripts/sample-guest/build.mjs` does it' };
  try {
    await buildImage(builder);
  } catch (error) {
    if (error instanceof SetupProblem) return { missing: [error.message, ...error.advice.slice(-1)].join(': ') };
    throw error;
  }
  return (await findImage(builder)) ?? { missing: 'it was built but is not in the cache' };
}

async function findImage(builder) {
  for (const cache of cacheFolders()) {
    const images = path.join(cache, 'sample-guest');
    const keys = (await readdir(images).catch(() => [])).filter((key) => key.endsWith(`-${builder}`)).sort();
    for (const key of keys.reverse()) {
      const folder = path.join(images, key);
      const manifest = await readFile(path.join(folder, 'manifest.json'), 'utf8').then(JSON.parse).catch(() => null);
      if (manifest?.arch === process.arch) return { kernel: path.join(folder, 'kernel'), initrd: path.join(folder, 'initrd'), manifest };
    }
  }
  return null;
}

async function buildImage(builder) {
  const images = await makeCacheFolder('sample-guest');
  const work = await mkdtemp(path.join(images, '.building-'));
  try {
    const packages = await fetchPackages(work);
    const kernelImage = await findKernelImage(packages);
    // The distribution's packed kernel and a packed initrd: an uncompressed kernel started by PVH saves 0.2 s of 3 s
    // under TCG (QEMU 7.2) and takes 63 MB instead of 19.
    const kernel = await readFile(kernelImage.file);
    const { initrd: archive, usedPackages } = await buildInitrd(packages, xzReader(packages));
    const initrd = gzipSync(archive, { level: 9 });
    usedPackages.add(kernelImage.package);
    const image = path.join(work, 'image');
    await mkdir(path.join(image, 'licences'), { recursive: true });
    const used = packages.filter(({ name }) => usedPackages.has(name) || name.startsWith('linux-'));
    await writeFile(path.join(image, 'kernel'), kernel);
    await writeFile(path.join(image, 'initrd'), initrd);
    await writeLicences(path.join(image, 'licences'), used);
    const manifest = {
      format: manifestFormat,
      builder,
      arch: process.arch,
      builtAt: new Date().toISOString(),
      version: kernelImage.version,
      files: { kernel: digest(kernel), initrd: digest(initrd) },
      packages: used.map(({ name, version }) => ({ name, version, licence: `licences/${name}` })),
    };
    await writeFile(path.join(image, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`);
    await chmod(image, 0o755);
    await moveIntoPlace(image, path.join(images, `${kernelImage.version}-${builder}`));
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** Another run may have been quicker: then its image, made by the same builder, is the one. */
async function moveIntoPlace(image, target) {
  await rename(image, target).catch(async (error) => {
    if (!(await stat(target).catch(() => null))) throw error;
  });
}

/** The packages' own copyright files, as the GPL of kernel and busybox asks, and where the sources are. */
async function writeLicences(folder, packages) {
  for (const { name, folder: unpacked } of packages) {
    await copyFile(path.join(unpacked, 'usr/share/doc', name, 'copyright'), path.join(folder, name)).catch(() => {});
  }
  const sources = packages.map(({ name, version }) => `apt-get source ${name}=${version}`);
  const text = ['The sources of the programs in this image come from the distribution that the packages came from:', '', ...sources, ''];
  await writeFile(path.join(folder, 'SOURCES'), text.join('\n'));
}

/** busybox is among the packages and reads xz, so nothing needs to be on the host for it. */
function xzReader(packages) {
  const busybox = packages.find(({ name }) => name === 'busybox-static');
  return async (packed) => {
    const folder = await mkdtemp(path.join(path.dirname(busybox.folder), 'xz-'));
    const file = path.join(folder, 'file');
    await writeFile(`${file}.xz`, packed);
    for (const program of ['bin/busybox', 'usr/bin/busybox']) {
      await outcomeOf(path.join(busybox.folder, program), ['unxz', `${file}.xz`], { timeoutMs: 60_000 }).catch(() => null);
    }
    return readFile(file).catch(() => null);
  };
}

const digest = (bytes) => ({ bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') });

/** Eight hexadecimal digits that change with anything that the image is made by. */
async function builderDigest() {
  const hash = createHash('sha256').update(`${manifestFormat}`);
  const entries = await readdir(builderFolder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && !entry.name.endsWith('.test.mjs'));
  for (const file of files.map((entry) => path.join(entry.parentPath ?? entry.path, entry.name)).sort()) {
    hash.update(`${path.relative(builderFolder, file)}\0`).update(await readFile(file));
  }
  return hash.digest('hex').slice(0, 8);
}

if (isMainScript(import.meta.url)) {
  await runScript(async () => {
    const image = await sampleGuest({ build: true });
    if ('missing' in image) throw new SetupProblem(`no sample guest: ${image.missing}`);
    console.log(`${image.kernel}\n${image.initrd}`);
  });
}
