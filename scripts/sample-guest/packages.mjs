/**
 * The distribution's packages for the sample guest, by apt: which there are, fetched and unpacked without root and
 * without installing any of them.
 */
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { isRoot, SetupProblem } from '../setup/project.mjs';
import { findProgram, outcomeOf, run } from '../setup/run-command.mjs';

const queryLimitMs = 30_000;
const downloadLimitMs = 300_000;

/** Kernels made for virtual machines first: they are a third of the size. Debian's names, then Ubuntu's. */
const kernelPackages = ['linux-image-cloud-amd64', 'linux-image-cloud-arm64', 'linux-image-virtual', 'linux-image-amd64', 'linux-image-generic'];
const toolPackages = ['busybox-static', 'qemu-guest-agent'];

/** @typedef {{ name: string, version: string, folder: string }} UnpackedPackage */

/**
 * Fetches what the guest is made of: kernel, busybox, guest agent and the libraries it may need, each in its own folder.
 * @param {string} workFolder @returns {Promise<UnpackedPackage[]>}
 */
export async function fetchPackages(workFolder) {
  for (const program of ['apt-get', 'apt-cache', 'dpkg-deb']) {
    if (!(await findProgram(program))) {
      throw new SetupProblem(`the sample guest is made of Debian or Ubuntu packages, and ${program} is not on this system`);
    }
  }
  const options = await withPackageLists(workFolder);
  try {
    return await fetchWith(options, workFolder);
  } catch (error) {
    if (!(error instanceof SetupProblem)) throw error;
    // Lists that are older than the mirror name versions that it has no more: once more with fresh ones.
    return fetchWith(await freshPackageLists(workFolder), workFolder);
  }
}

async function fetchWith(options, workFolder) {
  const [kernel, libraries] = await Promise.all([kernelClosure(options), agentLibraries(options)]);
  const names = [...kernel, ...toolPackages, ...libraries];
  const downloads = await mkdtemp(path.join(workFolder, 'download-'));
  await run('apt-get', [...options, ...(isRoot ? ['-o', 'APT::Sandbox::User=root'] : []), 'download', ...names], {
    cwd: downloads,
    timeoutMs: downloadLimitMs,
  });
  const unpacked = await Promise.all(
    (await readdir(downloads)).map(async (file) => {
      const [name, version] = file.split('_').map((part) => decodeURIComponent(part));
      const folder = path.join(workFolder, 'packages', name);
      await mkdir(folder, { recursive: true });
      await run('dpkg-deb', ['-x', path.join(downloads, file), folder], { timeoutMs: downloadLimitMs });
      return { name, version, folder };
    }),
  );
  await rm(downloads, { recursive: true });
  return unpacked;
}

/** The host's package lists where it has them; otherwise made, for root the host's, for others private ones. */
async function withPackageLists(workFolder) {
  const known = await outcomeOf('apt-cache', ['show', '--no-all-versions', ...toolPackages], { timeoutMs: queryLimitMs });
  return known.code === 0 ? [] : freshPackageLists(workFolder);
}

async function freshPackageLists(workFolder) {
  const options = isRoot ? [] : await privateAptState(workFolder);
  await run('apt-get', [...options, '-o', 'Acquire::Retries=2', 'update'], { timeoutMs: downloadLimitMs });
  return options;
}

async function privateAptState(workFolder) {
  const state = path.join(workFolder, 'apt');
  await mkdir(path.join(state, 'lists', 'partial'), { recursive: true });
  await mkdir(path.join(state, 'cache', 'archives', 'partial'), { recursive: true });
  return ['-o', `Dir::State::Lists=${path.join(state, 'lists')}`, '-o', `Dir::Cache=${path.join(state, 'cache')}`];
}

/** The kernel that the distribution's meta package stands for, with its modules where they are a package of their own. */
async function kernelClosure(options) {
  for (const meta of kernelPackages) {
    const known = await outcomeOf('apt-cache', [...options, 'show', '--no-all-versions', meta], { timeoutMs: queryLimitMs });
    if (known.code !== 0) continue;
    const [image] = await dependencies(options, [meta], /^linux-image-\d/);
    if (!image) continue;
    return [image, ...(await dependencies(options, [image], /^linux-modules-\d/))];
  }
  throw new SetupProblem(`this system's package lists have none of ${kernelPackages.join(', ')}`);
}

async function agentLibraries(options) {
  return dependencies([...options, '-o', 'APT::Cache::RecurseDepends=true'], ['qemu-guest-agent'], /^(?!libperl)(lib|zlib).*(?<!-perl)$/);
}

async function dependencies(options, names, pattern) {
  const kinds = ['recommends', 'suggests', 'conflicts', 'breaks', 'replaces', 'enhances'].map((kind) => `--no-${kind}`);
  const output = await run('apt-cache', [...options, 'depends', ...kinds, ...names], { timeoutMs: queryLimitMs });
  const found = output.split('\n').map((line) => line.trim().replace(/^\|?(Pre-)?Depends: /, ''));
  return [...new Set(found.filter((name) => pattern.test(name)))];
}
