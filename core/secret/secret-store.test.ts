import { createDecipheriv } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { LaunchSecrets } from './launch-secrets.ts';
import { formatSecret, parseSecret } from './secret-definition.ts';
import { needKey, type SecretNeed } from './secret-reference.ts';
import { SecretStore } from './secret-store.ts';

const uuid = '3b6d4f9e-7a51-4f0c-9d2e-0c8f1a2b3c4d';
const xml = `<secret ephemeral='no' private='no'>
  <uuid>${uuid}</uuid>
  <description>of &lt;a&gt; disk</description>
  <usage type='volume'>
    <volume>/images/a.img</volume>
  </usage>
</secret>
`;
const value = Buffer.from('correct horse\u0000battery');
const byUsage: SecretNeed = { use: 'volume', reference: { by: 'usage', value: '/images/a.img' } };

let folder: string;
let store: SecretStore;
beforeEach(async () => {
  folder = await mkdtemp('/tmp/vireo-secrets-');
  store = await SecretStore.open(path.join(folder, 'secrets'));
});
afterEach(() => rm(folder, { recursive: true }));

function reopened(onDamage?: (file: string) => void): Promise<SecretStore> {
  return SecretStore.open(path.join(folder, 'secrets'), onDamage);
}

test.each([
  ['volume', 'volume'], ['ceph', 'name'], ['iscsi', 'target'], ['tls', 'name'], ['vtpm', 'name'],
])("libvirt's XML of a secret for %s is written as it was read", (type, element) => {
  const text = xml.replace("type='volume'", `type='${type}'`).replaceAll('volume>', `${element}>`);
  expect(formatSecret(parseSecret(text))).toBe(text);
});

describe('what was set', () => {
  test('is there for whoever opens the folder next, readable by its owner only', async () => {
    await store.define(parseSecret(xml));
    await store.setValue(uuid, value);
    const next = await reopened();
    expect(Buffer.from(next.getValue(uuid))).toEqual(value);
    expect(next.describe(uuid)).toBe(xml);
    expect(next.list()).toMatchObject([{ uuid, hasValue: true, usage: { type: 'volume', name: '/images/a.img' } }]);
    for (const name of await readdir(path.join(folder, 'secrets'))) expect((await stat(path.join(folder, 'secrets', name))).mode & 0o77).toBe(0);
  });

  test('stays in memory where the secret is ephemeral', async () => {
    const id = await store.define(parseSecret('<secret ephemeral="yes"/>'));
    await store.setValue(id, value);
    expect(Buffer.from(store.getValue(id))).toEqual(value);
    expect(await readdir(path.join(folder, 'secrets'))).toEqual([]);
  });

  test('goes with the secret', async () => {
    await store.define(parseSecret(xml));
    await store.setValue(uuid, value);
    await store.undefine(uuid);
    expect(() => store.getValue(uuid)).toThrow(`Secret not found: no secret with matching uuid ${uuid}`);
    expect(await readdir(path.join(folder, 'secrets'))).toEqual([]);
  });

  test('keeps its value when only its description changes', async () => {
    await store.define(parseSecret(xml));
    await store.setValue(uuid, value);
    await store.define(parseSecret(xml.replace('disk', 'plate')));
    expect(Buffer.from((await reopened()).getValue(uuid))).toEqual(value);
  });

  test('is not lost with another that is damaged', async () => {
    await store.define(parseSecret(xml));
    await writeFile(path.join(folder, 'secrets', 'x.xml'), '<secret');
    const damaged: string[] = [];
    const next = await reopened((file) => damaged.push(path.basename(file)));
    expect([damaged, next.list().length]).toEqual([['x.xml'], 1]);
  });
});

describe('refused is', () => {
  test.each([
    ['a second secret for the same use', xml.replace(uuid, uuid.replace('3b', '4b')), `is already defined for volume '/images/a.img'`],
    ['another use of the same UUID', xml.replace('a.img', 'b.img'), `secret '${uuid}' is already defined for volume '/images/a.img'`],
  ])('%s', async (_, text, message) => {
    await store.define(parseSecret(xml));
    await expect(store.define(parseSecret(text))).rejects.toThrow(message);
  });

  test('to read a private value back, but not to run a guest with it', async () => {
    await store.define(parseSecret(xml.replace("private='no'", "private='yes'")));
    await store.setValue(uuid, value);
    expect(() => store.getValue(uuid)).toThrow('Invalid secret: ');
    expect(Buffer.from(store.resolve([byUsage]).get(needKey(byUsage)) ?? [])).toEqual(value);
    await expect(store.define(parseSecret(xml))).rejects.toThrow('is private and stays so');
  });

  test.each([
    ['that does not exist', byUsage, "no secret with matching usage '/images/a.img'"],
    ['without a value', { use: 'volume', reference: { by: 'uuid', value: uuid } }, 'does not have a value'],
    ['for something else', { use: 'ceph', reference: { by: 'uuid', value: uuid } }, 'is for volume, not for ceph'],
  ] as const)('a run with a secret %s', async (_, need, message) => {
    if (need.reference.by === 'uuid') await store.define(parseSecret(xml));
    expect(() => store.resolve([need])).toThrow(message);
  });

  test.each([['<pool/>', /expecting <secret>/], ["<secret><usage type='disk'/></secret>", /attribute 'type' in element 'usage'/]])('%s', (text, message) => {
    expect(() => parseSecret(text)).toThrow(message);
  });
});

test('a sealed value is opened by the key in the file of the run, and another run has another key', async () => {
  const seal = async (name: string): Promise<{ readonly key: Buffer; readonly data: string; readonly iv: string }> => {
    const file = path.join(folder, name);
    const secrets = await LaunchSecrets.create(file, new Map([[needKey(byUsage), value]]));
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    return { key: await readFile(file), ...secrets.sealNeed(byUsage) };
  };
  const [one, other] = [await seal('one'), await seal('other')];
  const decipher = createDecipheriv('aes-256-cbc', one.key, Buffer.from(one.iv, 'base64'));
  expect(Buffer.concat([decipher.update(one.data, 'base64'), decipher.final()])).toEqual(value);
  expect(one.key).not.toEqual(other.key);
});
