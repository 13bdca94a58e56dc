/**
 * Capabilities by binary, probed once for each state of the file and kept on disk under a key of that state. Nothing is
 * deleted when a binary changes: a domain that still runs the old one finds its capabilities by key, also after the
 * driver was restarted.
 */
import { createHash } from 'node:crypto';
import { readdir, realpath, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { makePrivateFolder, readTextIfThere, writeAtomic } from '../base/atomic-file.ts';
import type { Clock } from '../base/clock.ts';
import { isSystemError, VireoError } from '../base/errors.ts';
import { abortable } from '../base/lifetime.ts';
import type { Log } from '../base/log.ts';
import type { ProbedCapabilities } from './probe.ts';
import type { QemuCapabilities } from './qemu-capabilities.ts';
import { formatCapabilities, parseCapabilities } from './stored-capabilities.ts';

/** A binary that could not be probed is not tried again before this: lists of domains ask often. */
const failureKeptMs = 10_000;

export interface CapabilitiesCacheOptions {
  /** Where the files are; made when needed. */
  readonly folder: string;
  /** Asks a binary, given by its real path; one probe serves all who ask meanwhile, so nobody's abort stops it. */
  readonly probe: (binary: string) => Promise<ProbedCapabilities>;
  readonly clock: Clock;
  readonly log: Log;
}

interface Entry {
  readonly capabilities: Promise<QemuCapabilities>;
  /** When a failed probe is to be forgotten; null while it runs and after it succeeded. */
  failedUntilMs: number | null;
}

export class CapabilitiesCache {
  readonly #options: CapabilitiesCacheOptions;
  readonly #entries = new Map<string, Entry>();

  constructor(options: CapabilitiesCacheOptions) {
    this.#options = options;
  }

  /**
   * What this binary can do, as it is now on disk; the same object for everybody until the file changes. Throws
   * SYSTEM_ERROR where there is no such file, what the probe throws, or the signal's reason.
   */
  async get(binary: string, signal?: AbortSignal): Promise<QemuCapabilities> {
    const { realPath, key } = await identifyBinary(binary);
    const entry = this.#current(key) ?? this.#begin(key, realPath);
    return signal ? abortable(entry.capabilities, signal) : entry.capabilities;
  }

  /** The capabilities that a domain was started with; null where nobody kept them or the file is damaged. */
  async byKey(key: string): Promise<QemuCapabilities | null> {
    const entry = this.#entries.get(key);
    if (entry) return entry.capabilities.catch(() => null);
    const capabilities = await this.#read(key);
    // Another call may have been faster: the first one is what all share.
    if (capabilities && !this.#entries.has(key)) this.#entries.set(key, { capabilities: Promise.resolve(capabilities), failedUntilMs: null });
    return (await this.#entries.get(key)?.capabilities) ?? capabilities;
  }

  /** Deletes what belongs neither to a key in use nor to a binary that was asked for since the start. */
  async prune(inUse: ReadonlySet<string>): Promise<void> {
    const files = await readdir(this.#options.folder).catch(() => []);
    for (const file of files) {
      const key = path.basename(file, '.json');
      if (isKey(key) && !inUse.has(key) && !this.#entries.has(key)) await rm(this.#file(key), { force: true });
    }
  }

  #current(key: string): Entry | null {
    const entry = this.#entries.get(key);
    if (!entry || (entry.failedUntilMs !== null && this.#options.clock.now() >= entry.failedUntilMs)) return null;
    return entry;
  }

  #begin(key: string, binary: string): Entry {
    const entry: Entry = { capabilities: this.#load(key, binary), failedUntilMs: null };
    this.#entries.set(key, entry);
    entry.capabilities.catch(() => (entry.failedUntilMs = this.#options.clock.now() + failureKeptMs));
    return entry;
  }

  async #load(key: string, binary: string): Promise<QemuCapabilities> {
    const kept = await this.#read(key);
    if (kept) return kept;
    const capabilities = { key, binary, ...(await this.#options.probe(binary)) };
    try {
      await makePrivateFolder(this.#options.folder);
      await writeAtomic(this.#file(key), formatCapabilities(capabilities));
    } catch (error) {
      this.#options.log.write('warning', 'the capabilities of QEMU could not be kept', { binary, error: String(error) });
    }
    return capabilities;
  }

  async #read(key: string): Promise<QemuCapabilities | null> {
    if (!isKey(key)) return null;
    const text = await readTextIfThere(this.#file(key)).catch((error: unknown) => String(error));
    if (text === null) return null;
    const capabilities = parseCapabilities(text, key);
    if (!capabilities) this.#options.log.write('warning', 'a file of QEMU capabilities is damaged', { file: this.#file(key) });
    return capabilities;
  }

  #file(key: string): string {
    return path.join(this.#options.folder, `${key}.json`);
  }
}

/** The file behind a path and the key of its present state. */
async function identifyBinary(binary: string): Promise<{ realPath: string; key: string }> {
  try {
    const realPath = await realpath(binary);
    const { mtimeNs, size } = await stat(realPath, { bigint: true });
    const key = createHash('sha256').update(`${realPath}\0${mtimeNs}\0${size}`).digest('hex').slice(0, 24);
    return { realPath, key };
  } catch (error) {
    const errno = isSystemError(error) ? error.code : undefined;
    throw new VireoError('SYSTEM_ERROR', `Cannot check QEMU binary ${binary}`, { cause: error, details: { binary, errno } });
  }
}

/** Keys come from state files too: they must not lead out of the folder. */
function isKey(key: string): boolean {
  return /^[0-9a-f]{24}$/.test(key);
}
