/** Asks libxml2's xmllint whether documents follow a RelaxNG schema: all of them in few calls, as each reads the schema. */
import { spawn } from 'node:child_process';
import { access, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';

const folders = ['/usr/share/libvirt/schemas', '/usr/local/share/libvirt/schemas', '/opt/homebrew/share/libvirt/schemas'];
const batchSize = 200;
const limitMs = 60_000;

/** The schema that is asked for, or the one of that name that libvirt's packages install; null without one. */
export async function findSchema(given: string | null, name = 'domain.rng'): Promise<string | null> {
  if (given !== null) return given;
  for (const folder of folders) {
    const schema = path.join(folder, name);
    if (await access(schema).then(() => true, () => false)) return schema;
  }
  return null;
}

/** Answers by name: null for a valid document, else what is wrong with it. Null where there is no xmllint. */
export async function checkSchema(documents: ReadonlyMap<string, string>, schema: string, folder: string): Promise<ReadonlyMap<string, string | null> | null> {
  const checked = new Map<string, string | null>();
  const names = [...documents.keys()];
  await mkdir(folder, { recursive: true });
  for (let start = 0; start < names.length; start += batchSize) {
    const batch = names.slice(start, start + batchSize);
    await Promise.all(batch.map((name, at) => writeFile(path.join(folder, `${at}.xml`), documents.get(name) ?? '')));
    const said = await runXmllint(schema, batch.map((_, at) => `${at}.xml`), folder);
    if (said === null) return null;
    batch.forEach((name, at) => checked.set(name, verdictOf(`${at}.xml`, said)));
  }
  return checked;
}

function verdictOf(file: string, said: readonly string[]): string | null {
  if (said.includes(`${file} validates`)) return null;
  const complaint = said.find((line) => line.startsWith(`${file}:`));
  return complaint?.slice(file.length + 1) ?? 'the schema could not be checked';
}

function runXmllint(schema: string, files: readonly string[], folder: string): Promise<readonly string[] | null> {
  return new Promise((resolve) => {
    const child = spawn('xmllint', ['--noout', '--nonet', '--relaxng', schema, ...files], { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'], timeout: limitMs, killSignal: 'SIGKILL' });
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
    child.once('error', () => resolve(null));
    child.once('close', () => resolve(said.split('\n')));
  });
}
