/**
 * What an administrator may set for a whole host: the counterpart of libvirt's qemu.conf, one JSON file in the state
 * folder, read when the driver opens. Every field has a default; a file that cannot be read changes nothing and is told.
 */
import path from 'node:path';
import { z } from 'zod';
import { readTextIfThere } from '../base/atomic-file.ts';
import { asVireoError } from '../base/errors.ts';

const absolutePath = z.string().max(4096).refine((value) => path.isAbsolute(value), { error: 'must be an absolute path' });

const hostSettingsSchema = z.strictObject({
  /** `lease` takes a lease on each image that a guest opens, beside QEMU's own image lock; `none` leaves it to QEMU. */
  lockManager: z.enum(['lease', 'none']).default('lease'),
  /** Where the leases lie, the same for every host that shares images; null is this computer's common place. */
  leaseFolder: absolutePath.nullable().default(null),
  /** Guess the format of an image whose definition names none; the guest can then choose what its image is taken for. */
  allowDiskFormatProbing: z.boolean().default(false),
  /** Scripts that are told of a domain's life; null is `hooks` in the state folder. */
  hooksFolder: absolutePath.nullable().default(null),
  /** Whom QEMU runs as where Vireo runs as root, by name or `+id`; null leaves it as it is. */
  user: z.string().min(1).max(256).nullable().default(null),
  group: z.string().min(1).max(256).nullable().default(null),
  /** Give a guest's images to the user it runs as, and back when it stops. */
  dynamicOwnership: z.boolean().default(true),
  /** Where it is remembered whose images they were, the same for every host of this computer that runs as root; null is this computer's common place. */
  ownersFolder: absolutePath.nullable().default(null),
  /** Put each guest into a control group of its own where this computer lets us. */
  cgroups: z.boolean().default(true),
  /** Where dumps go that nobody named a file for: of a crash, of a watchdog; null is `dumps` in the state folder. */
  autoDumpFolder: absolutePath.nullable().default(null),
  /** How images of saved guests are written where nobody says it: libvirt's save_image_format. */
  saveImageFormat: z.enum(['raw', 'gzip', 'bzip2', 'xz', 'lzop', 'zstd']).default('raw'),
  /** How large a console's log becomes before its older half is archived, and how many archives are kept of each. */
  consoleLogBytes: z.number().int().min(1_048_576).max(2 ** 40).default(16_777_216),
  consoleLogArchives: z.number().int().min(1).max(1_000).default(3),
  /** VNC displays that listen on TCP speak TLS, with the certificates of this folder; null is /etc/pki/qemu. */
  vncTls: z.boolean().default(false),
  vncTlsFolder: absolutePath.nullable().default(null),
  /** Only clients with a certificate of the same authority get in. */
  vncTlsVerify: z.boolean().default(false),
  /** Of VNC displays that listen on TCP and have none of their own. */
  vncPassword: z.string().min(1).max(8).nullable().default(null),
  /** Where the certificates of spice displays with a TLS port lie; null is /etc/pki/qemu. */
  spiceTlsFolder: absolutePath.nullable().default(null),
  spicePassword: z.string().min(1).max(60).nullable().default(null),
  /** Where the certificates of migrations over TLS lie; null is /etc/pki/qemu. */
  migrationTlsFolder: absolutePath.nullable().default(null),
  /** Only sources with a certificate of the same authority may send a guest here. */
  migrationTlsVerify: z.boolean().default(true),
});
export type HostSettings = z.infer<typeof hostSettingsSchema>;

export const defaultHostSettings: HostSettings = hostSettingsSchema.parse({});

/** What the settings say of console logs, in the words of those who cut them. */
export function consoleLogBounds({ consoleLogBytes, consoleLogArchives }: HostSettings): { readonly logBytes: number; readonly archives: number } {
  return { logBytes: consoleLogBytes, archives: consoleLogArchives };
}

export interface ReadHostSettings {
  readonly settings: HostSettings;
  /** Why the file was not heeded; null where it was, or where there is none. */
  readonly problem: string | null;
}

/** Never throws: a host with a wrong settings file opens with the defaults, and says so. */
export async function readHostSettings(file: string): Promise<ReadHostSettings> {
  try {
    const text = await readTextIfThere(file);
    if (text === null) return { settings: defaultHostSettings, problem: null };
    const { data, error } = hostSettingsSchema.safeParse(JSON.parse(text));
    if (data) return { settings: data, problem: null };
    const [issue] = error.issues;
    return { settings: defaultHostSettings, problem: issue ? `'${issue.path.join('.')}': ${issue.message}` : 'it does not fit the schema' };
  } catch (error) {
    return { settings: defaultHostSettings, problem: asVireoError(error).message };
  }
}
