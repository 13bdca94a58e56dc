/**
 * The guest agent over its virtio-serial channel, for as long as one piece of work takes. QEMU's chardev takes one
 * client and keeps nothing for the next, so the connection is made on demand and closed after; only the holder of the
 * domain's agent job may ask for one (`AgentJob.whileAlive`, core/job).
 *
 * The other end is whatever program in the guest has the port open. Bytes are read only while an answer is awaited and
 * one chunk a turn, so a guest that floods meets a full socket; lines, their nesting, wrong answers and every wait have
 * limits.
 */
import { randomInt } from 'node:crypto';
import type { Clock } from '../base/clock.ts';
import { type ErrorDomain, invariant, VireoError } from '../base/errors.ts';
import type { Emitter } from '../base/events.ts';
import type { Log } from '../base/log.ts';
import { startDeadline } from '../monitor/deadline.ts';
import { AgentChannel } from './agent-channel.ts';
import { agentDisconnected, agentRefusal } from './agent-error.ts';
import { type AgentLine, sentinel } from './agent-lines.ts';
import { type AgentMessage, parseAgentMessage } from './agent-message.ts';
import { agentAnswers, type AgentArgumentsRest, type AgentCommand, type AgentResult, defaultTimeoutMs, type GuestShutdownMode, type GuestSleep } from './commands.ts';

export interface AgentOptions {
  /** The socket of the channel's chardev, at most 100 bytes. */
  readonly path: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Ends everything under way with its reason: the domain died, or the caller gave up. */
  readonly signal: AbortSignal;
  /** Named by every error. */
  readonly domain: ErrorDomain;
  /** How long the agent may take to connect, and before each command to show that it listens; default 5,000. */
  readonly syncTimeoutMs?: number | undefined;
  /** How long a command may take that says nothing itself; null for as long as `signal` allows, undefined for the command's own. */
  readonly commandTimeoutMs?: number | null | undefined;
  /** Fires when somebody in the guest has opened the port, perhaps anew: the agent may be another one than was asked. */
  readonly reopened?: Pick<Emitter<void>, 'on'> | undefined;
  /** Default 1 MiB, many times the longest answer of the typed commands. */
  readonly maximumReplyBytes?: number | undefined;
}

export interface AgentExecuteOptions {
  /** How long the command itself may take, once the agent listens; null for as long as the agent's `signal` allows. */
  readonly timeoutMs?: number | null | undefined;
  /** Called when the command has been sent: from then on the agent may carry it out, whatever becomes of its answer. */
  readonly onSent?: (() => void) | undefined;
}

export interface GuestDemandOptions {
  /** Default 60,000: the agent waits for the guest's own programs. */
  readonly timeoutMs?: number | undefined;
  /** Aborts once the guest is seen to obey: QEMU told of its shutdown, reset or sleep. That counts as success. */
  readonly obeyed?: AbortSignal | undefined;
}

const defaultSyncTimeoutMs = 5_000;
const defaultDemandTimeoutMs = 60_000;
const defaultMaximumReplyBytes = 1024 * 1024;

/** Answers to earlier synchronizations may still be on their way; a guest that sends more of them makes fun of us. */
const maximumWrongAnswers = 100;
const maximumSyncAnswerBytes = 100;

/**
 * Connects to the agent, does `work` and closes; the agent is of no use afterwards.
 * @throws AGENT_UNRESPONSIVE where nothing answers, AGENT_UNSYNCED, the signal's reason, or what `work` throws.
 */
export async function withAgent<T>(options: AgentOptions, work: (agent: Agent) => Promise<T>): Promise<T> {
  try {
    await using channel = await AgentChannel.open(options.path, {
      clock: options.clock,
      signal: options.signal,
      timeoutMs: options.syncTimeoutMs ?? defaultSyncTimeoutMs,
      maximumLineBytes: options.maximumReplyBytes ?? defaultMaximumReplyBytes,
    });
    return await work(new Agent(channel, options));
  } catch (error) {
    throw error instanceof VireoError ? error.about(options.domain) : error;
  }
}

/** One command at a time. Before each the agent is synchronized with, so that no late answer is taken for another's. */
export class Agent {
  readonly #channel: AgentChannel;
  readonly #options: AgentOptions;
  #busy = false;

  /** Made by `withAgent` alone. */
  constructor(channel: AgentChannel, options: AgentOptions) {
    this.#channel = channel;
    this.#options = options;
  }

  /**
   * Executes a command of the typed table. Giving up after the timeout does not undo it: the agent may still carry it out.
   * @throws what `isAgentRefusal` tells apart, AGENT_COMMAND_TIMEOUT, AGENT_UNRESPONSIVE, AGENT_UNSYNCED, the signal's reason.
   */
  execute<C extends AgentCommand>(command: C, ...[args, options = {}]: AgentArgumentsRest<C, AgentExecuteOptions>): Promise<AgentResult<C>> {
    return this.#alone(async () => {
      const parsed = agentAnswers[command].safeParse(await this.#ask(command, args, options));
      if (parsed.success) return parsed.data as AgentResult<C>;
      throw nonsense(command, `an answer of the wrong shape at '${parsed.error.issues[0]?.path.join('.') ?? ''}'`);
    });
  }

  /** Executes any command that this agent may have and that answers; nothing is checked, and the answer is the guest's word. */
  executeUnchecked(command: string, args?: Readonly<Record<string, unknown>>, options: AgentExecuteOptions = {}): Promise<unknown> {
    return this.#alone(() => this.#ask(command, args, options));
  }

  /** Sends a command to an agent that listens, and does not wait for what it answers; it is the last one. */
  sendUnchecked(command: string, args?: Readonly<Record<string, unknown>>): Promise<void> {
    return this.#alone(async () => {
      await this.#synchronize();
      const { clock, signal, syncTimeoutMs = defaultSyncTimeoutMs } = this.#options;
      using deadline = startDeadline(clock, syncTimeoutMs, signal, () => noAnswer(command, syncTimeoutMs));
      this.#send(command, args);
      await this.#channel.finish(deadline.signal);
    });
  }

  /** Asks the guest to shut down, reboot or halt, and resolves once it has agreed; its end is told by QEMU's events. */
  shutdown(mode: GuestShutdownMode, options: GuestDemandOptions = {}): Promise<void> {
    return this.#demand('guest-shutdown', { mode }, options);
  }

  /** Asks the guest to sleep, and resolves once it does or has slept; QEMU's events tell when. */
  sleep(how: GuestSleep, options: GuestDemandOptions = {}): Promise<void> {
    return this.#demand(`guest-suspend-${how}`, {}, options);
  }

  /**
   * The agent is silent where these commands succeed (QEMU 7.2) and answers only a failure. But it does one thing after
   * the other, so a synchronization sent right behind tells: its answer without an error before it is the success. A
   * guest may be gone before it gives that answer; then `obeyed`, or the end of the channel with QEMU, is the success.
   * Where none of these comes in time it is unknown whether the guest obeys, and that is AGENT_COMMAND_TIMEOUT.
   */
  #demand(command: string, args: Readonly<Record<string, unknown>>, options: GuestDemandOptions): Promise<void> {
    return this.#alone(async () => {
      await this.#synchronize();
      const timeoutMs = options.timeoutMs ?? defaultDemandTimeoutMs;
      using deadline = startDeadline(this.#options.clock, timeoutMs, this.#options.signal, () => noAnswer(command, timeoutMs));
      const { obeyed } = options;
      const signal = obeyed ? AbortSignal.any([deadline.signal, obeyed]) : deadline.signal;
      this.#send(command, args);
      const id = this.#sendSync();
      const line = await this.#channel.find((candidate) => !candidate.afterSentinel || isAnswerTo(id, candidate), signal).catch((error: unknown) => {
        if (obeyed?.aborted || this.#channel.ended) return null;
        throw error;
      });
      if (line && !line.afterSentinel) resultOf(command, parseAgentMessage(line.bytes));
    });
  }

  async #alone<T>(work: () => Promise<T>): Promise<T> {
    invariant(!this.#busy, 'an agent is asked one thing at a time');
    this.#busy = true;
    try {
      return await work();
    } catch (error) {
      throw error instanceof VireoError ? error.about(this.#options.domain) : error;
    } finally {
      this.#busy = false;
    }
  }

  async #ask(command: string, args: Readonly<Record<string, unknown>> | undefined, options: AgentExecuteOptions): Promise<unknown> {
    const timeoutMs = this.#timeoutOf(command, options);
    await this.#synchronize(timeoutMs);
    const { clock, signal } = this.#options;
    using deadline = timeoutMs === null ? null : startDeadline(clock, timeoutMs, signal, () => noAnswer(command, timeoutMs));
    this.#send(command, args);
    options.onSent?.();
    const line = await this.#answer(deadline?.signal ?? signal);
    return resultOf(command, parseAgentMessage(line.bytes));
  }

  /**
   * The line that answers. When the port is opened meanwhile, a synchronization is sent behind the command: an agent that
   * knows the command answers it first, and one that was started since then does not know it.
   */
  async #answer(signal: AbortSignal): Promise<AgentLine> {
    const probes: number[] = [];
    using _watch = this.#options.reopened?.on(() => void probes.push(this.#sendSync()));
    const line = await this.#channel.find((candidate) => !candidate.afterSentinel || probes.some((id) => isAnswerTo(id, candidate)), signal);
    if (line.afterSentinel) throw agentDisconnected(this.#options.domain);
    return line;
  }

  #timeoutOf(command: string, { timeoutMs }: AgentExecuteOptions): number | null {
    if (timeoutMs !== undefined) return timeoutMs;
    const { commandTimeoutMs } = this.#options;
    return commandTimeoutMs === undefined ? defaultTimeoutMs(command) : commandTimeoutMs;
  }

  /** Resolves once everything that the agent owed to others has been skipped. */
  async #synchronize(commandTimeoutMs: number | null = null): Promise<void> {
    const { clock, signal, syncTimeoutMs = defaultSyncTimeoutMs } = this.#options;
    const timeoutMs = Math.min(syncTimeoutMs, commandTimeoutMs ?? syncTimeoutMs);
    using deadline = startDeadline(clock, timeoutMs, signal, () => notListening(timeoutMs));
    this.#channel.skipToSentinel();
    // It also voids half a command that an earlier client left in the agent's parser; the agent grumbles before its answer.
    this.#channel.write(Buffer.of(sentinel));
    const id = this.#sendSync();
    let wrongAnswers = 0;
    await this.#channel.find((line) => {
      if (!line.afterSentinel) return false;
      if (isAnswerTo(id, line)) return true;
      wrongAnswers += 1;
      if (wrongAnswers > maximumWrongAnswers) throw new VireoError('AGENT_UNSYNCED', String(id), { details: { wrongAnswers } });
      return false;
    }, deadline.signal);
  }

  #sendSync(): number {
    const id = randomInt(2 ** 47); // an earlier client's will not be the same
    this.#send('guest-sync-delimited', { id });
    return id;
  }

  #send(command: string, args?: Readonly<Record<string, unknown>>): void {
    this.#options.log.write('debug', 'agent command', { command });
    this.#channel.write(Buffer.from(`${JSON.stringify({ execute: command, arguments: args })}\n`));
  }
}

function isAnswerTo(id: number, line: AgentLine): boolean {
  if (!line.afterSentinel || line.bytes.length > maximumSyncAnswerBytes) return false;
  const message = parseAgentMessage(line.bytes);
  return message.kind === 'answer' && message.result === id;
}

function resultOf(command: string, message: AgentMessage): unknown {
  switch (message.kind) {
    case 'answer':
      return message.result;
    case 'refusal':
      throw agentRefusal(command, message.agentClass, message.text);
    case 'malformed':
      throw nonsense(command, message.why);
  }
}

/** Nothing was asked of it yet. */
function notListening(timeoutMs: number): VireoError {
  return new VireoError('AGENT_UNRESPONSIVE', `no answer to 'guest-sync-delimited' within ${timeoutMs / 1_000} s`, { details: { command: 'guest-sync-delimited', timeoutMs } });
}

/** It listened, and may still carry the command out. */
function noAnswer(command: string, timeoutMs: number): VireoError {
  return new VireoError('AGENT_COMMAND_TIMEOUT', `no answer to '${command}' within ${timeoutMs / 1_000} s`, { details: { command, timeoutMs } });
}

function nonsense(command: string, what: string): VireoError {
  return new VireoError('AGENT_UNRESPONSIVE', `in answer to '${command}' the guest sent ${what}`, { details: { command } });
}
