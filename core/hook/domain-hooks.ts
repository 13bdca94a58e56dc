/**
 * Hooks (F9): programs of the administrator that are told of a domain's life, by libvirt's names, arguments and input
 * (libvirt docs/hooks.rst): `qemu` in the hooks folder, then what lies in `qemu.d`, in alphabetical order, each run as
 * `SCRIPT NAME OPERATION SUBOPERATION EXTRA` with the domain's XML on its input.
 */
import { readdir, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { VireoError } from '../base/errors.ts';
import { runHookScript } from './run-hook-script.ts';

/** What is told, with libvirt's second word for it. */
const subOperations = {
  prepare: 'begin',
  start: 'begin',
  started: 'begin',
  stopped: 'end',
  release: 'end',
  migrate: 'begin',
  restore: 'begin',
  reconnect: 'begin',
  attach: 'begin',
} as const;
export type HookOperation = keyof typeof subOperations;

/** A script that is still there after it has had its part in the domain's waiting. */
const defaultTimeoutMs = 60_000;

export interface DomainHooksOptions {
  readonly folder: string;
  /** Given to the scripts as VIREO_HOME, so that a `vireo` in them asks this host. */
  readonly stateFolder: string;
  /** How long each script may take; default 60 s. */
  readonly timeoutMs?: number;
}

export interface HookRequest {
  readonly operation: HookOperation;
  readonly domain: string;
  /** The domain's XML; asked for only where there is a script to read it. */
  readonly xml: () => string;
  /** The last argument; `-` where there is nothing to say. */
  readonly extra?: string;
  readonly signal: AbortSignal;
}

export class DomainHooks {
  readonly #options: DomainHooksOptions;

  constructor(options: DomainHooksOptions) {
    this.#options = options;
  }

  /**
   * Runs all scripts, also those behind one that fails, as libvirt does.
   * @throws HOOK_SCRIPT_FAILED with the first failing script's own words, or where a script is not safe to run.
   */
  async run(request: HookRequest): Promise<void> {
    await this.#runAll(request);
  }

  /**
   * The same for an operation in which a script may print a changed definition, which the next script is given.
   * @returns the changed XML, or null where none changed it.
   */
  async filter(request: HookRequest & { readonly operation: 'migrate' | 'restore' }): Promise<string | null> {
    return this.#runAll(request);
  }

  async #runAll({ operation, domain, xml, extra = '-', signal }: HookRequest): Promise<string | null> {
    const scripts = await hookScripts(this.#options.folder);
    if (scripts.length === 0) return null;
    const argv = [domain, operation, subOperations[operation], extra];
    let input = xml();
    let changed: string | null = null;
    let failure: unknown = null;
    for (const script of scripts) {
      signal.throwIfAborted();
      try {
        await assertTrusted(script, this.#options.folder);
        const output = await runHookScript({ script, argv, input, signal, timeoutMs: this.#options.timeoutMs ?? defaultTimeoutMs, environment: this.#environment() });
        if (output.trim() !== '') input = changed = output;
      } catch (error) {
        failure ??= error;
      }
    }
    if (failure !== null) throw failure;
    return changed;
  }

  #environment(): Readonly<Record<string, string>> {
    const { PATH = '/usr/sbin:/usr/bin:/sbin:/bin', HOME } = process.env;
    return { PATH, LC_ALL: 'C', VIREO_HOME: this.#options.stateFolder, ...(HOME === undefined ? {} : { HOME }) };
  }
}

/** Those that may be executed; Windows knows no such mark, and has no hooks. */
async function hookScripts(folder: string): Promise<readonly string[]> {
  if (process.platform === 'win32') return [];
  const single = path.join(folder, 'qemu');
  const several = path.join(folder, 'qemu.d');
  const names = await readdir(several).catch(() => []);
  const candidates = [single, ...names.sort((a, b) => Buffer.from(a).compare(Buffer.from(b))).map((name) => path.join(several, name))];
  const executable = await Promise.all(candidates.map((file) => stat(file).then((facts) => facts.isFile() && (facts.mode & 0o111) !== 0, () => false)));
  return candidates.filter((_, index) => executable[index]);
}

const writableByOthers = 0o022;

/** A script that somebody else may write, or put something else in the place of, would run that person's commands as us. */
async function assertTrusted(script: string, folder: string): Promise<void> {
  const own = process.geteuid?.() ?? 0;
  const real = await realpath(script);
  for (const file of new Set([real, path.dirname(real), path.dirname(script), folder])) {
    const facts = await stat(file);
    if (facts.uid !== 0 && facts.uid !== own) throw refusal(script, `${file} belongs to user ${facts.uid}`);
    if (facts.mode & writableByOthers) throw refusal(script, `${file} may be written by others (chmod go-w)`);
  }
}

function refusal(script: string, why: string): VireoError {
  return new VireoError('HOOK_SCRIPT_FAILED', `'${script}' was not run: ${why}`, { details: { script } });
}
