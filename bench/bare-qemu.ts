/** The least that starting a QEMU can take: the same argv, spawned with nothing around it, until its CPUs run. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, rm } from 'node:fs/promises';
import net from 'node:net';
import path from 'node:path';

/** How a running QEMU was started. */
export interface Launch {
  readonly argv: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly monitorPath: string;
}

export async function launchOf(pid: number): Promise<Launch> {
  const parts = async (file: string): Promise<string[]> => (await readFile(`/proc/${pid}/${file}`, 'utf8')).split('\0').slice(0, -1);
  const argv = await parts('cmdline');
  const environment = Object.fromEntries((await parts('environ')).map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
  const monitorPath = argv.flatMap((word) => /(?:"path":\s*"|path=)([^",]*\/m)(?:"|,|$)/.exec(word)?.[1] ?? []).at(0);
  if (monitorPath === undefined) throw new Error(`no monitor's path in ${argv.join(' ')}`);
  return { argv, environment, monitorPath };
}

export interface BareRun extends AsyncDisposable {
  readonly ms: number;
  /** SIGTERM until the process has ended, in milliseconds. */
  end(): Promise<number>;
}

/** Spawned until the answer to `cont`. The folder of its sockets is made, as a start has to make it too. */
export async function startBare({ argv, environment, monitorPath }: Launch, signal: AbortSignal): Promise<BareRun> {
  const folder = path.dirname(monitorPath);
  const beganMs = performance.now();
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const child = spawn(argv[0] as string, argv.slice(1), { detached: true, stdio: 'ignore', env: { ...environment }, cwd: '/' });
  const exited = once(child, 'exit');
  const end = async (): Promise<number> => {
    const endingMs = performance.now();
    if (isAlive(child)) child.kill('SIGTERM');
    await exited;
    const ms = performance.now() - endingMs;
    await rm(folder, { recursive: true, force: true });
    return ms;
  };
  try {
    const gone = exited.then(() => Promise.reject(new Error('the bare QEMU has ended')));
    gone.catch(() => {});
    await Promise.race([greetAndContinue(monitorPath, child, signal), gone]);
    return { ms: performance.now() - beganMs, end, [Symbol.asyncDispose]: async () => void (isAlive(child) && (await end())) };
  } catch (error) {
    child.kill('SIGKILL');
    await end();
    throw error;
  }
}

const isAlive = (child: ChildProcess): boolean => child.exitCode === null && child.signalCode === null;

/** The greeting, the two commands every client sends, and their answers. */
async function greetAndContinue(monitorPath: string, child: ChildProcess, signal: AbortSignal): Promise<void> {
  const socket = await connectSoon(monitorPath, child, signal);
  try {
    const lines = linesOf(socket);
    await lines.until((message) => 'QMP' in message);
    for (const execute of ['qmp_capabilities', 'cont']) {
      socket.write(`${JSON.stringify({ execute })}\n`);
      await lines.until((message) => 'return' in message);
    }
  } finally {
    socket.destroy();
  }
}

/** Asks every millisecond: the bare thing must not be slowed down by the one who waits for it. */
async function connectSoon(socketPath: string, child: ChildProcess, signal: AbortSignal): Promise<net.Socket> {
  for (;;) {
    signal.throwIfAborted();
    if (!isAlive(child)) throw new Error('the bare QEMU has ended');
    const socket = net.connect(socketPath);
    try {
      await once(socket, 'connect');
      socket.on('error', () => {});
      return socket;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }
}

function linesOf(socket: net.Socket): { until(wanted: (message: object) => boolean): Promise<void> } {
  let held = '';
  const messages: object[] = [];
  let wake = (): void => {};
  socket.on('data', (chunk: Buffer) => {
    held += chunk.toString();
    const lines = held.split('\n');
    held = lines.pop() as string;
    messages.push(...lines.map((line) => JSON.parse(line) as object));
    wake();
  });
  return {
    async until(wanted) {
      for (;;) {
        const found = messages.findIndex(wanted);
        if (found >= 0) return void messages.splice(0, found + 1);
        await new Promise<void>((resolve) => (wake = resolve));
      }
    },
  };
}
