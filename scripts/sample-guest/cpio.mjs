/**
 * The initramfs archive (cpio, "newc" format, as in the kernel's Documentation/driver-api/early-userspace/buffer-format),
 * written here so that neither root (for device nodes) nor the cpio program is needed. Entries are sorted and carry no
 * time and no owner, so the same input gives the same bytes.
 */

const kinds = { folder: 0o040000, file: 0o100000, link: 0o120000, characterDevice: 0o020000 };

export class CpioArchive {
  /** @type {Map<string, { mode: number, content: Buffer, device: [number, number] }>} */
  #entries = new Map();

  /** @param {string} path @param {Uint8Array | string} content @param {number} mode permission bits */
  addFile(path, content, mode = 0o644) {
    this.#add(path, kinds.file | mode, Buffer.from(content));
  }

  addLink(path, target) {
    this.#add(path, kinds.link | 0o777, Buffer.from(target));
  }

  addFolder(path, mode = 0o755) {
    this.#add(path, kinds.folder | mode, Buffer.alloc(0));
  }

  addCharacterDevice(path, major, minor, mode = 0o600) {
    this.#add(path, kinds.characterDevice | mode, Buffer.alloc(0), [major, minor]);
  }

  has(path) {
    return this.#entries.has(normal(path));
  }

  /** The archive, padded to whole blocks of 512 bytes. @returns {Buffer} */
  toBuffer() {
    const parts = [];
    let inode = 1;
    // Sorting puts every folder before what lies in it: the kernel creates entries in the order in which they come.
    for (const [path, entry] of [...this.#entries].sort(([a], [b]) => (a < b ? -1 : 1))) parts.push(...record(path, entry, inode++));
    parts.push(...record('TRAILER!!!', { mode: 0, content: Buffer.alloc(0), device: [0, 0] }, 0));
    const whole = Buffer.concat(parts);
    return Buffer.concat([whole, Buffer.alloc(padding(whole.length, 512))]);
  }

  #add(path, mode, content, device = [0, 0]) {
    const name = normal(path);
    const parent = name.slice(0, Math.max(0, name.lastIndexOf('/')));
    if (parent && !this.#entries.has(parent)) this.addFolder(parent);
    this.#entries.set(name, { mode, content, device });
  }
}

const normal = (path) => path.replace(/^\/+/, '');
const padding = (length, block) => (block - (length % block)) % block;

function record(name, { mode, content, device }, inode) {
  const nameBytes = Buffer.from(`${name}\0`);
  const links = (mode & 0o170000) === kinds.folder ? 2 : 1;
  const fields = [inode, mode, 0, 0, links, 0, content.length, 0, 0, device[0], device[1], nameBytes.length, 0];
  const header = Buffer.from(`070701${fields.map((field) => field.toString(16).toUpperCase().padStart(8, '0')).join('')}`);
  return [
    header,
    nameBytes,
    Buffer.alloc(padding(header.length + nameBytes.length, 4)),
    content,
    Buffer.alloc(padding(content.length, 4)),
  ];
}
