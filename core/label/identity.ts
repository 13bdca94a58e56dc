/**
 * Whom a run's QEMU is, where Vireo runs as root and somebody asked for another: a user with its groups, found in what
 * the host's administrator set or in the domain's own label (F11). Names are looked up with the system's own programs,
 * which know directories that no file lists.
 */
import { execFile } from 'node:child_process';
import { VireoError } from '../base/errors.ts';
import type { SeclabelDefinition } from '../conf/security.ts';
import type { HostSettings } from '../status/host-settings.ts';

/** A user and a group, as a file has them. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

export interface Identity extends Owner {
  /** Supplementary groups, without `gid`. */
  readonly groups: readonly number[];
  /** For messages: `user 'nobody' (65534:65534)`. */
  readonly described: string;
}

export type DacLabel = Pick<SeclabelDefinition, 'model' | 'type' | 'label' | 'imagelabel' | 'relabel'>;

/** The domain's label of model `dac`; a static one without a model, which then is the only one, means the one model that is here. */
export function dacLabelOf(labels: readonly DacLabel[]): DacLabel | null {
  return labels.find(({ model, type }) => model === 'dac' || (model === null && type === 'static')) ?? null;
}

/**
 * Whom QEMU runs as; null for whom this process is. The domain's label counts before the host's settings.
 * @throws CONFIG_UNSUPPORTED for a user or group that nobody knows, and for a label that only root could give.
 */
export async function identityOfRun(settings: Pick<HostSettings, 'user' | 'group'>, labels: readonly DacLabel[]): Promise<Identity | null> {
  const label = dacLabelOf(labels);
  const own: Owner = { uid: process.geteuid?.() ?? -1, gid: process.getegid?.() ?? -1 };
  const asked = label?.type === 'static' && label.label !== null ? await ownerOfLabel(label.label) : null;
  if (own.uid !== 0) {
    // Who is not root has one identity to give.
    if (asked && (asked.uid !== own.uid || asked.gid !== own.gid)) {
      throw new VireoError('CONFIG_UNSUPPORTED', `the domain's label '${label?.label}' of model 'dac' can be given by a Vireo that runs as root only`);
    }
    return null;
  }
  if (!asked && settings.user === null && settings.group === null) return null;
  const { uid, gid } = asked ?? (await ownerOfSettings(settings));
  return uid === 0 && gid === own.gid ? null : { uid, gid, groups: await supplementaryGroups(uid, gid), described: `user '${await nameOf(uid)}' (${uid}:${gid})` };
}

/** `+107:+107`, `107:107` or names, as libvirt writes them. @throws CONFIG_UNSUPPORTED. */
export async function ownerOfLabel(label: string): Promise<Owner> {
  const [user = '', group = '', ...more] = label.split(':');
  if (user === '' || group === '' || more.length > 0) throw new VireoError('CONFIG_UNSUPPORTED', `the label '${label}' of model 'dac' is not of the form user:group`);
  return { uid: await idOf('user', user), gid: await idOf('group', group) };
}

async function ownerOfSettings({ user, group }: Pick<HostSettings, 'user' | 'group'>): Promise<Owner> {
  const uid = user === null ? 0 : await idOf('user', user);
  return { uid, gid: group === null ? await primaryGroup(uid) : await idOf('group', group) };
}

/** The kernel takes the highest number for "as it is". */
const maximumId = 0xffff_fffe;

/** A name counts before a number, as with chown(1); `+` is before a number that shall be nothing else. */
async function idOf(kind: 'user' | 'group', text: string): Promise<number> {
  const number = /^\+?(\d{1,10})$/.exec(text)?.[1];
  if (!text.startsWith('+')) {
    const line = await ask('getent', [kind === 'user' ? 'passwd' : 'group', text]);
    const found = line?.split(':')[2];
    if (found !== undefined && /^\d{1,10}$/.test(found)) return Number(found);
  }
  if (number !== undefined && Number(number) <= maximumId) return Number(number);
  throw new VireoError('CONFIG_UNSUPPORTED', `this computer knows no ${kind} '${text}' to run QEMU as`);
}

async function primaryGroup(uid: number): Promise<number> {
  const found = (await ask('getent', ['passwd', String(uid)]))?.split(':')[3];
  if (found !== undefined && /^\d{1,10}$/.test(found)) return Number(found);
  throw new VireoError('CONFIG_UNSUPPORTED', `this computer does not know the group of user ${uid}: name a group, too`);
}

async function nameOf(uid: number): Promise<string> {
  return (await ask('getent', ['passwd', String(uid)]))?.split(':')[0] || String(uid);
}

/** Empty for a user that is a mere number. */
async function supplementaryGroups(uid: number, gid: number): Promise<readonly number[]> {
  const groups = (await ask('id', ['-G', '--', String(uid)]))?.trim().split(/\s+/) ?? [];
  return groups.filter((group) => /^\d{1,10}$/.test(group)).map(Number).filter((group) => group !== gid);
}

const timeoutMs = 5_000;
const maximumOutputBytes = 65_536;

/** What a program of the system says; null where it knows nothing. */
function ask(program: string, argv: readonly string[]): Promise<string | null> {
  const { PATH = '/usr/sbin:/usr/bin:/sbin:/bin' } = process.env;
  return new Promise((resolve) => {
    execFile(program, argv, { timeout: timeoutMs, killSignal: 'SIGKILL', maxBuffer: maximumOutputBytes, env: { PATH, LC_ALL: 'C' }, cwd: '/' }, (error, stdout) => resolve(error ? null : stdout));
  });
}
