/**
 * What firmware is installed: the JSON descriptors of QEMU's interoperability specification (docs/interop/firmware.json,
 * QEMU 7.2), which distributions ship beside the images.
 */
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import type { Log } from '../base/log.ts';
import { readOrdinary } from '../base/ordinary-file.ts';

const image = z.object({ filename: z.string(), format: z.enum(['raw', 'qcow2']).catch('raw') });

const descriptorSchema = z.object({
  description: z.string().default(''),
  'interface-types': z.array(z.string()),
  mapping: z.discriminatedUnion('device', [
    z.object({
      device: z.literal('flash'),
      mode: z.enum(['split', 'combined', 'stateless']).default('split'),
      executable: image,
      'nvram-template': image.optional(),
    }),
    z.object({ device: z.literal('kernel'), filename: z.string() }),
    z.object({ device: z.literal('memory'), filename: z.string() }),
  ]),
  targets: z.array(z.object({ architecture: z.string(), machines: z.array(z.string()) })),
  features: z.array(z.string()).default([]),
});

/** One descriptor; the file's name orders them and tells them apart. */
export interface FirmwareDescriptor extends z.infer<typeof descriptorSchema> {
  /** The whole path of the descriptor itself, for messages. */
  readonly file: string;
}

export interface FirmwareFolders {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly home: string;
  readonly platform: NodeJS.Platform;
}

/** From the weakest to the strongest: a file takes the place of one of its name in a weaker folder. */
export function firmwareFolders({ env, home, platform }: FirmwareFolders): readonly string[] {
  const config = env['XDG_CONFIG_HOME'];
  const own = config !== undefined && path.isAbsolute(config) ? config : path.join(home, '.config');
  const system = platform === 'darwin' ? ['/opt/homebrew/share/qemu/firmware', '/usr/local/share/qemu/firmware'] : platform === 'win32' ? ['C:\\Program Files\\qemu\\share\\firmware'] : ['/usr/share/qemu/firmware', '/usr/local/share/qemu/firmware', '/etc/qemu/firmware'];
  return [...system, path.join(own, 'qemu', 'firmware')];
}

const maximumBytes = 262_144;

/** In order of preference. An empty file hides the one it stands for; a file that cannot be understood is logged and left out. */
export async function readFirmwareDescriptors(folders: readonly string[], log: Log): Promise<readonly FirmwareDescriptor[]> {
  const files = new Map<string, string>();
  for (const folder of folders) {
    const names = await readdir(folder).catch((): string[] => []);
    for (const name of names.filter((each) => each.endsWith('.json'))) files.set(name, path.join(folder, name));
  }
  const ordered = [...files].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, file]) => file);
  const read = await Promise.all(ordered.map((file) => readDescriptor(file, log)));
  return read.filter((descriptor) => descriptor !== null);
}

async function readDescriptor(file: string, log: Log): Promise<FirmwareDescriptor | null> {
  try {
    const text = (await readOrdinary(file, maximumBytes)).toString('utf8');
    if (text.trim() === '') return null;
    return { ...descriptorSchema.parse(JSON.parse(text)), file };
  } catch (error) {
    log.write('warning', 'a firmware descriptor could not be read', { file, error: error instanceof Error ? error.message : String(error) });
    return null;
  }
}
