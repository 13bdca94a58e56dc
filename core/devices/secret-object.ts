/** `-object secret`: how a password reaches QEMU without being on its command line. */
import { describeReference, type SecretNeed } from '../secret/secret-reference.ts';
import { type CommandFragment, json } from './command-fragment.ts';
import type { LaunchContext } from './launch-context.ts';

/** libvirt's name for the key that all others are sealed with. */
const masterKeyId = 'masterKey0';

/** The value of a secret that is kept by the driver. */
export function secretObject(id: string, need: SecretNeed, launch: Pick<LaunchContext, 'secrets'>): CommandFragment {
  return sealed(id, launch.secrets?.sealNeed(need) ?? { data: `the secret ${describeReference(need.reference)}`, iv: '' });
}

/** A text of the definition that is as secret as a password. */
export function secretTextObject(id: string, text: string, launch: Pick<LaunchContext, 'secrets'>): CommandFragment {
  return sealed(id, launch.secrets?.seal(Buffer.from(text)) ?? { data: 'a secret of the definition', iv: '' });
}

function sealed(id: string, { data, iv }: { readonly data: string; readonly iv: string }): CommandFragment {
  return json('object', { 'qom-type': 'secret', id, data, keyid: masterKeyId, iv, format: 'base64' });
}

/** The key itself, where one of `fragments` needs it; goes before them. */
export function masterKeyObjects(fragments: readonly CommandFragment[], { secrets, runFolder }: Pick<LaunchContext, 'secrets' | 'runFolder'>): readonly CommandFragment[] {
  const isNeeded = fragments.some((fragment) => fragment.form === 'json' && fragment.value['keyid'] === masterKeyId);
  return isNeeded ? [json('object', { 'qom-type': 'secret', id: masterKeyId, format: 'raw', file: secrets?.keyFile ?? masterKeyFile(runFolder) })] : [];
}

/** Where the key of a run lies. */
export function masterKeyFile(runFolder: string): string {
  return `${runFolder}/key`;
}
