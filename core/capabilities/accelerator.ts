/**
 * Which accelerator a start uses, decided by trying. A device that opens proves nothing, so a real guest has to run on
 * it, once for each binary, boot of the host and device; the verdict is kept on disk. The trial runs in the background
 * from the start of the driver: a good KVM has answered (0.3 s) before anybody presses Start, a bad one costs the
 * background its three seconds and no start a wait.
 */
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { HostAcceleration } from './host-acceleration.ts';
import type { Spawn } from './probed-process.ts';
import type { Accelerator, QemuCapabilities } from './qemu-capabilities.ts';
import { hasTestGuest, runTestGuest } from './test-guest.ts';
import type { TestRun } from './test-guest.ts';
import { readVerdict, writeVerdict } from './verdict-file.ts';

/** What a test guest may take on the host's accelerator before that counts as broken. */
const defaultTrialLimitMs = 3000;

/** A start waits for a verdict until this long after the trial began: a good one comes well before. */
const defaultPatienceMs = 1000;

export interface AcceleratorVerdict {
  readonly accelerator: Accelerator;
  /** Why this one, for the screen. */
  readonly reason: string;
  /** False while the trial still runs, or where it proved nothing: another time the answer may be another. */
  readonly isFinal: boolean;
}

export interface AcceleratorChoiceOptions {
  /** Where verdicts are kept. */
  readonly folder: string;
  readonly host: HostAcceleration;
  readonly spawn: Spawn;
  readonly clock: Clock;
  readonly log: Log;
  /** The driver's life: trials end with it. */
  readonly signal: AbortSignal;
  readonly trialLimitMs?: number;
  readonly patienceMs?: number;
  readonly temporaryFolder?: string;
}

interface Trial {
  readonly beganMs: number;
  readonly verdict: Promise<AcceleratorVerdict>;
}

export class AcceleratorChoice {
  readonly #options: AcceleratorChoiceOptions;
  readonly #trialLimitMs: number;
  readonly #trials = new Map<string, Trial>();

  constructor(options: AcceleratorChoiceOptions) {
    this.#options = options;
    this.#trialLimitMs = options.trialLimitMs ?? defaultTrialLimitMs;
  }

  /** The verdict, when it is there: at once if it is known, else after at most about twice the limit of a trial. */
  async verdict(capabilities: QemuCapabilities): Promise<AcceleratorVerdict> {
    return (await this.#trial(capabilities)).verdict;
  }

  /** What a start now uses: the verdict, or TCG where there is none a second after the trial began. */
  async forStart(capabilities: QemuCapabilities): Promise<AcceleratorVerdict> {
    const { clock, host } = this.#options;
    const trial = await this.#trial(capabilities);
    const leftMs = trial.beganMs + (this.#options.patienceMs ?? defaultPatienceMs) - clock.now();
    const enough = new AbortController();
    const undecided = clock.sleep(Math.max(leftMs, 0), enough.signal)
      .then(() => without(capabilities, host, `${host.name}: a test guest is still being tried`, false));
    try {
      return await Promise.race([trial.verdict, undecided]);
    } finally {
      enough.abort();
    }
  }

  /** Tries again whatever is known, as when somebody has repaired the host. */
  async retry(capabilities: QemuCapabilities): Promise<AcceleratorVerdict> {
    await this.verdict(capabilities);
    return (await this.#trial(capabilities, true)).verdict;
  }

  async #trial(capabilities: QemuCapabilities, anew = false): Promise<Trial> {
    const { clock, host } = this.#options;
    const beganMs = clock.now();
    const impossible = await whyNotTried(capabilities, host);
    if (impossible !== null) return { beganMs, verdict: Promise.resolve(without(capabilities, host, impossible, true)) };
    const identity = await host.identity();
    const name = `${capabilities.key} ${identity ?? ''}`;
    const known = anew ? undefined : this.#trials.get(name);
    if (known) return known;
    const trial = { beganMs, verdict: this.#decide(capabilities, identity, anew) };
    this.#trials.set(name, trial);
    // Who waits hears of a failure to try; the next one to ask tries anew.
    trial.verdict.catch(() => this.#trials.get(name) === trial && this.#trials.delete(name));
    return trial;
  }

  async #decide(capabilities: QemuCapabilities, identity: string | null, anew: boolean): Promise<AcceleratorVerdict> {
    const { folder, log } = this.#options;
    const kept = identity === null || anew ? null : await readVerdict(folder, capabilities.key, identity);
    if (kept) return { ...kept, isFinal: true };
    const verdict = await this.#try(capabilities);
    log.write('info', 'accelerator tried', { binary: capabilities.binary, ...verdict });
    if (identity !== null && verdict.isFinal) await writeVerdict(folder, capabilities.key, identity, verdict, log);
    return verdict;
  }

  async #try(capabilities: QemuCapabilities): Promise<AcceleratorVerdict> {
    const { host } = this.#options;
    const accelerator = host.accelerator ?? 'tcg';
    const run = await this.#run(capabilities, accelerator);
    if (run.outcome === 'ran') {
      return { accelerator, reason: `${host.name}: a test guest ran in ${Math.round(run.afterMs)} ms`, isFinal: true };
    }
    if (run.outcome === 'failed') return without(capabilities, host, `${host.name}: a test guest ${run.why}`, true);
    const tooLate = `${host.name}: it opens, but a test guest did not run within ${this.#trialLimitMs / 1000} s`;
    // On a host so busy that the guest does not make it without the accelerator either, nothing is proved.
    const control = capabilities.accelerators.includes('tcg') ? await this.#run(capabilities, 'tcg') : null;
    if (control === null || control.outcome === 'ran') return without(capabilities, host, tooLate, true);
    return without(capabilities, host, `${tooLate}, nor did it without ${host.name}`, false);
  }

  #run(capabilities: QemuCapabilities, accelerator: Accelerator): Promise<TestRun> {
    const { spawn, clock, signal, temporaryFolder } = this.#options;
    return runTestGuest(capabilities, accelerator, { spawn, clock, signal, temporaryFolder, limitMs: this.#trialLimitMs });
  }
}

/** The reason to do without a trial; null where one is needed. */
async function whyNotTried(capabilities: QemuCapabilities, host: HostAcceleration): Promise<string | null> {
  const { accelerator, name } = host;
  if (accelerator === null) return 'this system has no accelerator that QEMU knows';
  if (!capabilities.accelerators.includes(accelerator)) return `${name}: ${capabilities.binary} was built without it`;
  if (!host.guestArchs.includes(capabilities.arch)) return `${name}: this host runs no ${capabilities.arch} guests`;
  const obstacle = await host.obstacle();
  if (obstacle !== null) return `${name}: ${obstacle}`;
  return hasTestGuest(capabilities) ? null : `${name}: it cannot be tried with ${capabilities.binary}`;
}

/** TCG; a binary without it is left with the accelerator, and QEMU's own words when it fails. */
function without(capabilities: QemuCapabilities, host: HostAcceleration, reason: string, isFinal: boolean): AcceleratorVerdict {
  const accelerator = capabilities.accelerators.includes('tcg') ? 'tcg' : (host.accelerator ?? 'tcg');
  return { accelerator, reason, isFinal };
}
