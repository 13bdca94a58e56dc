/**
 * The secrets of one run on their way to QEMU. A command line is read by every user of the host, so a value stands on
 * it only encrypted (AES-256-CBC, as QEMU's `secret` object takes it); the key lies in a file of the run's own folder.
 */
import { createCipheriv, randomBytes } from 'node:crypto';
import { open, readFile } from 'node:fs/promises';
import { VireoError } from '../base/errors.ts';
import { describeReference, needKey, type SecretNeed } from './secret-reference.ts';

const keyBytes = 32;
const ivBytes = 16;

/** What QEMU's secret object takes, in base64. */
export interface SealedSecret {
  readonly data: string;
  readonly iv: string;
}

export class LaunchSecrets {
  /** Holds the key, readable by its owner only. */
  readonly keyFile: string;
  readonly #key: Uint8Array;
  readonly #values: ReadonlyMap<string, Uint8Array>;

  private constructor(keyFile: string, key: Uint8Array, values: ReadonlyMap<string, Uint8Array>) {
    this.keyFile = keyFile;
    this.#key = key;
    this.#values = values;
  }

  /** Makes the key's file, which must not be there yet. `values` are by `needKey`. */
  static async create(keyFile: string, values: ReadonlyMap<string, Uint8Array>): Promise<LaunchSecrets> {
    const key = randomBytes(keyBytes);
    const handle = await open(keyFile, 'wx', 0o600);
    try {
      await handle.writeFile(key);
    } finally {
      await handle.close();
    }
    return new LaunchSecrets(keyFile, key, values);
  }

  /** For a run that was started by another driver: a device plugged in now is sealed with the key that its QEMU has. */
  static async reopen(keyFile: string, values: ReadonlyMap<string, Uint8Array>): Promise<LaunchSecrets> {
    const key = await readFile(keyFile);
    if (key.length !== keyBytes) throw new VireoError('INTERNAL_ERROR', `the key in '${keyFile}' is damaged`);
    return new LaunchSecrets(keyFile, key, values);
  }

  /** @throws NO_SECRET when nobody looked the value up before the run. */
  sealNeed(need: SecretNeed): SealedSecret {
    const value = this.#values.get(needKey(need));
    if (!value) throw new VireoError('NO_SECRET', `no value for secret ${describeReference(need.reference)}`);
    return this.seal(value);
  }

  seal(value: Uint8Array): SealedSecret {
    const iv = randomBytes(ivBytes);
    const cipher = createCipheriv('aes-256-cbc', this.#key, iv);
    const data = Buffer.concat([cipher.update(value), cipher.final()]);
    return { data: data.toString('base64'), iv: iv.toString('base64') };
  }
}
