/**
 * Whether a program listens on a Unix socket, asked of the kernel and not by connecting: QEMU and swtpm serve one
 * client, and ours is still to come. That the file is there says too little, because bind() makes it before listen().
 */
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

/** `__SO_ACCEPTCON` of the kernel's net/unix/af_unix.c: the flags of a socket that listens. */
const acceptsConnections = '00010000';

const pollMs = 10;

/** Resolves when somebody listens on `socketPath`; rejects where nobody does in time. */
export async function listens(socketPath: string, timeoutMs = 20_000): Promise<void> {
  for (const endMs = performance.now() + timeoutMs; !(await isListening(socketPath)); await sleep(pollMs)) {
    if (performance.now() > endMs) throw new Error(`nobody listens on ${socketPath} after ${timeoutMs} ms`);
  }
}

async function isListening(socketPath: string): Promise<boolean> {
  const sockets = (await readFile('/proc/net/unix', 'utf8')).split('\n').map((line) => line.trim().split(/\s+/));
  return sockets.some((fields) => fields[3] === acceptsConnections && fields.slice(7).join(' ') === socketPath);
}
