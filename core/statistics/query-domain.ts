/**
 * A question to QEMU that must not wait: not for a job that bars queries (B6), not behind a command that QEMU hangs in.
 * What cannot be asked now is told with who is in the way, at once.
 */
import { VireoError } from '../base/errors.ts';
import type { Clock } from '../base/clock.ts';
import type { Domain } from '../domain/domain.ts';
import { Call } from '../job/call.ts';
import type { ReadMonitor } from '../job/domain-run.ts';
import { answerMs } from './patience.ts';

export interface QueryOptions {
  readonly clock: Clock;
  /** Gives up: the caller's patience is at its end. */
  readonly signal: AbortSignal;
  /** Does not wait for who holds the domain either. */
  readonly nowait?: boolean;
}

/**
 * Runs `ask` under a query job of its own.
 * @throws RESOURCE_BUSY naming who is in the way, OPERATION_TIMEOUT, OPERATION_INVALID `domain is not running`.
 */
export async function queryDomain<T>(call: Call, domain: Domain, options: QueryOptions, ask: (monitor: ReadMonitor) => Promise<T>): Promise<T> {
  const obstacle = obstacleOf(domain, options);
  if (obstacle) throw obstacle;
  const own = new Call({ owner: call.owner, client: call.client, signal: options.signal, log: call.log });
  await using job = await domain.jobs.begin(own, 'query');
  return await ask(job.monitor());
}

/** Why QEMU cannot be asked now; null where nothing is known to be in the way. */
function obstacleOf(domain: Domain, { clock, nowait = false }: QueryOptions): VireoError | null {
  const nowMs = clock.now();
  const { live } = domain;
  if (!live || live.died.aborted) return new VireoError('OPERATION_INVALID', 'domain is not running', { domain: domain.identity });
  const { sync, async: asyncJob } = domain.jobs.status();
  const holder = domain.jobs.bars('query') ? asyncJob : nowait ? sync : null;
  if (holder) {
    const { kind, owner, client } = holder;
    return busy(domain, `QEMU cannot be asked during ${kind}`, { holders: [{ client, owner, ageMs: nowMs - holder.sinceMs }] });
  }
  const answering = live.answering(nowMs);
  const late = answering.state === 'silent' ? answering : live.outstanding();
  if (late && late.forMs >= answerMs) return busy(domain, `QEMU does not answer '${late.command}' for ${Math.round(late.forMs / 1000)} s`);
  return null;
}

function busy(domain: Domain, text: string, details: Readonly<Record<string, unknown>> = {}): VireoError {
  return new VireoError('RESOURCE_BUSY', text, { domain: domain.identity, details });
}
