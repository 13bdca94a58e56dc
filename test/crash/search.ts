/** Every death of every scenario, or a sample of them: the moments are counted by letting the host live once. */
import { Random } from '../fuzz/random.ts';
import { findProgram } from '../../core/process/host-needs.ts';
import { type Aftermath, type Death, dieAt } from './crash-run.ts';
import type { CrashWorld, EmulatorKind } from './crash-world.ts';
import type { Scenario } from './scenario.ts';
import { scenarios } from './scenarios.ts';

export interface SearchOptions {
  readonly emulator: EmulatorKind;
  /** How many moments of each scenario to try; null tries all. */
  readonly sample: number | null;
  /** Which moments a sample takes. */
  readonly seed: number;
  /** One in so many scenarios, by the seed; 1 unless told. */
  readonly oneIn?: number;
  /** Only scenarios whose name has this in it. */
  readonly only?: string;
  readonly atOnce: number;
  /** Told of each scenario once it is through. */
  readonly onScenario?: (found: ScenarioFindings) => void;
}

export interface Finding {
  readonly scenario: string;
  readonly at: number | null;
  readonly moment: string;
  readonly wrong: readonly string[];
}

export interface ScenarioFindings {
  readonly scenario: string;
  readonly moments: readonly string[];
  readonly tried: number;
  readonly findings: readonly Finding[];
  readonly tookMs: number;
}

export async function search(world: CrashWorld, options: SearchOptions): Promise<readonly ScenarioFindings[]> {
  const random = new Random(options.seed);
  const all: ScenarioFindings[] = [];
  const oneIn = options.oneIn ?? 1;
  for (const scenario of scenarios.filter(({ name }, at) => name.includes(options.only ?? '') && at % oneIn === options.seed % oneIn)) {
    if (scenario.needs !== undefined && (await findProgram([scenario.needs])) === null) continue;
    const found = await searchScenario(world, scenario, options, random);
    all.push(found);
    options.onScenario?.(found);
  }
  return all;
}

async function searchScenario(world: CrashWorld, scenario: Scenario, { emulator, sample, atOnce }: SearchOptions, random: Random): Promise<ScenarioFindings> {
  const beganMs = performance.now();
  const findings: Finding[] = [];
  const note = ({ at }: Death, { moment, wrong }: Aftermath): void => {
    if (wrong.length > 0) findings.push({ scenario: scenario.name, at, moment: moment ?? 'its end', wrong });
  };
  // Death at the end counts too: it is where the moments are counted.
  const whole: Death = { scenario, emulator, at: null };
  const counted = await dieAt(world, whole);
  note(whole, counted);
  const moments = counted.moments ?? [];
  const chosen = choose(moments.length, sample, random);
  const left = chosen.values();
  const lane = async (): Promise<void> => {
    for (const at of left) {
      const death: Death = { scenario, emulator, at };
      note(death, await dieAt(world, death));
    }
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
  return { scenario: scenario.name, moments, tried: chosen.length + 1, findings: findings.toSorted((one, other) => (one.at ?? Infinity) - (other.at ?? Infinity)), tookMs: performance.now() - beganMs };
}

/** Spread over the whole scenario, each from its own part of it. */
function choose(count: number, sample: number | null, random: Random): readonly number[] {
  if (sample === null || sample >= count) return Array.from({ length: count }, (_, index) => index + 1);
  return Array.from({ length: sample }, (_, part) => Math.floor(((part + random.next()) * count) / sample) + 1);
}

/** One line a person reads at the end. */
export function summarize(found: readonly ScenarioFindings[], emulator: EmulatorKind): string {
  const sum = (of: (each: ScenarioFindings) => number): number => found.reduce((total, each) => total + of(each), 0);
  const wrong = sum(({ findings }) => findings.length);
  const outcome = wrong === 0 ? '0 guests lost, doubled or left unmanaged' : `${wrong} of them left something wrong`;
  return `${sum(({ tried }) => tried)} deaths at ${sum(({ moments }) => moments.length)} moments of ${found.length} scenarios, ${emulator} QEMU: ${outcome} (${(sum(({ tookMs }) => tookMs) / 1_000).toFixed(0)} s)`;
}
