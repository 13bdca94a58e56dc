/** The persistent definitions, one XML file a domain, named by UUID because a name may be any text. */
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { removeDurably, writeAtomic } from '../base/atomic-file.ts';
import { asVireoError } from '../base/errors.ts';
import type { DomainDefinition } from '../conf/domain-definition.ts';
import { formatDomain, parseDomain } from '../devices/domain-xml.ts';

export class ConfigStore {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async save(uuid: string, definition: DomainDefinition): Promise<void> {
    await writeAtomic(this.#path(uuid), formatDomain(definition, { form: 'inactive', secure: true }));
  }

  async remove(uuid: string): Promise<void> {
    await removeDurably(this.#path(uuid));
  }

  /** Every readable definition; one that cannot be read is left where it is, and told. */
  async load(): Promise<{ readonly definitions: readonly DomainDefinition[]; readonly broken: readonly { path: string; reason: string }[] }> {
    const definitions: DomainDefinition[] = [];
    const broken: { path: string; reason: string }[] = [];
    const names = (await readdir(this.#folder)).filter((name) => name.endsWith('.xml')).sort();
    for (const name of names) {
      const file = path.join(this.#folder, name);
      try {
        const definition = parseDomain(await readFile(file, 'utf8'), { source: file });
        if (definition.uuid !== name.slice(0, -'.xml'.length)) throw new Error(`the file defines domain ${definition.uuid}`);
        definitions.push(definition);
      } catch (error) {
        broken.push({ path: file, reason: asVireoError(error).message });
      }
    }
    return { definitions, broken };
  }

  #path(uuid: string): string {
    return path.join(this.#folder, `${uuid}.xml`);
  }
}
