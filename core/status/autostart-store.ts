/**
 * Which domains are started with the machine's session, and whether that has been done since it began. A mark is a file
 * beside the persistent definition, because it means the domain and not one of its definitions; that it has been done is
 * a file of the state folder with the boot's name, so that a host which opens again does not start a guest that its user
 * has stopped.
 */
import { readdir, rename } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { removeDurably, writeAtomic } from '../base/atomic-file.ts';
import { VireoError, asVireoError, isSystemError } from '../base/errors.ts';
import { DamagedFile, readStateFile } from './read-state-file.ts';

const suffix = '.autostart';
const asideSuffix = '.unreadable';

const markSchema = z.object({ version: z.literal(1), uuid: z.string() });
const doneSchema = z.object({ version: z.literal(1), boot: z.string() });

export class AutostartStore {
  readonly #folder: string;
  readonly #doneFile: string;

  /** Marks lie in `folder`, the persistent definitions' own. */
  constructor(folder: string, doneFile: string) {
    this.#folder = folder;
    this.#doneFile = doneFile;
  }

  /** Resolves once the mark is on disk, or gone from it. @throws SYSTEM_ERROR naming the file. */
  async save(uuid: string, autostart: boolean): Promise<void> {
    const file = path.join(this.#folder, `${uuid}${suffix}`);
    try {
      if (autostart) await writeAtomic(file, `${JSON.stringify({ version: 1, uuid })}\n`);
      else await removeDurably(file);
    } catch (error) {
      const { message, details } = asVireoError(error);
      throw new VireoError('SYSTEM_ERROR', `the autostart mark could not be ${autostart ? 'saved' : 'removed'}: ${message}`, { cause: error, details: { ...details, path: file } });
    }
  }

  /**
   * The UUIDs of all marked domains. A mark whose content is wrong is set aside and told; one that the system would not
   * give is told and left. A mark without a definition is what a crash between the two removals has left: it goes, lest
   * it mean whoever gets this UUID next.
   */
  async load(): Promise<{ readonly marked: ReadonlySet<string>; readonly broken: readonly { readonly path: string; readonly reason: string }[] }> {
    const marked = new Set<string>();
    const broken: { path: string; reason: string }[] = [];
    const names = new Set(await readdir(this.#folder));
    for (const name of [...names].filter((each) => each.endsWith(suffix)).sort()) {
      const file = path.join(this.#folder, name);
      const uuid = name.slice(0, -suffix.length);
      try {
        if (!names.has(`${uuid}.xml`)) await removeDurably(file);
        else {
          parseMark(await readStateFile(file), uuid);
          marked.add(uuid);
        }
      } catch (error) {
        broken.push({ path: isSystemError(error) ? file : await setAside(file), reason: (error as Error).message });
      }
    }
    return { marked, broken };
  }

  /**
   * Takes note that this boot's autostart is done; false where it was before. It is on disk first and done afterwards:
   * a host that dies meanwhile leaves guests unstarted, but never starts one that was stopped. A file that says nothing
   * readable counts as none.
   * @throws SYSTEM_ERROR naming the file.
   */
  async claim(boot: string): Promise<boolean> {
    const file = this.#doneFile;
    const before = await readStateFile(file).then(parseDone, () => null);
    if (before === boot) return false;
    try {
      await writeAtomic(file, `${JSON.stringify({ version: 1, boot })}\n`);
      return true;
    } catch (error) {
      throw new VireoError('SYSTEM_ERROR', `it could not be noted that guests are started: ${asVireoError(error).message}`, { cause: error, details: { path: file } });
    }
  }
}

function parseMark(text: string, uuid: string): void {
  const { data } = markSchema.safeParse(parseJson(text));
  if (!data) throw new DamagedFile('it is no autostart mark that this Vireo reads');
  if (data.uuid !== uuid) throw new DamagedFile(`the file names domain ${data.uuid}`);
}

function parseDone(text: string): string | null {
  return doneSchema.safeParse(parseJson(text)).data?.boot ?? null;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** @returns where the file is now. */
async function setAside(file: string): Promise<string> {
  const aside = `${file}${asideSuffix}`;
  return rename(file, aside).then(() => aside, () => file);
}
