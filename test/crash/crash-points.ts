/**
 * Where a host may die. Put in front of everything by which a process acts on the world outside it: each change of a
 * file it can see, each program it spawns, each signal, each line to or from a monitor or an agent. Every one of them is
 * a moment, counted from 1 in the order in which they come; at the chosen one this process kills itself, as a power cut
 * or the system's memory killer would. Nobody lists the moments: whatever the driver does next year is counted too.
 */
import childProcess from 'node:child_process';
import fs from 'node:fs';
import fileSystem from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import net from 'node:net';
import path from 'node:path';

type AnyFunction = (this: unknown, ...args: unknown[]) => unknown;

export interface CrashPlan {
  /** Only what happens to files below these counts. */
  readonly folders: readonly string[];
  /** Number of the moment at which to die; null counts only. */
  readonly at: number | null;
  /** Is told, before death, where it came. */
  readonly onDeath: (moment: string) => void;
}

const kill = process.kill.bind(process);

class CrashPoints {
  #plan: CrashPlan | null = null;
  readonly #moments: string[] = [];
  readonly #paths = new WeakMap<object, string>();

  /** Everything so far, by what it was. */
  get moments(): readonly string[] {
    return this.#moments;
  }

  /** Stands before Node's own modules from now on, and counts from `begin` on. */
  async install(): Promise<void> {
    await this.#watchFiles();
    this.#watchProcesses();
    this.#watchSockets();
    syncBuiltinESMExports();
  }

  begin(plan: CrashPlan): void {
    this.#plan = plan;
    this.#moments.length = 0;
  }

  end(): void {
    this.#plan = null;
  }

  #moment(what: string): void {
    if (!this.#plan) return;
    this.#moments.push(what);
    if (this.#moments.length !== this.#plan.at) return;
    this.#plan.onDeath(what);
    kill(process.pid, 'SIGKILL');
  }

  #isWatched(file: unknown): file is string {
    return typeof file === 'string' && (this.#plan?.folders.some((folder) => file === folder || file.startsWith(`${folder}/`)) ?? false);
  }

  #around(what: string, file: unknown, act: () => unknown): unknown {
    if (!this.#isWatched(file)) return act();
    const name = `${what} ${stableName(file)}`;
    this.#moment(`before ${name}`);
    const result = act();
    if (!(result instanceof Promise)) return result;
    return result.then((value: unknown) => {
      this.#moment(`after ${name}`);
      return value;
    });
  }

  async #watchFiles(): Promise<void> {
    const real = { ...fileSystem };
    for (const [name, position] of Object.entries(changers)) {
      replace(fileSystem, name, (act) => (...args) => this.#around(name, args[position], () => act(...args)));
    }
    replace(fileSystem, 'open', (act) => async (...args) => {
      const opens = (): unknown => act(...args);
      const handle = (isForWriting(args[1]) ? await this.#around('open', args[0], opens) : await opens()) as object;
      if (typeof args[0] === 'string') this.#paths.set(handle, args[0]);
      return handle;
    });
    // Node removes a folder step by step, and so may die in the middle of it.
    replace(fileSystem, 'rm', (act) => (...args) => {
      const [file, options] = args as [string, fs.RmOptions | undefined];
      if (!options?.recursive || !this.#isWatched(file)) return this.#around('rm', file, () => act(...args));
      return this.#removeTree(real, file);
    });
    await this.#watchHandles(real);
  }

  async #removeTree(real: typeof fileSystem, file: string): Promise<void> {
    const entries = await real.readdir(file, { withFileTypes: true }).catch(() => []);
    for (const entry of entries) {
      const inside = path.join(file, entry.name);
      if (entry.isDirectory()) await this.#removeTree(real, inside);
      else await this.#around('unlink', inside, () => real.unlink(inside).catch(() => {}));
    }
    await this.#around('rmdir', file, () => real.rm(file, { recursive: true, force: true }));
  }

  /** One prototype serves all open files. */
  async #watchHandles(real: typeof fileSystem): Promise<void> {
    const probe = await real.open('/', 'r');
    const prototype = Object.getPrototypeOf(probe) as Record<string, AnyFunction>;
    await probe.close();
    const writePart = prototype['write'] as AnyFunction;
    const { around, pathOf } = { around: this.#around.bind(this), pathOf: (handle: unknown) => this.#paths.get(handle as object) };
    const torn = this.#moment.bind(this);
    const isWatched = (file: unknown): boolean => this.#isWatched(file);
    for (const name of ['write', 'writeFile', 'appendFile', 'sync', 'datasync', 'truncate']) {
      replace(prototype, name, (act) => function (this: unknown, ...args) {
        const file = pathOf(this);
        return around(name, file, () => {
          if (name !== 'writeFile' || !isWatched(file) || typeof args[0] !== 'string') return act.apply(this, args);
          return tornWrite((part) => writePart.call(this, part) as Promise<unknown>, args[0], () => torn(`within ${name} ${stableName(file ?? '')}`));
        });
      });
    }
  }

  #watchProcesses(): void {
    const named = (act: AnyFunction, what: (args: unknown[]) => string): AnyFunction => {
      const moment = this.#moment.bind(this);
      return function (this: unknown, ...args) {
        moment(`before ${what(args)}`);
        const result = act.apply(this, args);
        moment(`after ${what(args)}`);
        return result;
      };
    };
    for (const name of ['spawn', 'execFile']) replace(childProcess, name, (act) => named(act, ([program]) => `${name} ${path.basename(String(program))}`));
    replace(process, 'kill', (act) => (...args) => (args[1] === 0 ? act.apply(process, args) : named(act, ([, signal]) => `signal ${String(signal)}`).apply(process, args)));
    replace(childProcess.ChildProcess.prototype, 'kill', (act) => named(act, ([signal]) => `signal ${String(signal)}`));
  }

  /** What speaks QMP or QGA is known by what it says: one JSON object a line. */
  #watchSockets(): void {
    const moment = this.#moment.bind(this);
    replace(net.Socket.prototype, 'write', (act) => function (this: unknown, ...args) {
      const command = /^\{"(?:execute|exec-oob)":"([^"]+)"/.exec(String(args[0]).slice(0, 200))?.[1];
      if (command !== undefined) moment(`before saying ${command}`);
      const result = act.apply(this, args);
      if (command !== undefined) moment(`after saying ${command}`);
      return result;
    });
    replace(net.Socket.prototype, 'emit', (emit) => function (this: unknown, ...args) {
      const heard = args[0] === 'data' ? linesHeard(String(args[1])) : [];
      if (heard.length > 0) moment(`before hearing ${heard.join(', ')}`);
      const result = emit.apply(this, args);
      if (heard.length > 0) moment(`after hearing ${heard.join(', ')}`);
      return result;
    });
  }
}

/** Functions of node:fs/promises that change something, and which argument is the file that is changed. */
const changers = { writeFile: 0, appendFile: 0, mkdir: 0, rmdir: 0, unlink: 0, truncate: 0, chmod: 0, chown: 0, lchown: 0, utimes: 0, rename: 1, link: 1, symlink: 1, copyFile: 1 } as const;

function isForWriting(flags: unknown): boolean {
  if (typeof flags === 'number') return (flags & (fs.constants.O_WRONLY | fs.constants.O_RDWR | fs.constants.O_CREAT)) !== 0;
  return flags !== undefined && flags !== 'r';
}

async function tornWrite(write: (part: Buffer) => Promise<unknown>, text: string, between: () => void): Promise<void> {
  const bytes = Buffer.from(text);
  await write(bytes.subarray(0, bytes.length >> 1));
  between();
  await write(bytes.subarray(bytes.length >> 1));
}

function replace(owner: object, name: string, around: (act: AnyFunction) => AnyFunction): void {
  const own = owner as Record<string, AnyFunction>;
  const act = own[name] as AnyFunction;
  Object.defineProperty(own, name, { value: around(act), configurable: true, writable: true, enumerable: true });
}

/** What differs from run to run is left out: folders, and the random part of a temporary file's name. */
function stableName(file: string): string {
  return path.basename(file).replace(/^\.(.*)\.[0-9a-f]{12}\.new$/, '$1 (new)').replace(/^owner\.[0-9a-f]{16}/, 'owner.ID');
}

function linesHeard(text: string): string[] {
  if (!text.startsWith('{')) return [];
  return text.split('\n').map((line) => /^\{.*"event": ?"(\w+)"/.exec(line)?.[1] ?? /^\{"(QMP|return|error)"/.exec(line)?.[1]).filter((found) => found !== undefined);
}

export const crashPoints = new CrashPoints();
