/**
 * The secrets of one state folder: passwords of encrypted images and of servers of storage, each under a UUID and the
 * use it is for. Values lie in files of their own that only their owner reads; nothing here logs or prints one.
 */
import { randomUUID } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { makePrivateFolder, readTextIfThere, removeDurably, writeAtomic } from '../base/atomic-file.ts';
import { VireoError } from '../base/errors.ts';
import { formatSecret, parseSecret, type SecretDefinition } from './secret-definition.ts';
import { describeReference, needKey, type SecretNeed, type SecretReference } from './secret-reference.ts';

/** libvirt's limit for a value. */
const maximumValueBytes = 65_536;

/** One line of a list. */
export interface SecretSummary {
  readonly uuid: string;
  readonly usage: SecretDefinition['usage'];
  readonly description: string | null;
  readonly ephemeral: boolean;
  readonly private: boolean;
  readonly hasValue: boolean;
}

interface Secret {
  readonly definition: SecretDefinition & { readonly uuid: string };
  readonly value: Uint8Array | null;
}

export class SecretStore {
  readonly #folder: string;
  readonly #secrets: Map<string, Secret>;
  /** The end of the change that runs: changes happen one after the other, in memory and on disk alike. */
  #last: Promise<unknown> = Promise.resolve();

  private constructor(folder: string, secrets: Map<string, Secret>) {
    this.#folder = folder;
    this.#secrets = secrets;
  }

  /** Reads what is there; `onDamage` is told of files that cannot be read, which stay as they are. */
  static async open(folder: string, onDamage: (file: string, error: unknown) => void = () => {}): Promise<SecretStore> {
    await makePrivateFolder(folder);
    const secrets = new Map<string, Secret>();
    for (const name of await readdir(folder)) {
      if (!name.endsWith('.xml')) continue;
      const file = path.join(folder, name);
      try {
        const secret = await readSecret(folder, file);
        secrets.set(secret.definition.uuid, secret);
      } catch (error) {
        onDamage(file, error);
      }
    }
    return new SecretStore(folder, secrets);
  }

  list(): readonly SecretSummary[] {
    return [...this.#secrets.values()].map(({ definition, value }) => {
      const { uuid, usage, description, ephemeral, private: isPrivate } = definition;
      return { uuid, usage, description, ephemeral, private: isPrivate, hasValue: value !== null };
    });
  }

  /** The definition as libvirt prints it. @throws NO_SECRET */
  describe(uuid: string): string {
    return formatSecret(this.#get(uuid).definition);
  }

  /** The UUID of the secret with that usage. @throws NO_SECRET */
  lookup(need: SecretNeed): string {
    return this.#find(need).definition.uuid;
  }

  /**
   * Defines a secret, or changes one without changing what it is for; its value stays.
   * @returns its UUID, made up where `definition` has none.
   * @throws INVALID_SECRET when the UUID or the usage belongs to another secret, or when a private one would be opened.
   */
  define(definition: SecretDefinition): Promise<string> {
    return this.#inOrder(async () => {
      const uuid = definition.uuid ?? randomUUID();
      const known = this.#secrets.get(uuid);
      this.#refuseConflict(uuid, definition, known);
      const secret: Secret = { definition: { ...definition, uuid }, value: known?.value ?? null };
      await this.#save(secret, known);
      this.#secrets.set(uuid, secret);
      return uuid;
    });
  }

  /** @throws NO_SECRET; INVALID_SECRET for a value that is empty or longer than 64 KiB. */
  setValue(uuid: string, value: Uint8Array): Promise<void> {
    return this.#inOrder(async () => {
      const { definition } = this.#get(uuid);
      if (value.length === 0 || value.length > maximumValueBytes) throw new VireoError('INVALID_SECRET', `the value of secret '${uuid}' has ${value.length} bytes; it needs 1 to ${maximumValueBytes}`);
      const secret: Secret = { definition, value: Uint8Array.from(value) };
      if (!definition.ephemeral) await writeAtomic(this.#valueFile(uuid), Buffer.from(value).toString('base64'));
      this.#secrets.set(uuid, secret);
    });
  }

  /** @throws NO_SECRET where there is none or it has no value; INVALID_SECRET for a private one. */
  getValue(uuid: string): Uint8Array {
    const secret = this.#get(uuid);
    if (secret.definition.private) throw new VireoError('INVALID_SECRET', `secret '${uuid}' is private`);
    return valueOf(secret);
  }

  /** @throws NO_SECRET */
  undefine(uuid: string): Promise<void> {
    return this.#inOrder(async () => {
      this.#get(uuid);
      await removeDurably(this.#valueFile(uuid));
      await removeDurably(this.#definitionFile(uuid));
      this.#secrets.delete(uuid);
    });
  }

  /** The values that a run needs, by `needKey`; the private ones too. @throws NO_SECRET naming the first that is missing. */
  resolve(needs: readonly SecretNeed[]): ReadonlyMap<string, Uint8Array> {
    return new Map(needs.map((need) => [needKey(need), valueOf(this.#find(need))]));
  }

  #find({ use, reference }: SecretNeed): Secret {
    const found = reference.by === 'uuid' ? this.#secrets.get(reference.value) : this.#byUsage(use, reference.value);
    if (!found) throw notFound(reference);
    const itsUse = found.definition.usage?.type;
    if (itsUse !== undefined && itsUse !== use) throw new VireoError('INVALID_SECRET', `secret ${describeReference(reference)} is for ${itsUse}, not for ${use}`);
    return found;
  }

  #byUsage(use: string, name: string): Secret | undefined {
    return [...this.#secrets.values()].find(({ definition: { usage } }) => usage?.type === use && usage.name === name);
  }

  #get(uuid: string): Secret {
    const secret = this.#secrets.get(uuid);
    if (!secret) throw notFound({ by: 'uuid', value: uuid });
    return secret;
  }

  #refuseConflict(uuid: string, { usage, private: isPrivate }: SecretDefinition, known: Secret | undefined): void {
    const ofUsage = usage && this.#byUsage(usage.type, usage.name);
    if (usage && ofUsage && ofUsage !== known) {
      throw new VireoError('INVALID_SECRET', `secret '${ofUsage.definition.uuid}' is already defined for ${usage.type} '${usage.name}'`);
    }
    if (!known) return;
    const { usage: itsUsage, private: wasPrivate } = known.definition;
    if (itsUsage?.type !== usage?.type || itsUsage?.name !== usage?.name) {
      throw new VireoError('INVALID_SECRET', `secret '${uuid}' is already defined for ${itsUsage ? `${itsUsage.type} '${itsUsage.name}'` : 'no use'}`);
    }
    if (wasPrivate && !isPrivate) throw new VireoError('INVALID_SECRET', `secret '${uuid}' is private and stays so`);
  }

  /** What becomes ephemeral leaves the disk; what no longer is takes its value with it. */
  async #save({ definition, value }: Secret, known: Secret | undefined): Promise<void> {
    const { uuid, ephemeral } = definition;
    if (ephemeral) {
      await removeDurably(this.#valueFile(uuid));
      await removeDurably(this.#definitionFile(uuid));
      return;
    }
    if (known?.definition.ephemeral && value) await writeAtomic(this.#valueFile(uuid), Buffer.from(value).toString('base64'));
    await writeAtomic(this.#definitionFile(uuid), formatSecret(definition));
  }

  #definitionFile(uuid: string): string {
    return path.join(this.#folder, `${uuid}.xml`);
  }

  #valueFile(uuid: string): string {
    return valueFile(this.#folder, uuid);
  }

  #inOrder<T>(change: () => Promise<T>): Promise<T> {
    const result = this.#last.then(change);
    this.#last = result.catch(() => {}); // whoever asked for it is told
    return result;
  }
}

async function readSecret(folder: string, file: string): Promise<Secret> {
  const definition = parseSecret((await readTextIfThere(file)) ?? '');
  const { uuid } = definition;
  if (uuid === null || path.basename(file) !== `${uuid}.xml`) throw new VireoError('INTERNAL_ERROR', `'${file}' is not named for the secret in it`);
  const value = await readTextIfThere(valueFile(folder, uuid));
  return { definition: { ...definition, uuid }, value: value === null ? null : Uint8Array.from(Buffer.from(value, 'base64')) };
}

function valueFile(folder: string, uuid: string): string {
  return path.join(folder, `${uuid}.base64`);
}

function valueOf({ definition, value }: Secret): Uint8Array {
  if (!value) throw new VireoError('NO_SECRET', `secret '${definition.uuid}' does not have a value`);
  return Uint8Array.from(value);
}

function notFound(reference: SecretReference): VireoError {
  return new VireoError('NO_SECRET', `no secret with matching ${describeReference(reference)}`);
}
