/** What befalls the soak from outside: processes are killed and stopped, clients vanish, the disk is full for a while. */
import { open, rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../fuzz/random.ts';
import { qemuProcessesOf } from '../support/open-test-host.ts';

export interface Scene {
  readonly home: string;
  readonly random: Random;
  /** Null where the state folder is no disk of its own. */
  readonly fillableFolder: string | null;
  readonly hostMayEnd: boolean;
  killHost(): Promise<void>;
  closeHost(): Promise<void>;
  killClient(): Promise<void>;
  count(what: string): void;
}

/** Longer than a monitor is silent before it is told of, shorter than a job is waited for. */
const longestStopMs = 8_000;
const fullForMs = 4_000;

interface Blow {
  readonly weight: number;
  readonly needs?: 'host that may end' | 'disk of its own';
  strike(scene: Scene): Promise<void>;
}

export const blows: Readonly<Record<string, Blow>> = {
  'QEMU killed': { weight: 6, strike: (scene) => signalOne(scene, 'SIGKILL') },
  'QEMU told to end': { weight: 1, strike: (scene) => signalOne(scene, 'SIGTERM') },
  'QEMU stopped for a while': { weight: 3, strike: stopOne },
  'host killed': { weight: 3, needs: 'host that may end', strike: (scene) => scene.killHost() },
  'host closed and opened': { weight: 2, needs: 'host that may end', strike: (scene) => scene.closeHost() },
  'client killed': { weight: 4, strike: (scene) => scene.killClient() },
  'disk full for a while': { weight: 1, needs: 'disk of its own', strike: fillDisk },
};

/** One blow by chance; resolves when it is over. */
export async function strike(scene: Scene): Promise<void> {
  const possible = Object.entries(blows).filter(([, { needs }]) => (needs !== 'host that may end' || scene.hostMayEnd) && (needs !== 'disk of its own' || scene.fillableFolder !== null));
  const name = scene.random.pick(possible.flatMap(([each, { weight }]) => Array.from({ length: weight }, () => each)));
  scene.count(name);
  await blows[name]!.strike(scene);
}

async function signalOne({ home, random }: Scene, signal: NodeJS.Signals): Promise<void> {
  const pids = await qemuProcessesOf(home);
  if (pids.length > 0) send(random.pick(pids), signal);
}

async function stopOne({ home, random }: Scene): Promise<void> {
  const pids = await qemuProcessesOf(home);
  if (pids.length === 0) return;
  const pid = random.pick(pids);
  send(pid, 'SIGSTOP');
  await sleep(1_000 + random.below(longestStopMs));
  send(pid, 'SIGCONT');
}

async function fillDisk({ fillableFolder }: Scene): Promise<void> {
  const file = `${fillableFolder}/filler`;
  const handle = await open(file, 'w');
  const block = Buffer.alloc(1 << 20);
  try {
    for (;;) await handle.write(block);
  } catch {
    await sleep(fullForMs); // it is full now
  } finally {
    await handle.close();
    await rm(file, { force: true });
  }
}

/** It may have ended since it was looked for. */
function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // it has
  }
}
