/** The contract of secrets, implemented by the store. */
import { parseSecret } from '../secret/secret-definition.ts';
import type { SecretStore } from '../secret/secret-store.ts';
import type { secretMethods } from './secret-contract.ts';
import type { Implementation } from './server.ts';

export function secretService(store: () => Promise<SecretStore>): Implementation<typeof secretMethods> {
  return {
    connectListAllSecrets: async () => ({ secrets: (await store()).list().map((secret) => ({ ...secret })) }),
    secretDefineXML: async (_call, { xml }) => {
      const definition = parseSecret(xml);
      return { uuid: await (await store()).define(definition) };
    },
    secretGetXMLDesc: async (_call, { uuid }) => ({ xml: (await store()).describe(uuid) }),
    secretSetValue: async (_call, { uuid, value }) => {
      await (await store()).setValue(uuid, Buffer.from(value, 'base64'));
      return null;
    },
    secretGetValue: async (_call, { uuid }) => ({ value: Buffer.from((await store()).getValue(uuid)).toString('base64') }),
    secretUndefine: async (_call, { uuid }) => {
      await (await store()).undefine(uuid);
      return null;
    },
  };
}
