/** A question about one domain, whose answer somebody waits for: an error says why there is none, after a second at most. */
import { VireoError, asVireoError } from '../base/errors.ts';
import type { Domain } from '../domain/domain.ts';
import type { Call } from '../job/call.ts';
import { startDeadline } from '../monitor/deadline.ts';
import { requireLive } from '../process/power.ts';
import type { ProcessContext } from '../process/process-context.ts';
import { answerMs } from './patience.ts';
import { type QemuAnswers, type QemuQuestions, askQemu, noQuestions } from './qemu-answers.ts';
import { queryDomain } from './query-domain.ts';

/** @throws OPERATION_INVALID `domain is not running`, RESOURCE_BUSY naming who is in the way, OPERATION_TIMEOUT. */
export async function askOne(context: ProcessContext, call: Call, domain: Domain, questions: Partial<QemuQuestions>): Promise<QemuAnswers> {
  requireLive(domain);
  using deadline = startDeadline(context.clock, answerMs, call.signal, () => new VireoError('OPERATION_TIMEOUT', `QEMU did not answer within ${answerMs / 1000} s`, { domain: domain.identity }));
  const { signal } = deadline;
  const answers = await queryDomain(call, domain, { clock: context.clock, signal }, (monitor) => askQemu(monitor, { ...noQuestions, ...questions }, signal));
  if (answers.failure !== null) throw asVireoError(answers.failure);
  return answers;
}
