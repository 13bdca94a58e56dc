/**
 * The folders of one start. They go again with everything in them and beside them unless a run has come of it, wherever
 * the start fails: what a failed start leaves would meet the next one.
 */
import { mkdir, rm } from 'node:fs/promises';
import { VireoError } from '../base/errors.ts';
import { domainFolderOf, type LaunchContext } from '../devices/launch-context.ts';
import type { Domain } from '../domain/domain.ts';
import type { LiveDomain } from '../domain/live-domain.ts';
import { qemuInFolder } from './orphan.ts';
import type { ProcessContext } from './process-context.ts';
import { emptyRunFolder, removeRunFolder } from './side-work.ts';

export class StartFolders implements AsyncDisposable {
  readonly #context: ProcessContext;
  readonly #domain: Domain;
  readonly #launch: LaunchContext;
  #madeDomainFolder = false;
  #belongsToRun = false;

  private constructor(context: ProcessContext, domain: Domain, launch: LaunchContext) {
    this.#context = context;
    this.#domain = domain;
    this.#launch = launch;
  }

  /** @throws OPERATION_FAILED where a QEMU of an earlier run has the folder, SYSTEM_ERROR; nothing is made then. */
  static async make(context: ProcessContext, domain: Domain, launch: LaunchContext): Promise<StartFolders> {
    const { runFolder } = launch;
    const pid = await qemuInFolder(runFolder);
    if (pid !== null) {
      throw new VireoError('OPERATION_FAILED', `a QEMU of an earlier run (pid ${pid}) still lives, though no state file tells of it; it has to end first`, { domain: domain.identity, details: { pid } });
    }
    await emptyRunFolder(runFolder, context.clock, context.log);
    const folders = new StartFolders(context, domain, launch);
    try {
      await folders.#make();
      return folders;
    } catch (error) {
      await folders[Symbol.asyncDispose]();
      throw error;
    }
  }

  async #make(): Promise<void> {
    const { runFolder, logFolder } = this.#launch;
    for (const folder of [runFolder, logFolder]) await mkdir(folder, { recursive: true, mode: 0o700 });
    this.#madeDomainFolder = (await mkdir(domainFolderOf(this.#launch), { recursive: true, mode: 0o700 })) !== undefined;
  }

  /** From here on whoever ends the run sees to them. */
  handOver(live: LiveDomain): void {
    this.#belongsToRun = true;
    live.takesDomainFolder = this.#isDomainFolderOfRun();
  }

  /** Never throws: why the start failed matters more. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#belongsToRun) return;
    const { clock, log } = this.#context;
    try {
      await removeRunFolder(this.#launch.runFolder, clock, log);
      if (this.#isDomainFolderOfRun()) await rm(domainFolderOf(this.#launch), { recursive: true, force: true });
    } catch (error) {
      log.write('error', 'the folders of a start that failed could not be removed', { domain: this.#domain.name, error: String(error) });
    }
  }

  /** A domain that is defined nowhere keeps nothing; one that was there before this run is not its to take. */
  #isDomainFolderOfRun(): boolean {
    return this.#madeDomainFolder && this.#domain.persistent === null;
  }
}
