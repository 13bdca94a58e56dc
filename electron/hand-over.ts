/**
 * One host owns a state folder; the app takes it from the screenless host when it starts and gives guests that run
 * back to one when it ends. Nothing passes between the two but files: the one closes, the other reconnects.
 */
import { spawn } from 'node:child_process';
import { open } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { type Host, type HostOptions, openHost } from '../core/api/host.ts';
import { connectLocal } from '../core/api/local-client.ts';
import { VireoError } from '../core/base/errors.ts';
import type { StateLayout } from '../core/status/state-folder.ts';

/** For the old owner to disconnect from its guests and go. */
const takeOverMs = 15_000;
const connectMs = 3_000;
/** A host that goes gives its folder free within moments; there is nothing to wait on but the owner file. */
const betweenTriesMs = 100;

const busyDetails = z.object({ owner: z.object({ role: z.string() }) });

/** Opens the host of the app; one without windows that owns the folder is asked to go first. */
export async function takeHost(options: HostOptions): Promise<Host> {
  try {
    return await openHost(options);
  } catch (error) {
    if (!isOwnedByScreenlessHost(error)) throw error;
  }
  const deadline = options.clock.now() + takeOverMs;
  await askToHandOver(options.layout);
  for (;;) {
    try {
      return await openHost(options);
    } catch (error) {
      if (!isOwnedByScreenlessHost(error) || options.clock.now() > deadline) throw error;
    }
    await options.clock.sleep(betweenTriesMs);
  }
}

function isOwnedByScreenlessHost(error: unknown): boolean {
  if (!(error instanceof VireoError) || error.code !== 'RESOURCE_BUSY') return false;
  const details = busyDetails.safeParse(error.details);
  return details.success && details.data.owner.role === 'host';
}

async function askToHandOver(layout: StateLayout): Promise<void> {
  let client;
  try {
    client = await connectLocal(layout.socket, 'the Vireo app', { deadlineMs: connectMs });
  } catch {
    return; // it is ending, or starting: the tries that follow will tell
  }
  try {
    await client.call('hostHandOver', {}, { timeoutMs: takeOverMs });
  } catch (error) {
    // The connection may close before the answer is through; what it refuses in words is meant.
    if (!(error instanceof VireoError && error.code === 'RPC')) throw error;
  } finally {
    client.close();
  }
}

export interface ScreenlessHostOptions {
  readonly layout: StateLayout;
  readonly packaged: boolean;
  /** Whether Chromium's sandbox is on; a user for whom it cannot work has none in the host either. */
  readonly sandbox: boolean;
  /** The folder that holds dist/. */
  readonly appFolder: string;
  readonly env: NodeJS.ProcessEnv;
}

/** Starts the screenless host in a session of its own, so that it outlives this process; resolves once it is started. */
export async function startScreenlessHost(options: ScreenlessHostOptions): Promise<void> {
  const { program, args, env } = screenlessCommand(options);
  const log = await open(path.join(options.layout.logs, 'host.log'), 'a', 0o600);
  try {
    const child = spawn(program, args, { detached: true, stdio: ['ignore', log.fd, log.fd], env, cwd: options.layout.root });
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', reject);
    });
    child.unref();
  } finally {
    await log.close();
  }
}

/**
 * In a checkout plain Node runs the command's bundle, else Electron as Node, which a checkout's Electron allows. In a
 * package there is one binary, which serves without a screen and without windows.
 */
export function screenlessCommand(options: ScreenlessHostOptions): { program: string; args: string[]; env: NodeJS.ProcessEnv } {
  const { layout, env } = options;
  if (options.packaged) {
    const args = ['--host', `--home=${layout.root}`, '--ozone-platform=headless', ...(options.sandbox ? [] : ['--no-sandbox'])];
    return { program: process.execPath, args, env };
  }
  const args = [path.join(options.appFolder, 'dist', 'vireo.cjs'), 'host', '--home', layout.root];
  const node = env['VIREO_NODE'];
  if (node) return { program: node, args, env };
  return { program: process.execPath, args, env: { ...env, ELECTRON_RUN_AS_NODE: '1' } };
}
