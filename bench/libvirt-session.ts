/**
 * A libvirt daemon of its own, as a user has one for `qemu:///session`: nothing of the system's libvirt is touched, and
 * all that it has lies in one folder. As root it runs as nobody, because root's is always the system's.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, chown, constants, copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { listens } from '../test/support/listens.ts';
import { qemuProcessesOf } from '../test/support/open-test-host.ts';
import { CannotMeasure } from './bench.ts';

const programs = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const nobody = 65_534;
/** Of a daemon that nobody asks anything; it ends by itself if we are killed. */
const idleSeconds = 120;
const endMs = 10_000;

/** A program with what it needs around it. */
export interface Invocation {
  readonly program: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

export interface LibvirtSession extends AsyncDisposable {
  /** `libvirt 9.0.0`, say. */
  readonly version: string;
  /** How to run a program as this daemon's user, so that virsh finds it. */
  invocation(words: readonly string[]): Invocation;
  virsh(...words: string[]): Promise<string>;
  /** Puts a file, by its path or its bytes, where the daemon's QEMU may use it. */
  give(name: string, from: string | Uint8Array): Promise<string>;
  /** Defines and starts a domain. */
  start(name: string, xml: string): Promise<void>;
}

/** @throws CannotMeasure where there is no libvirt, or no `script` to give its client a terminal. */
export async function openLibvirtSession(signal: AbortSignal): Promise<LibvirtSession> {
  await mustHave(['libvirtd', 'virsh'], 'libvirt-daemon-system is not installed');
  await mustHave(['script', 'setpriv'], "util-linux's script is not installed");
  const folder = await mkdtemp('/tmp/vireo-');
  const isRoot = process.getuid?.() === 0;
  const own = async (place: string): Promise<void> => {
    if (isRoot) await chown(place, nobody, nobody);
  };
  const env = { PATH: programs, LANG: 'C', TERM: 'dumb', HOME: folder, XDG_RUNTIME_DIR: `${folder}/run`, XDG_CONFIG_HOME: `${folder}/config`, XDG_CACHE_HOME: `${folder}/cache`, XDG_DATA_HOME: `${folder}/data`, LIBVIRT_AUTOSTART: '0' };
  const invocation = (words: readonly string[]): Invocation => {
    const all = isRoot ? ['setpriv', `--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups', ...words] : words;
    return { program: all[0] as string, args: all.slice(1), env };
  };
  for (const each of ['', 'run', 'config', 'config/libvirt', 'cache', 'data']) {
    await mkdir(path.join(folder, each), { recursive: true, mode: 0o700 });
    await own(path.join(folder, each));
  }
  // No second daemon for logs that nobody reads.
  await writeFile(path.join(folder, 'config/libvirt/qemu.conf'), 'stdio_handler = "file"\nsecurity_driver = "none"\n');
  const daemon = invocation(['libvirtd', '--timeout', String(idleSeconds)]);
  const child = spawn(daemon.program, daemon.args, { env: daemon.env, stdio: 'ignore' });
  child.on('error', () => {});
  const virsh = async (...words: string[]): Promise<string> => {
    const { program, args, env: environment } = invocation(['virsh', '-q', '-c', 'qemu:///session', ...words]);
    return (await promisify(execFile)(program, args, { env: environment, signal, timeout: 30_000 })).stdout.trim();
  };
  const give = async (name: string, from: string | Uint8Array): Promise<string> => {
    const place = path.join(folder, name);
    if (typeof from === 'string') await copyFile(from, place);
    else await writeFile(place, from);
    await own(place);
    return place;
  };
  const session = {
    invocation,
    virsh,
    give,
    async start(name: string, xml: string) {
      await virsh('define', await give(`${name}.xml`, Buffer.from(xml)));
      await virsh('start', name);
    },
    [Symbol.asyncDispose]: () => end(child, folder),
  };
  try {
    await listens(`${env.XDG_RUNTIME_DIR}/libvirt/libvirt-sock`);
    return { ...session, version: `libvirt ${await virsh('--version')}` };
  } catch (error) {
    await end(child, folder);
    throw error;
  }
}

/** The guests first: a daemon leaves them running. */
async function end(child: ChildProcess, folder: string): Promise<void> {
  for (const pid of await qemuProcessesOf(folder)) process.kill(pid, 'SIGKILL');
  if (child.exitCode === null && child.signalCode === null && child.pid !== undefined) {
    const exited = once(child, 'exit');
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), endMs);
    await exited;
    clearTimeout(timer);
  }
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
}

async function mustHave(names: readonly string[], otherwise: string): Promise<void> {
  for (const name of names) {
    const found = await Promise.all(programs.split(':').map((folder) => access(path.join(folder, name), constants.X_OK).then(() => true, () => false)));
    if (!found.includes(true)) throw new CannotMeasure(`not measured: ${otherwise}`);
  }
}
