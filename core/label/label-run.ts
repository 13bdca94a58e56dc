/**
 * The labels of a run (F11): whom its QEMU runs as, and the files that this user is given for it. An image's own label
 * counts before the domain's, and that before the host's settings. What the user may not open all the same is said
 * before anything is started.
 */
import { constants } from 'node:fs';
import { chmod, lchown, lstat, open, readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { VireoError } from '../base/errors.ts';
import type { DomainDefinition } from '../conf/domain-definition.ts';
import { domainFolderOf } from '../devices/launch-context.ts';
import type { StartState } from '../process/start-state.ts';
import { accessProblem, requireAccess } from './file-access.ts';
import { giveFiles } from './given-files.ts';
import { dacLabelOf, type Identity, identityOfRun, type Owner, ownerOfLabel } from './identity.ts';
import { type LabelledFile, labelledFiles } from './labelled-files.ts';
import { defaultLedgerFolder } from './owner-ledger.ts';
import { refuseUnavailableModels } from './security-models.ts';

/** A step of a start. @throws CONFIG_UNSUPPORTED for labels that cannot be given here. */
export async function chooseIdentity(start: StartState): Promise<void> {
  refuseUnavailableModels(start.definition);
  const identity = await identityOfRun(start.context.settings, start.definition.seclabels);
  start.identity = identity;
  if (identity && identity.uid !== 0) {
    const hasVhostNet = start.launch.hasVhostNet === true && (await accessProblem(identity, '/dev/vhost-net', 'read-write')) === null;
    start.launch = { ...start.launch, qemuUserId: identity.uid, hasVhostNet };
  }
  if (process.geteuid?.() === 0 && !(start.identity && start.identity.uid !== 0)) start.taints.add('high-privileges');
}

/**
 * A step of a start, once the live definition and the run's folder are there; what it gives is taken back with that folder.
 * @throws OPERATION_FAILED `Permission denied` naming file, folder and user; OPERATION_INVALID where another domain has an
 * image under another owner.
 */
export async function labelFiles(start: StartState): Promise<void> {
  if (process.geteuid?.() !== 0) return;
  const { context, domain, definition, launch, identity } = start;
  const files = labelledFiles(definition, start.work.needs);
  if (!identity && files.every(({ label }) => label === null)) return;
  const stateFolder = path.dirname(path.dirname(launch.runFolder));
  const isOurs = (file: string): boolean => file.startsWith(`${stateFolder}${path.sep}`);
  if (identity) {
    for (const file of [launch.runFolder, path.join(launch.logFolder, 'log'), path.join(domainFolderOf(launch), 'kept'), ...files.map(({ path: each }) => each).filter(isOurs)]) await openTheWay(stateFolder, file);
    for (const { path: file } of files.filter(({ kind }) => kind === 'made')) await makeIfMissing(file);
  }
  const owners = await ownersOf(await withoutReadable(identity, files), definition, identity);
  const isDynamic = context.settings.dynamicOwnership && dacLabelOf(definition.seclabels)?.relabel !== false;
  if (isDynamic) await giveFiles({ ledgerFolder: context.settings.ownersFolder ?? defaultLedgerFolder, runFolder: launch.runFolder, domain: domain.identity, locking: context, signal: start.givenUp }, owners);
  // What Vireo itself keeps for the domain it gives in any case: nobody else could.
  else for (const { path: file, owner } of owners.filter((each) => isOurs(each.path))) await lchown(file, owner.uid, owner.gid);
  if (!identity) return;
  await requireEverything(identity, files, start);
  start.definition = withShownLabel(definition, identity);
}

/** Who looks at the running domain sees whose it is, as in libvirt. */
function withShownLabel(definition: DomainDefinition, { uid, gid }: Owner): DomainDefinition {
  const text = `+${uid}:+${gid}`;
  const label = dacLabelOf(definition.seclabels);
  const shown = { type: label?.type === 'static' ? ('static' as const) : ('dynamic' as const), model: 'dac', relabel: label?.relabel ?? true, label: text, imagelabel: label?.imagelabel ?? text, baselabel: null };
  return { ...definition, seclabels: [...definition.seclabels.filter((each) => each !== label), shown] };
}

/** Just before QEMU is started: all that was put into the run's folder for it, and the folder, become its own. */
export async function handOverRunFolder(runFolder: string, identity: Owner | null): Promise<void> {
  if (!identity) return;
  const names = await readdir(runFolder);
  await Promise.all(names.map((name) => lchown(path.join(runFolder, name), identity.uid, identity.gid)));
  await lchown(runFolder, identity.uid, identity.gid);
}

/** What is only read, and may be, stays whose it is: others use it, too. One that is readable as its owner's may be so for another run's sake. */
async function withoutReadable(identity: Identity | null, files: readonly LabelledFile[]): Promise<readonly LabelledFile[]> {
  if (!identity) return files;
  const needed = await Promise.all(files.map(async ({ path: file, access, label }) => {
    if (access !== 'read' || label !== null) return true;
    const facts = await stat(file).catch(() => null);
    if (!facts || facts.uid === identity.uid || facts.gid === identity.gid) return true;
    return (await accessProblem(identity, file, 'read')) !== null;
  }));
  return files.filter((_, at) => needed[at]);
}

async function ownersOf(files: readonly LabelledFile[], definition: DomainDefinition, identity: Identity | null): Promise<readonly { readonly path: string; readonly owner: Owner }[]> {
  const imageLabel = dacLabelOf(definition.seclabels)?.imagelabel ?? null;
  const ofImages = imageLabel === null || !identity ? identity : await ownerOfLabel(imageLabel);
  const owners = files.filter(({ kind, relabel }) => relabel && kind !== 'shared').map(async ({ path: file, label, kind }) => {
    const owner = label === null ? (kind === 'image' ? ofImages : identity) : await ownerOfLabel(label);
    return owner ? [{ path: file, owner }] : [];
  });
  return (await Promise.all(owners)).flat();
}

async function requireEverything(identity: Identity, files: readonly LabelledFile[], { launch }: StartState): Promise<void> {
  await requireAccess(identity, path.dirname(launch.runFolder), 'search').catch((error: unknown) => {
    const { message } = error as Error;
    throw new VireoError('OPERATION_FAILED', `QEMU's sockets cannot lie in the state folder: ${message.replace(/^operation failed: /, '')}; keep it elsewhere with --home or VIREO_HOME`, { cause: error });
  });
  if (launch.accelerator === 'kvm') await requireAccess(identity, '/dev/kvm', 'read-write');
  for (const { path: file, access } of files) await requireAccess(identity, file, access);
}

/** Others may pass through our own folders, and see nothing of what is in them. */
async function openTheWay(stateFolder: string, file: string): Promise<void> {
  for (let folder = path.dirname(file); folder.startsWith(stateFolder); folder = path.dirname(folder)) {
    const facts = await lstat(folder).catch(() => null);
    if (facts?.isDirectory() && facts.uid === 0 && (facts.mode & 0o777) === 0o700) await chmod(folder, 0o711);
    if (folder === stateFolder) return;
  }
}

/** QEMU may not make a file in a folder that is not its own. */
async function makeIfMissing(file: string): Promise<void> {
  const handle = await open(file, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o600).catch(() => null);
  await handle?.close(); // where it cannot be made, QEMU says why
}
