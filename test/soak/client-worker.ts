/** One client of the soak, a process of its own so that it can be killed: it does what chance says until it is told to pause. */
import { stateLayout } from '../../core/status/state-folder.ts';
import { asVireoError, type VireoError } from '../../core/base/errors.ts';
import type { Client } from '../../core/api/client.ts';
import { connectLocal } from '../../core/api/local-client.ts';
import { Random } from '../fuzz/random.ts';
import type { FromWorker, ToWorker } from './messages.ts';
import { operations } from './operations.ts';

export interface ClientPlan {
  readonly home: string;
  readonly images: string;
  readonly number: number;
  readonly seed: number;
  readonly domains: readonly string[];
}

/** A call that takes longer hangs: a job is waited for at most 30 s, and a start as long again for QEMU. */
const callLimitMs = 100_000;
const reconnectLimitMs = 90_000;
const reportEveryMs = 1_000;

/** Refusals that are right whatever the others do; everything else is a finding. */
const expected: ReadonlySet<string> = new Set([
  'OPERATION_INVALID', // not running, already running, paused, no job
  'NO_DOMAIN', // undefined by another
  'DOM_EXIST',
  'OPERATION_TIMEOUT', // a QEMU that was stopped holds its domain
  'OPERATION_ABORTED', // destroyed while it was starting, the host closes
  'RESOURCE_BUSY', // another guest has the image
  'DEVICE_MISSING',
  'RPC', // the host was killed
]);

/** What chaos does to others' work, in the words that tell it. */
const consequences: readonly RegExp[] = [
  /Active console session exists/,
  /process exited while connecting to monitor/, // killed while it started
  /cannot connect to console/,
  /the monitor|monitor socket/,
  /no space left|ENOSPC/i, // the disk is full
  /did not end within \d+ s of SIGTERM/, // it was stopped
  /cannot acquire state change lock/,
  /domain is transient/,
  /no job is active|cannot abort/,
];

export async function runClient(plan: ClientPlan): Promise<void> {
  const random = new Random(plan.seed);
  const names = Object.entries(operations).flatMap(([name, { weight }]) => Array.from({ length: weight }, () => name));
  const counts = new Map<string, Map<string, number>>();
  const orders = new Orders(counts);
  let made = 0;
  let client: Client | null = null;
  for (;;) {
    await orders.whilePaused();
    if (client === null || client.closed.aborted) client = await connectLocal(stateLayout(plan.home).socket, `soak ${plan.number}`, { deadlineMs: reconnectLimitMs, waitForHost: true });
    const name = random.pick(names);
    const domain = random.pick(plan.domains);
    const fresh = (): string => `soak-t-${plan.number}-${process.pid}-${++made}`;
    const outcome = await attempt(() => operations[name]!.run({ client: client!, random, domain, images: plan.images, fresh }));
    orders.count(name, outcome === null ? 'ok' : outcome.code);
    if (outcome !== null && !isExpected(outcome)) tell({ type: 'finding', finding: { operation: name, domain, what: `${outcome.code}: ${outcome.message}` } });
  }
}

/** Null where it went well. */
async function attempt(work: () => Promise<unknown>): Promise<VireoError | null> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`it hangs: no answer within ${callLimitMs / 1_000} s`)), callLimitMs);
  });
  try {
    await Promise.race([work(), late]);
    return null;
  } catch (error) {
    return asVireoError(error);
  } finally {
    clearTimeout(timer);
  }
}

function isExpected({ code, message }: VireoError): boolean {
  return expected.has(code) || consequences.some((words) => words.test(message));
}

/** What the soak tells this client, and what it is told. */
class Orders {
  #paused = false;
  #told = true;
  #wake = (): void => {};
  readonly #counts: Map<string, Map<string, number>>;

  constructor(counts: Map<string, Map<string, number>>) {
    this.#counts = counts;
    process.on('message', (message: ToWorker) => {
      this.#paused = message.type === 'pause';
      this.#told = false;
      this.#wake();
    });
    process.on('disconnect', () => process.exit());
    setInterval(() => this.#report(), reportEveryMs).unref();
  }

  count(operation: string, outcome: string): void {
    const outcomes = this.#counts.get(operation) ?? new Map<string, number>();
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    this.#counts.set(operation, outcomes);
  }

  /** Nothing of this client is under way while it waits here. */
  async whilePaused(): Promise<void> {
    while (this.#paused) {
      if (!this.#told) {
        this.#told = true;
        this.#report();
        tell({ type: 'paused' });
      }
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  #report(): void {
    if (this.#counts.size === 0) return;
    tell({ type: 'counts', counts: Object.fromEntries([...this.#counts].map(([name, outcomes]) => [name, Object.fromEntries(outcomes)])) });
    this.#counts.clear();
  }
}

function tell(message: FromWorker): void {
  process.send?.(message, undefined, undefined, () => {});
}
