/**
 * What Vireo needs from the system beside Node: QEMU, the libraries that Electron links, the tests' tools. Each need says
 * how to see that it is met and what provides it under each package manager. Debian and Ubuntu as root: installed.
 * Anywhere else, and for anybody else: the one command to type, and the end.
 */
import { access, readFile } from 'node:fs/promises';
import { isRoot, SetupProblem } from './project.mjs';
import { findProgram, outcomeOf, run } from './run-command.mjs';
import { say, step } from './step.mjs';

const installLimitMs = 900_000;
const aptOptions = ['-o', 'DPkg::Lock::Timeout=120', '-o', 'Acquire::Retries=2'];

const qemuArch = { x64: 'x86_64', arm64: 'aarch64' }[process.arch] ?? process.arch;
const aptQemu = { x64: 'qemu-system-x86', arm64: 'qemu-system-arm' }[process.arch] ?? 'qemu-system-misc';

/**
 * @typedef {'apt' | 'dnf' | 'pacman' | 'zypper' | 'brew' | 'winget'} PackageManager
 * @typedef {{ program?: string, library?: string, file?: string, from: Partial<Record<PackageManager, string>> }} Need
 */

/** @type {readonly Need[]} */
export const qemuNeeds = [
  {
    program: `qemu-system-${qemuArch}`,
    from: { apt: aptQemu, dnf: 'qemu-kvm', pacman: 'qemu-base', zypper: 'qemu', brew: 'qemu', winget: 'SoftwareFreedomConservancy.QEMU' },
  },
  {
    program: 'qemu-img',
    from: { apt: 'qemu-utils', dnf: 'qemu-img', pacman: 'qemu-img', zypper: 'qemu-tools', brew: 'qemu', winget: 'SoftwareFreedomConservancy.QEMU' },
  },
];

/** Linux only: elsewhere Electron brings all it links. @type {readonly Need[]} */
export const electronNeeds = process.platform !== 'linux' ? [] : [
  { library: 'libnss3.so', from: { apt: 'libnss3', dnf: 'nss', pacman: 'nss', zypper: 'mozilla-nss' } },
  { library: 'libgtk-3.so.0', from: { apt: 'libgtk-3-0', dnf: 'gtk3', pacman: 'gtk3', zypper: 'libgtk-3-0' } },
  { library: 'libasound.so.2', from: { apt: 'libasound2', dnf: 'alsa-lib', pacman: 'alsa-lib', zypper: 'libasound2' } },
  { library: 'libgbm.so.1', from: { apt: 'libgbm1', dnf: 'mesa-libgbm', pacman: 'mesa', zypper: 'libgbm1' } },
  { library: 'libXss.so.1', from: { apt: 'libxss1', dnf: 'libXScrnSaver', pacman: 'libxss', zypper: 'libXss1' } },
  { library: 'libatk-bridge-2.0.so.0', from: { apt: 'libatk-bridge2.0-0', dnf: 'at-spi2-atk', pacman: 'at-spi2-core', zypper: 'libatk-bridge-2_0-0' } },
]; // prettier-ignore

/** @type {readonly Need[]} */
export const testNeeds = process.platform !== 'linux' ? [] : [
  { program: 'Xvfb', from: { apt: 'xvfb', dnf: 'xorg-x11-server-Xvfb', pacman: 'xorg-server-xvfb', zypper: 'xorg-x11-server-Xvfb' } },
  { program: 'xauth', from: { apt: 'xauth', dnf: 'xorg-x11-xauth', pacman: 'xorg-xauth', zypper: 'xauth' } },
  { program: 'dbus-run-session', from: { apt: 'dbus', dnf: 'dbus-daemon', pacman: 'dbus', zypper: 'dbus-1' } },
  { program: 'g++', from: { apt: 'g++', dnf: 'gcc-c++', pacman: 'gcc', zypper: 'gcc-c++' } },
  { program: 'make', from: { apt: 'make', dnf: 'make', pacman: 'make', zypper: 'make' } },
  { program: 'python3', from: { apt: 'python3', dnf: 'python3', pacman: 'python', zypper: 'python3' } },
]; // prettier-ignore

/** Some tests run only where these are, and say so where they are not. @type {readonly Need[]} */
export const furtherTestNeeds = process.platform !== 'linux' ? [] : [
  { program: 'swtpm', from: { apt: 'swtpm', dnf: 'swtpm', pacman: 'swtpm', zypper: 'swtpm' } },
  { program: 'passt', from: { apt: 'passt', dnf: 'passt', pacman: 'passt', zypper: 'passt' } },
  { program: 'minicom', from: { apt: 'minicom', dnf: 'minicom', pacman: 'minicom', zypper: 'minicom' } },
  { program: 'xmllint', from: { apt: 'libxml2-utils', dnf: 'libxml2', pacman: 'libxml2', zypper: 'libxml2-tools' } },
  { program: 'isoinfo', from: { apt: 'genisoimage', dnf: 'genisoimage', pacman: 'cdrtools', zypper: 'mkisofs' } },
  { file: '/usr/share/qemu/firmware/60-edk2-x86_64.json', from: { apt: 'ovmf' } },
  { file: '/usr/share/libvirt/schemas/domain.rng', from: { apt: 'libvirt0', dnf: 'libvirt-libs', pacman: 'libvirt' } },
  { program: 'qemu-system-aarch64', from: { apt: 'qemu-system-arm', dnf: 'qemu-system-aarch64', pacman: 'qemu-system-aarch64' } },
  { program: 'qemu-system-ppc64', from: { apt: 'qemu-system-ppc', dnf: 'qemu-system-ppc', pacman: 'qemu-system-ppc' } },
  { program: 'qemu-system-s390x', from: { apt: 'qemu-system-misc', dnf: 'qemu-system-s390x', pacman: 'qemu-system-s390x' } },
  { program: 'qemu-system-riscv64', from: { apt: 'qemu-system-misc', dnf: 'qemu-system-riscv', pacman: 'qemu-system-riscv' } },
]; // prettier-ignore

/**
 * Installs what can be installed of them; what cannot is told in one line and nothing more.
 * @param {readonly Need[]} needs
 */
export async function meetFurtherNeeds(needs) {
  const missing = await missingNeeds(needs);
  if (missing.length === 0) return;
  let left = missing;
  if ((await packageManager()) === 'apt' && isRoot) {
    const known = await Promise.all(missing.map((need) => isInstallable(need.from.apt ?? '')));
    await installWithApt(missing.filter((_, index) => known[index])).catch(() => {});
    left = await missingNeeds(missing);
  }
  if (left.length > 0) say('tests', `some are left out, because this machine lacks ${names(left)}`);
}

/** Sees to it that all needs are met, or throws a SetupProblem with the command that would. @param {readonly Need[]} needs */
export async function meetNeeds(needs) {
  const missing = await missingNeeds(needs);
  if (missing.length === 0) return;
  const manager = await packageManager();
  if (manager === 'apt' && isRoot) {
    await installWithApt(missing);
    const still = await missingNeeds(missing);
    if (still.length === 0) return;
    throw new SetupProblem(`installed all packages, but still missing: ${names(still)}`);
  }
  throw new SetupProblem(`this machine lacks ${names(missing)}`, await installAdvice(manager, missing));
}

/** @param {readonly Need[]} needs @returns {Promise<Need[]>} */
async function missingNeeds(needs) {
  const libraries = needs.some((need) => need.library) ? await linkableLibraries() : null;
  const met = await Promise.all(
    needs.map(async (need) => {
      if (need.file) return await access(need.file).then(() => true, () => false);
      return need.program ? (await findProgram(need.program)) !== null : libraries === null || libraries.has(need.library ?? '');
    }),
  );
  return needs.filter((_, index) => !met[index]);
}

/** The libraries that the loader knows; null where it cannot be asked (no glibc), which then counts as present. */
async function linkableLibraries() {
  for (const program of ['ldconfig', '/sbin/ldconfig']) {
    const outcome = await outcomeOf(program, ['-p'], { timeoutMs: 10_000 }).catch(() => null);
    if (outcome?.code === 0) return new Set(outcome.stdout.split('\n').map((line) => line.trim().split(' ')[0] ?? ''));
  }
  return null;
}

async function installWithApt(missing) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  await step('apt-get update', () => run('apt-get', [...aptOptions, 'update'], { env, timeoutMs: installLimitMs }));
  const packages = await aptNames(missing);
  await step(`apt-get install ${packages.join(' ')}`, () =>
    run('apt-get', [...aptOptions, 'install', '-y', '--no-install-recommends', ...packages], { env, timeoutMs: installLimitMs }),
  );
}

/** Debian 13 and Ubuntu 24.04 renamed libraries with 64-bit time to NAMEt64: the name that has a version here is it. */
async function aptNames(missing) {
  const packages = packageNames('apt', missing);
  return Promise.all(packages.map(async (name) => (name.startsWith('lib') && (await isInstallable(`${name}t64`)) ? `${name}t64` : name)));
}

async function isInstallable(name) {
  const outcome = await outcomeOf('apt-cache', ['policy', name], { timeoutMs: 30_000 }).catch(() => null);
  return /Candidate: (?!\(none\))\S/.test(outcome?.stdout ?? '');
}

/** @returns {Promise<PackageManager | null>} */
async function packageManager() {
  if (process.platform === 'darwin') return 'brew';
  if (process.platform === 'win32') return 'winget';
  const release = await readFile('/etc/os-release', 'utf8').catch(() => '');
  const value = (key) => new RegExp(`^${key}="?([^"\n]*)"?$`, 'm').exec(release)?.[1] ?? '';
  const family = `${value('ID')} ${value('ID_LIKE')}`.split(' ');
  const managers = { debian: 'apt', ubuntu: 'apt', fedora: 'dnf', rhel: 'dnf', centos: 'dnf', arch: 'pacman', suse: 'zypper', opensuse: 'zypper' };
  for (const name of family) if (managers[name]) return managers[name];
  return null;
}

async function installAdvice(manager, missing) {
  if (manager === null) return ['Install them with your package manager, then run the command again.'];
  const packages = manager === 'apt' ? await aptNames(missing) : packageNames(manager, missing);
  const install = {
    apt: 'apt-get install -y',
    dnf: 'dnf install -y',
    pacman: 'pacman -S --needed',
    zypper: 'zypper install -y',
    brew: 'brew install',
    winget: 'winget install',
  }[manager];
  const sudo = manager === 'brew' || manager === 'winget' || isRoot ? '' : 'sudo ';
  return ['Install them, then run the command again:', '', `${sudo}${install} ${packages.join(' ')}`];
}

const packageNames = (manager, needs) => [...new Set(needs.map((need) => need.from[manager]).filter(Boolean))];
const names = (needs) => needs.map((need) => need.program ?? need.library ?? need.file).join(', ');
