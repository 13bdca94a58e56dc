/**
 * Puts the sample guest's root file system together: the files under rootfs/, busybox under all its names, the kernel
 * modules of virtual machines in loading order, and the guest agent with exactly the libraries that it needs.
 */
import { readdir, readFile, realpath } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { SetupProblem } from '../setup/project.mjs';
import { run } from '../setup/run-command.mjs';
import { CpioArchive } from './cpio.mjs';
import { isElf, linkage, moduleDependencies } from './elf.mjs';

const rootfsFolder = fileURLToPath(new URL('rootfs', import.meta.url));

/**
 * Kernel modules in loading order: those that a login prompt waits for, and those that /init loads behind it. A kernel
 * that has one built in, or does without, simply lacks the file.
 */
const firstModules = ['virtio_pci', 'virtio_console', 'virtio_blk', 'virtio_net', 'button', 'evdev'];
const laterModules = [
  'virtio_balloon', 'virtio_rng', 'virtio_input', 'virtio_scsi', 'sd_mod', 'ahci', 'ata_piix', 'sr_mod', 'isofs', 'virtio_mem', 'virtiofs',
  '9pnet_virtio', '9p', 'e1000', 'e1000e', 'rtl8139', 'xhci_pci', 'ehci_pci', 'uhci_hcd', 'usb_storage', 'usbhid', 'hid_generic', 'psmouse',
  'i6300esb', 'iTCO_wdt', 'pvpanic_pci', 'qemu_fw_cfg', 'vmw_vsock_virtio_transport',
]; // prettier-ignore

/**
 * @param {readonly import('./packages.mjs').UnpackedPackage[]} packages
 * @param {(packed: Buffer) => Promise<Buffer | null>} unpackXz
 * @returns {Promise<{ initrd: Buffer, usedPackages: Set<string> }>} the archive, and whose files are in it
 */
export async function buildInitrd(packages, unpackXz) {
  const archive = new CpioArchive();
  const usedPackages = new Set();
  const use = (found) => {
    usedPackages.add(found.package);
    return found.file;
  };
  const files = await indexFiles(packages);
  for (const folder of ['bin', 'dev', 'lib/modules', 'proc', 'root', 'run', 'sbin', 'sys', 'tmp', 'var/run']) archive.addFolder(folder);
  archive.addCharacterDevice('dev/console', 5, 1);
  archive.addCharacterDevice('dev/null', 1, 3, 0o666);
  await addRootfs(archive, rootfsFolder);
  await addBusybox(archive, use(required(files, 'busybox', isProgram)));
  await addModules(archive, files, unpackXz);
  await addProgram(archive, files, use, required(files, 'qemu-ga', isProgram), 'sbin/qemu-ga');
  return { initrd: archive.toBuffer(), usedPackages };
}

/** Finds the kernel image among the packages. @param {readonly import('./packages.mjs').UnpackedPackage[]} packages */
export async function findKernelImage(packages) {
  for (const [name, [found]] of await indexFiles(packages)) {
    if (/^vmlinuz-\d/.test(name) && found) return { file: found.file, version: name.slice('vmlinuz-'.length), package: found.package };
  }
  throw new SetupProblem('the kernel package holds no vmlinuz');
}

const isProgram = (file) => /\/s?bin\/[^/]+$/.test(file);

/** Every regular file and link of the packages by its base name. */
async function indexFiles(packages) {
  /** @type {Map<string, { file: string, package: string }[]>} */
  const index = new Map();
  for (const { name, folder } of packages) {
    for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
      if (entry.isDirectory()) continue;
      const found = { file: path.join(entry.parentPath ?? entry.path, entry.name), package: name };
      index.set(entry.name, [...(index.get(entry.name) ?? []), found]);
    }
  }
  return index;
}

function required(files, name, accepts) {
  const found = files.get(name)?.find(({ file }) => accepts(file));
  if (!found) throw new SetupProblem(`none of the sample guest's packages holds ${name}`);
  return found;
}

async function addRootfs(archive, folder) {
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = path.join(entry.parentPath ?? entry.path, entry.name);
    const content = await readFile(file);
    archive.addFile(path.relative(folder, file).split(path.sep).join('/'), content, content[0] === 0x23 && content[1] === 0x21 ? 0o755 : 0o644);
  }
}

async function addBusybox(archive, file) {
  archive.addFile('bin/busybox', await readFile(file), 0o755);
  const applets = (await run(file, ['--list'], { timeoutMs: 10_000 })).split('\n').filter(Boolean);
  const ownFolder = new Set(['init', 'getty', 'poweroff', 'reboot', 'halt', 'insmod', 'mke2fs', 'hwclock']);
  for (const applet of applets) {
    const link = ownFolder.has(applet) ? `sbin/${applet}` : `bin/${applet}`;
    if (!archive.has(link)) archive.addLink(link, '/bin/busybox');
  }
}

async function addModules(archive, files, unpackXz) {
  const names = new Map();
  for (const [fileName, [found]] of files) {
    const match = /^(.+)\.ko(\.xz)?$/.exec(fileName);
    if (match && found) names.set(moduleName(match[1]), found.file);
  }
  const loaded = new Set();
  const add = async (name, order) => {
    const file = names.get(name);
    if (!file || loaded.has(name)) return;
    loaded.add(name);
    const packed = await readFile(file);
    const content = file.endsWith('.xz') ? await unpackXz(packed) : packed;
    if (!content) return;
    for (const dependency of moduleDependencies(content)) await add(moduleName(dependency), order);
    archive.addFile(`lib/modules/${name}.ko`, content);
    order.push(name);
  };
  for (const [list, wanted] of Object.entries({ 'load-first': firstModules, 'load-later': laterModules })) {
    const order = [];
    for (const name of wanted) await add(name, order);
    archive.addFile(`lib/modules/${list}`, order.map((name) => `${name}\n`).join(''));
  }
}

const moduleName = (name) => name.replaceAll('-', '_');

/** Adds a program with its loader and, library by library, what each of them names as needed. */
async function addProgram(archive, files, use, program, target) {
  const bytes = await readFile(use(program));
  archive.addFile(target, bytes, 0o755);
  const { interpreter, needed } = linkage(bytes);
  const queue = [...needed];
  if (interpreter) {
    const loader = required(files, path.posix.basename(interpreter), () => true);
    archive.addFile(interpreter, await readFile(await realpath(use(loader))), 0o755);
  }
  for (let name = queue.shift(); name; name = queue.shift()) {
    const library = required(files, name, () => true);
    const content = await readFile(await realpath(use(library)));
    if (!isElf(content)) throw new SetupProblem(`${library.file} is no library for this machine`);
    const home = `lib/${path.basename(path.dirname(library.file))}/${name}`;
    if (archive.has(home)) continue;
    archive.addFile(home, content, 0o755);
    queue.push(...linkage(content).needed);
  }
}
