/**
 * Takes over the domains of a libvirt that was used on this machine: its `*.xml` files, and the marks of those that are
 * started with the host. The folder is only read. Each file stands for itself: it is defined wholly or not at all, and
 * the report says which, with everything that was not understood.
 */
import { access, constants, readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { asVireoError, isSystemError, VireoError } from '../base/errors.ts';
import { readOrdinary } from '../base/ordinary-file.ts';
import type { DomainDefinition } from '../conf/domain-definition.ts';
import { parseDomain, unknownNodes } from '../devices/domain-xml.ts';
import { sameDefinition } from '../domain/same-definition.ts';
import type { Call } from '../job/call.ts';
import { parseXml, xmlLimits } from '../xml/parse-xml.ts';
import { childElements, textOf, type XmlElement } from '../xml/xml-element.ts';
import { complete, withUuid } from './definitions.ts';
import type { Driver } from './driver.ts';

export interface ImportedFile {
  readonly file: string;
  readonly outcome: 'imported' | 'importable' | 'unchanged' | 'refused' | 'skipped';
  readonly name: string | null;
  readonly uuid: string | null;
  readonly reason: string | null;
  readonly autostart: boolean;
  readonly notUnderstood: { path: string; line: number }[];
  readonly missingFiles: string[];
}

export interface ImportReport {
  readonly folder: string;
  readonly files: ImportedFile[];
}

const maximumFiles = 10_000;

/** @throws INVALID_ARG or SYSTEM_ERROR for a folder that cannot be read, before anything is defined. */
export async function importFolder(driver: Driver, call: Call, { folder, dryRun }: { readonly folder: string; readonly dryRun: boolean }): Promise<ImportReport> {
  if (!path.isAbsolute(folder)) throw new VireoError('INVALID_ARG', `'${folder}' is not a full path of a folder`);
  const names = (await readdir(folder)).filter((name) => name.endsWith('.xml')).toSorted();
  if (names.length > maximumFiles) throw new VireoError('INVALID_ARG', `${folder} holds ${names.length} files, more than ${maximumFiles}`);
  const files: ImportedFile[] = [];
  for (const name of names) {
    call.signal.throwIfAborted();
    files.push(await importFile(driver, call, path.join(folder, name), dryRun));
  }
  return { folder, files };
}

async function importFile(driver: Driver, call: Call, file: string, dryRun: boolean): Promise<ImportedFile> {
  let found: ImportedFile = { file, outcome: 'refused', name: null, uuid: null, reason: null, autostart: false, notUnderstood: [], missingFiles: [] };
  try {
    const xml = await readDocument(file);
    const root = parseXml(xml, { source: file });
    if (root.name !== 'domain') return { ...found, outcome: 'skipped', reason: `its root element is <${root.name}>` };
    const written = parseDomain(xml, { source: file });
    found = { ...found, ...identityOf(written), notUnderstood: unknownNodes(written).slice(0, toldAtMost).map(({ path: where, line }) => ({ path: where, line })), missingFiles: await missingFiles(root) };
    found = { ...found, autostart: await isMarked(file, written.name) };
    await refuseForeignEmulator(written);
    // Everything that could be refused is found out before anything is written.
    const completed = await complete(driver.context, withUuid(written));
    if (isDefinedSo(driver, written, completed)) return { ...found, outcome: 'unchanged' };
    if (dryRun) return { ...found, outcome: 'importable' };
    const { domain } = await driver.define(call, xml, file);
    found = { ...found, uuid: domain.uuid };
    if (found.autostart) await markOrForget(driver, call, domain.uuid);
    return { ...found, outcome: 'imported' };
  } catch (error) {
    if (call.signal.aborted) throw error;
    return { ...found, outcome: 'refused', reason: asVireoError(error).message };
  }
}

function identityOf({ name, uuid }: DomainDefinition): Pick<ImportedFile, 'name' | 'uuid'> {
  return { name, uuid };
}

async function readDocument(file: string): Promise<string> {
  return (await readOrdinary(file, xmlLimits.maximumCharacters * 4)).toString('utf8');
}

/**
 * To complete a definition is to run its emulator, and a folder may come from anywhere: nothing of it is run that the
 * system does not have anyway.
 * @throws CONFIG_UNSUPPORTED for a program that neither belongs to root nor lies where programs are looked for.
 */
async function refuseForeignEmulator({ emulator }: DomainDefinition): Promise<void> {
  if (emulator === null || (process.env['PATH'] ?? '').split(path.delimiter).includes(path.dirname(emulator))) return;
  const owner = await stat(emulator).then(({ uid }) => uid, () => null);
  if (owner === null || owner === 0) return; // one that is not there is named by what looks for it
  throw new VireoError('CONFIG_UNSUPPORTED', `its emulator '${emulator}' is not a program of the system; define the file by itself if that program is to be run`, { details: { emulator } });
}

/** An import never changes what is there. @throws DOM_EXIST where a domain of this name or UUID says something else. */
function isDefinedSo(driver: Driver, written: DomainDefinition, completed: DomainDefinition): boolean {
  const { domains } = driver.list();
  const known = domains.find(({ name, uuid }) => name === written.name || uuid === written.uuid);
  if (!known) return false;
  const { persistent } = driver.find(known.uuid);
  if (persistent && sameDefinition(persistent, { ...completed, uuid: written.uuid ?? persistent.uuid })) return true;
  throw new VireoError('DOM_EXIST', `domain '${known.name}' is defined here already, with uuid ${known.uuid}`, { domain: { name: known.name, uuid: known.uuid } });
}

/** libvirt marks a domain by a link of its file's name in a folder beside it. */
async function isMarked(file: string, name: string): Promise<boolean> {
  return isReadable(path.join(path.dirname(file), 'autostart', `${name}.xml`));
}

async function markOrForget(driver: Driver, call: Call, uuid: string): Promise<void> {
  try {
    await driver.setAutostart(call, uuid, true);
  } catch (error) {
    await driver.undefine(call, uuid, { nvram: 'keep', keepTpm: true, managedSave: false });
    throw error;
  }
}

const sourcesByAttribute = new Set(['file', 'dev']);
const sourcesByText = new Set(['loader', 'nvram', 'kernel', 'initrd', 'dtb']);

/** So many of a file's findings are told: a report of thousands of files has to fit in one answer. */
const toldAtMost = 100;

/** What a start would look for, by path: images, firmware, NVRAM, kernels. */
async function missingFiles(root: XmlElement): Promise<string[]> {
  const missing: string[] = [];
  for (const file of new Set(filesIn(root))) {
    if (missing.length === toldAtMost) break;
    if (!(await isReadable(file))) missing.push(file);
  }
  return missing;
}

function filesIn(element: XmlElement): readonly string[] {
  const named = element.name === 'source' ? [...element.attributes].flatMap(([name, value]) => (sourcesByAttribute.has(name) ? [value] : [])) : [];
  const own = sourcesByText.has(element.name) ? [textOf(element).trim()] : [];
  return [...named, ...own, ...childElements(element).flatMap(filesIn)].filter((file) => path.isAbsolute(file));
}

async function isReadable(file: string): Promise<boolean> {
  try {
    await access(file, constants.R_OK);
    return true;
  } catch (error) {
    if (isSystemError(error)) return false;
    throw error;
  }
}
