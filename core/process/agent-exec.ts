/**
 * A program run inside the guest by its agent, with what it printed. The agent's job is held only to start the program
 * and to ask for its end, so that a program that takes long keeps nobody from the agent. It runs with the agent's rights,
 * which are usually root's.
 */
import type { Agent } from '../agent/agent.ts';
import type { AgentResult } from '../agent/commands.ts';
import { VireoError } from '../base/errors.ts';
import type { Domain } from '../domain/domain.ts';
import type { Call } from '../job/call.ts';
import { withDomainAgent } from './agent-session.ts';
import type { ProcessContext } from './process-context.ts';

export interface GuestProgram {
  /** A path, or a name that is looked for where the agent's PATH says. */
  readonly program: string;
  readonly arguments: readonly string[];
  /** `NAME=value`, and then nothing else; none leaves the program the agent's own environment. */
  readonly environment: readonly string[];
  readonly input: Buffer | null;
  readonly timeoutMs: number;
}

export interface GuestProgramEnd {
  /** Null where a signal, or in Windows an exception, ended it. */
  readonly exitCode: number | null;
  readonly signal: number | null;
  readonly output: Buffer;
  readonly errors: Buffer;
  /** The agent cut what was printed (16 MiB in QEMU 7.2). */
  readonly isTruncated: boolean;
}

/** The answer with all that the program printed is one line; of this size it holds some 6 MB. */
const maximumReplyBytes = 8 * 1024 * 1024;
const shortestPauseMs = 50;
const longestPauseMs = 1_000;

/**
 * Resolves when the program has ended.
 * @throws OPERATION_TIMEOUT, and the call's own reason, both naming the program that runs on in the guest; OPERATION_FAILED
 *   where it printed more than an answer holds; or as `withDomainAgent`, where the program cannot be started for one.
 */
export async function runInGuest(context: ProcessContext, call: Call, domain: Domain, { program, arguments: args, environment, input, timeoutMs }: GuestProgram): Promise<GuestProgramEnd> {
  const { clock } = context;
  const nobodyWaits = call.clientGone ? AbortSignal.any([call.signal, call.clientGone]) : call.signal;
  const deadlineMs = clock.now() + timeoutMs;
  const request = {
    path: program,
    arg: args,
    ...(environment.length === 0 ? {} : { env: environment }),
    ...(input === null ? {} : { 'input-data': input.toString('base64') }),
    'capture-output': true,
  };
  const { pid } = await withDomainAgent(context, call, domain, 'modify', (agent) => agent.execute('guest-exec', request));
  for (let pauseMs = shortestPauseMs; ; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
    const status = await withDomainAgent(context, call, domain, 'query', (agent) => askForEnd(agent, pid, domain), { maximumReplyBytes });
    if (status.exited) return endOf(status);
    const leftMs = deadlineMs - clock.now();
    if (leftMs <= 0) throw runsOn('OPERATION_TIMEOUT', `it did not end within ${timeoutMs / 1_000} s`, pid, domain);
    await clock.sleep(Math.min(pauseMs, leftMs), nobodyWaits);
    if (nobodyWaits.aborted) throw runsOn('OPERATION_ABORTED', 'nobody waits for it any more', pid, domain);
  }
}

async function askForEnd(agent: Agent, pid: number, domain: Domain): Promise<AgentResult<'guest-exec-status'>> {
  try {
    return await agent.execute('guest-exec-status', { pid });
  } catch (error) {
    if (!(error instanceof VireoError) || error.details['maximumBytes'] === undefined) throw error;
    throw new VireoError('OPERATION_FAILED', `the program has ended and printed more than an answer of ${maximumReplyBytes} bytes holds; let it write to a file`, { domain: domain.identity, cause: error });
  }
}

function runsOn(code: 'OPERATION_TIMEOUT' | 'OPERATION_ABORTED', why: string, pid: number, domain: Domain): VireoError {
  return new VireoError(code, `the program runs on in the guest as process ${pid}: ${why}`, { domain: domain.identity, details: { guestPid: pid } });
}

function endOf(status: AgentResult<'guest-exec-status'>): GuestProgramEnd {
  return {
    exitCode: status.exitcode ?? null,
    signal: status.signal ?? null,
    output: Buffer.from(status['out-data'] ?? '', 'base64'),
    errors: Buffer.from(status['err-data'] ?? '', 'base64'),
    isTruncated: status['out-truncated'] || status['err-truncated'],
  };
}
