/** One death: a scenario played in a process of its own up to one moment, and what the next host makes of what is left. */
import { spawn } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import type { CrashWorld, EmulatorKind } from './crash-world.ts';
import type { HostWords } from './host-words.ts';
import { inspect } from './oracles.ts';
import { endEverythingOf } from './processes.ts';
import type { Scenario } from './scenario.ts';

export interface Death {
  readonly scenario: Scenario;
  readonly emulator: EmulatorKind;
  /** Number of the moment, from 1; null lets the host come to the end of the scenario, and counts. */
  readonly at: number | null;
}

export interface Aftermath {
  /** Where it died; null when it came to the end before, and died there. */
  readonly moment: string | null;
  /** Every moment of the scenario, when it came to its end. */
  readonly moments: readonly string[] | null;
  /** What was found wrong, in words; empty when all is as it must be. */
  readonly wrong: readonly string[];
}

const hostLimitMs = 60_000;

/** Plays the death, inspects what is left, and clears it away. */
export async function dieAt(world: CrashWorld, death: Death): Promise<Aftermath> {
  const { scenario } = death;
  const home = await world.makeHome();
  try {
    const words = scenario.act === 'open' ? await playOpening(world, home, death) : await playHost(world, home, death, 'all');
    const pids = new Map(words.flatMap((each) => ('pids' in each ? Object.entries(each.pids) : [])));
    const died = words.find((each) => 'died' in each);
    const ended = words.find((each) => 'moments' in each);
    const wrong = died || ended ? await inspect({ home, scenario, pidsBefore: pids }) : [`the host ended by itself: ${JSON.stringify(words)}`];
    return { moment: died?.died ?? null, moments: ended?.moments ?? null, wrong };
  } catch (error) {
    return { moment: null, moments: null, wrong: [String((error as Error).stack)] };
  } finally {
    await endEverythingOf(home);
    for (const folder of [home, `${home}-leases`]) await rm(folder, { recursive: true, force: true });
  }
}

async function playOpening(world: CrashWorld, home: string, death: Death): Promise<readonly HostWords[]> {
  const first = await playHost(world, home, { ...death, at: null }, 'first');
  const pids = new Map(first.flatMap((each) => ('pids' in each ? Object.entries(each.pids) : [])));
  await death.scenario.meanwhile?.(home, pids);
  return [...first, ...(await playHost(world, home, death, 'second'))];
}

/** @returns what it said until it died. @throws when it says too little in its time. */
async function playHost(world: CrashWorld, home: string, { scenario, emulator, at }: Death, part: 'all' | 'first' | 'second'): Promise<readonly HostWords[]> {
  const argv = [world.hostProgram, home, world.emulator(emulator), scenario.name, part, ...(at === null ? [] : [String(at)])];
  const child = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'pipe'] });
  let [said, complaint] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complaint = `${complaint}${text}`.slice(0, 4_000)));
  const timer = setTimeout(() => child.kill('SIGKILL'), hostLimitMs);
  const ending = await new Promise<string>((resolve, reject) => {
    child.once('error', reject).once('close', (code, signal) => resolve(signal ?? `exit code ${code}`));
  });
  clearTimeout(timer);
  const words = said.split('\n').filter((line) => line !== '').map((line) => JSON.parse(line) as HostWords);
  if (!isDeepStrictEqual(ending, 'SIGKILL') || words.length === 0) throw new Error(`the host ended with ${ending}: ${complaint || said}`);
  return words;
}
