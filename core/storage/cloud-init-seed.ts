/**
 * What a cloud image is told at its first boot: cloud-init's NoCloud source, an image of the volume `cidata` with
 * user-data, meta-data and, if wanted, network-config (cloud-init documentation, "NoCloud").
 */
import { createHash } from 'node:crypto';
import { VireoError } from '../base/errors.ts';
import { isoImage } from './iso-image.ts';

export interface CloudInitSeed {
  /** A `#cloud-config` document, a script, or anything else that cloud-init takes. */
  readonly userData: string;
  /** YAML; made up from `hostname` where it is null. */
  readonly metaData: string | null;
  readonly networkConfig: string | null;
  /** The guest's name in meta-data that is made up. */
  readonly hostname: string;
}

/** An image for a CD-ROM drive of the guest. @throws INVALID_ARG for what cloud-init would ignore or misread. */
export function cloudInitSeed(seed: CloudInitSeed, when: Date): Buffer {
  const { userData, networkConfig, hostname } = seed;
  if (!/^(#|Content-Type:|MIME-Version:|From )/.test(userData)) {
    throw new VireoError('INVALID_ARG', "the user data begin with neither '#cloud-config' nor another word that cloud-init knows, and would be ignored", { details: { firstLine: userData.slice(0, 80) } });
  }
  if (seed.metaData === null && !/^[A-Za-z0-9]([A-Za-z0-9.-]{0,61}[A-Za-z0-9])?$/.test(hostname)) {
    throw new VireoError('INVALID_ARG', `'${hostname}' cannot be a guest's host name: letters, digits, '.' and '-'`);
  }
  const metaData = seed.metaData ?? `instance-id: ${instanceId(seed)}\nlocal-hostname: ${hostname}\n`;
  const files = [['user-data', userData], ['meta-data', metaData], ...(networkConfig === null ? [] : [['network-config', networkConfig] as const])] as const;
  return isoImage('cidata', files.map(([name, content]) => ({ name, content: Buffer.from(content, 'utf8') })), when);
}

/** Another one when anything differs: cloud-init runs again for an instance that it does not know. */
function instanceId({ userData, networkConfig, hostname }: CloudInitSeed): string {
  return `vireo-${createHash('sha256').update(JSON.stringify([userData, networkConfig, hostname])).digest('hex').slice(0, 16)}`;
}

export interface FirstUser {
  readonly name: string;
  /** Public keys, one line each. */
  readonly authorizedKeys: readonly string[];
  /** A password's hash as crypt(5) writes it; null for none. */
  readonly passwordHash: string | null;
}

/** A `#cloud-config` with one user who may become root. Values stand in JSON, which YAML reads as they are. */
export function cloudConfigFor({ name, authorizedKeys, passwordHash }: FirstUser): string {
  const user = {
    name, groups: ['sudo'], shell: '/bin/bash', sudo: 'ALL=(ALL) NOPASSWD:ALL',
    ssh_authorized_keys: authorizedKeys, ...(passwordHash === null ? { lock_passwd: true } : { lock_passwd: false, passwd: passwordHash }),
  };
  return `#cloud-config\n${JSON.stringify({ users: [user], ssh_pwauth: passwordHash !== null }, null, 2)}\n`;
}
