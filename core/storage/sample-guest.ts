/**
 * Finds the built-in sample guest: a kernel and an initrd that scripts/sample-guest built once, with a manifest beside
 * them. Where it lies is the rule of scripts/setup/cache-folder.mjs, told a second time here because the scripts run
 * before any dependency and core never imports scripts; a test holds the two together.
 */
import { readdir, readFile, stat } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { z } from 'zod';

/** Files that QEMU's -kernel and -initrd take; they are never changed in place, so a definition may name them. */
export interface SampleGuest {
  readonly kernel: string;
  readonly initrd: string;
  /** The kernel's release, `6.1.0-56-cloud-amd64`. */
  readonly version: string;
}

const fileSchema = z.object({ bytes: z.number().int().positive(), sha256: z.string().regex(/^[0-9a-f]{64}$/) });

const manifestSchema = z.object({
  format: z.literal(1),
  arch: z.string(),
  builtAt: z.iso.datetime(),
  version: z.string().min(1),
  files: z.object({ kernel: fileSchema, initrd: fileSchema }),
});

type Manifest = z.infer<typeof manifestSchema>;

/**
 * The newest sample guest for this machine's architecture; VIREO_SAMPLE_GUEST names the folder of one that goes before
 * all. Where there is none, `missing` is a sentence for the screen. Never throws for what lies in the folders: an image
 * that is damaged or half there is passed over, and named if it was the only one.
 */
export async function findSampleGuest(cacheFolders: readonly string[] = defaultCacheFolders()): Promise<SampleGuest | { readonly missing: string }> {
  const override = process.env['VIREO_SAMPLE_GUEST'];
  if (override) {
    const image = await readImage(override);
    return 'refused' in image ? { missing: `VIREO_SAMPLE_GUEST: ${image.refused}` } : image.guest;
  }
  const folders = (await Promise.all(cacheFolders.map(imageFolders))).flat();
  const images = await Promise.all(folders.map(readImage));
  const usable = images.filter((image) => 'guest' in image).sort((a, b) => b.builtAtMs - a.builtAtMs);
  if (usable[0]) return usable[0].guest;
  const refused = images.find((image) => 'refused' in image);
  return { missing: refused?.refused ?? `no image in ${cacheFolders.map((folder) => path.join(folder, 'sample-guest')).join(' or ')}` };
}

/** Where caches are looked for, in order; see scripts/setup/cache-folder.mjs for the reasons. */
export function defaultCacheFolders(env: NodeJS.ProcessEnv = process.env): string[] {
  if (env['VIREO_CACHE']) return [path.resolve(env['VIREO_CACHE'])];
  const own = ownCacheFolder(env);
  return process.platform === 'linux' && own !== sharedCacheFolder ? [own, sharedCacheFolder] : [own];
}

const sharedCacheFolder = '/var/cache/vireo';

function ownCacheFolder(env: NodeJS.ProcessEnv): string {
  if (env['XDG_CACHE_HOME']) return path.join(env['XDG_CACHE_HOME'], 'vireo');
  if (process.platform === 'linux' && process.getuid?.() === 0) return sharedCacheFolder;
  if (process.platform === 'darwin') return path.join(os.homedir(), 'Library', 'Caches', 'vireo');
  if (process.platform === 'win32') return path.join(env['LOCALAPPDATA'] ?? path.join(os.homedir(), 'AppData', 'Local'), 'vireo', 'cache');
  return path.join(os.homedir(), '.cache', 'vireo');
}

async function imageFolders(cacheFolder: string): Promise<string[]> {
  const images = path.join(cacheFolder, 'sample-guest');
  const names = await readdir(images).catch(() => []);
  // An image that is still being built lies in a folder with a dot.
  return names.filter((name) => !name.startsWith('.')).map((name) => path.join(images, name));
}

type Image = { readonly guest: SampleGuest; readonly builtAtMs: number } | { readonly refused: string };

async function readImage(folder: string): Promise<Image> {
  const text = await readFile(path.join(folder, 'manifest.json'), 'utf8').catch(() => null);
  if (text === null) return { refused: `${folder} holds no readable manifest.json` };
  const manifest = parseManifest(text);
  if (!manifest) return { refused: `the manifest in ${folder} is not one that this version understands` };
  if (manifest.arch !== process.arch) return { refused: `the image in ${folder} is for ${manifest.arch}, this machine is ${process.arch}` };
  const guest = { kernel: path.join(folder, 'kernel'), initrd: path.join(folder, 'initrd'), version: manifest.version };
  for (const part of ['kernel', 'initrd'] as const) {
    // The size is enough to find a copy that was cut short; digests of 19 MB at each start are not.
    const size = await stat(guest[part]).then(
      (entry) => entry.size,
      () => null,
    );
    if (size !== manifest.files[part].bytes) return { refused: `${guest[part]} is ${size === null ? 'missing' : 'damaged'}` };
  }
  return { guest, builtAtMs: Date.parse(manifest.builtAt) };
}

function parseManifest(text: string): Manifest | null {
  try {
    return manifestSchema.parse(JSON.parse(text));
  } catch {
    return null;
  }
}
