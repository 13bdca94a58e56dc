/** The secret with which the firmware's variables are reached where they lie on an iSCSI target. */
import type { OsDefinition } from '../conf/os.ts';
import type { SecretNeed } from '../secret/secret-reference.ts';

/** Null where the store asks for none. */
export function nvramSecret(nvram: OsDefinition['nvram']): SecretNeed | null {
  const secret = nvram?.source?.auth?.secret ?? null;
  if (nvram?.type !== 'network' || secret === null) return null;
  if (secret.uuid !== null) return { use: 'iscsi', reference: { by: 'uuid', value: secret.uuid } };
  return secret.usage === null ? null : { use: 'iscsi', reference: { by: 'usage', value: secret.usage } };
}
