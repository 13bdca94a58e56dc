/**
 * What QEMU tells unasked, handled in order, one domain after its own events, outside the monitor's read path: a
 * handler that waits for a job delays no other domain and no reply.
 */
import { asVireoError } from '../base/errors.ts';
import type { Domain } from '../domain/domain.ts';
import type { LiveDomain } from '../domain/live-domain.ts';
import { Call } from '../job/call.ts';
import type { QmpEvent } from '../monitor/commands.ts';
import { agentPort, withChannelState } from './agent-channel.ts';
import { endAfter } from './stop-domain.ts';
import type { ProcessContext } from './process-context.ts';

/** A guest that floods events fills no memory; what is dropped is told in the log. */
const maximumQueued = 1_000;

/** One guest reset is told as 2 to 19 RESET events (QEMU 7.2); those so close together are one reboot. */
const oneResetMs = 500;

export class MonitorEvents {
  readonly #context: ProcessContext;
  readonly #domain: Domain;
  readonly #live: LiveDomain;
  readonly #queue: (() => Promise<void> | void)[] = [];
  #held = true;
  #working = false;
  #lastResetMs = Number.NEGATIVE_INFINITY;

  constructor(context: ProcessContext, domain: Domain, live: LiveDomain) {
    this.#context = context;
    this.#domain = domain;
    this.#live = live;
  }

  /**
   * Lets events be handled. Until then they wait: what happens to a domain before its start, or before it was found
   * again, has been told, must be told after that.
   */
  release(): void {
    this.#held = false;
    void this.#work();
  }

  /** Called from the monitor's read path: it only queues. */
  readonly receive = (event: QmpEvent): void => {
    if (this.#queue.length >= maximumQueued) {
      this.#context.log.write('warning', 'too many events of a domain are waiting; one was dropped', { domain: this.#domain.name, event: event.event });
      return;
    }
    this.#enqueue(() => this.#handle(event));
  };

  /** Does `work` after every event that was received before, and before any that comes later. */
  afterwards(work: () => Promise<void>): void {
    this.#enqueue(work);
  }

  /** The monitor ended with QEMU; comes after every event that was received before. */
  ended(): void {
    this.#enqueue(() => this.#onEnd());
  }

  #enqueue(work: () => Promise<void> | void): void {
    this.#queue.push(work);
    void this.#work();
  }

  async #work(): Promise<void> {
    if (this.#held || this.#working) return;
    this.#working = true;
    for (let next = this.#queue.shift(); next; next = this.#queue.shift()) {
      if (this.#context.closing.aborted) break;
      try {
        await next();
      } catch (error) {
        this.#failed(error);
      }
    }
    this.#working = false;
  }

  #failed(error: unknown): void {
    this.#context.log.write('error', 'an event of a domain could not be handled', { domain: this.#domain.name, error: asVireoError(error).message });
  }

  #handle(event: QmpEvent): Promise<void> | void {
    if (this.#domain.live !== this.#live) return;
    switch (event.event) {
      case 'STOP':
        return this.#onStop();
      case 'RESUME':
        return this.#onResume();
      case 'SHUTDOWN':
        return this.#onShutdown(event.data.guest, event.data.reason);
      case 'RESET':
        return this.#onReset(event.data.guest);
      case 'GUEST_PANICKED':
        return this.#domain.transition({ state: 'crashed', reason: 'panicked' }, { event: 'crashed', detail: 'panicked' });
      case 'SUSPEND':
        return this.#domain.transition({ state: 'pmsuspended', reason: 'unknown' }, { event: 'pmsuspended', detail: 'memory' });
      case 'WAKEUP':
        return this.#onWakeup();
      case 'BLOCK_IO_ERROR':
        if (event.data.action === 'stop') this.#live.pauseReason = 'I/O error';
        return this.#context.hub.happened(this.#domain, 'io-error', event.data.reason);
      case 'WATCHDOG':
        if (event.data.action === 'pause') this.#live.pauseReason = 'watchdog';
        return this.#context.hub.happened(this.#domain, 'watchdog', event.data.action);
      case 'VSERPORT_CHANGE':
        return this.#onPort(event.data.id, event.data.open);
      case 'RTC_CHANGE':
        return this.#context.hub.happened(this.#domain, 'rtc-change', String(event.data.offset));
      case 'BALLOON_CHANGE':
        return this.#context.hub.happened(this.#domain, 'balloon-change', String(event.data.actual));
      default:
        return undefined;
    }
  }

  #onStop(): void {
    if (this.#domain.state !== 'running') return; // a guest that shut down stops too
    markPaused(this.#domain, this.#live);
  }

  #onResume(): void {
    if (this.#domain.state !== 'paused') return;
    markRunning(this.#domain);
  }

  #onWakeup(): void {
    if (this.#domain.state !== 'pmsuspended') return;
    this.#domain.transition({ state: 'running', reason: 'event wakeup' }, { event: 'started', detail: 'wakeup' });
  }

  #onShutdown(guest: boolean, reason: string): void {
    if (reason === 'host-signal' || reason === 'host-qmp-quit') {
      // Somebody ended QEMU from outside in good order: its end, which follows, is no crash.
      this.#live.endReason ??= 'shutdown';
      return;
    }
    this.#domain.transition({ state: 'in shutdown', reason: 'unknown' }, { event: 'shutdown', detail: guest ? 'guest' : 'host' });
    // Not waited for: the STOP that belongs to this shutdown must find the domain in it, not after a reboot.
    afterShutdown(this.#context, this.#domain, this.#live).catch((error: unknown) => this.#failed(error));
  }

  #onReset(guest: boolean): void {
    const now = this.#context.clock.now();
    const repeated = now - this.#lastResetMs < oneResetMs;
    this.#lastResetMs = now;
    if (repeated) return;
    this.#context.hub.happened(this.#domain, 'reboot', guest ? 'guest' : 'host');
  }

  #onPort(id: string, open: boolean): void {
    this.#live.definition = withChannelState(this.#live.definition, id, open); // consoles send this event too: no channel, no change
    if (agentPort(this.#live.definition) !== id) return;
    this.#live.agent = open ? 'connected' : 'disconnected';
    this.#context.hub.happened(this.#domain, 'agent-lifecycle', this.#live.agent);
  }

  async #onEnd(): Promise<void> {
    const { state } = this.#domain;
    await endAfter(this.#context, 'processMonitorEOF', this.#domain, this.#live, () => (state === 'in shutdown' ? 'shutdown' : 'crashed'));
  }
}

/** The CPUs stand still; the event goes out once, whether the command's reply or STOP is seen first. */
export function markPaused(domain: Domain, live: LiveDomain): void {
  if (domain.state === 'paused') return;
  const reason = live.pauseReason;
  live.pauseReason = 'unknown';
  const detail = reason === 'I/O error' ? 'ioerror' : reason === 'watchdog' ? 'watchdog' : 'paused';
  domain.transition({ state: 'paused', reason }, { event: 'suspended', detail });
}

export function markRunning(domain: Domain): void {
  if (domain.state === 'running') return;
  domain.transition({ state: 'running', reason: 'unpaused' }, { event: 'resumed', detail: 'unpaused' });
}

/**
 * The guest has shut down and QEMU, run with -no-shutdown, waits: reset it where the shutdown was one half of a reboot
 * or the definition wants a restart, keep it where it says preserve, else end it.
 */
export async function afterShutdown(context: ProcessContext, domain: Domain, live: LiveDomain): Promise<void> {
  const action = live.definition.onPoweroff;
  if (live.rebootOnShutdown || action === 'restart') {
    await restart(context, domain, live);
    return;
  }
  if (action === 'preserve') return;
  await endAfter(context, 'processShutdown', domain, live, () => 'shutdown');
}

/** A reboot that fails half way would leave a guest that nobody can use: it ends instead, as its shutdown would have. */
async function restart(context: ProcessContext, domain: Domain, live: LiveDomain): Promise<void> {
  try {
    await resetAndContinue(context, domain, live);
  } catch (error) {
    if (domain.live !== live || context.closing.aborted) return;
    context.log.write('error', 'a guest could not be rebooted', { domain: domain.name, error: asVireoError(error).message });
    await endAfter(context, 'processFakeReboot', domain, live, () => 'shutdown');
  }
}

async function resetAndContinue(context: ProcessContext, domain: Domain, live: LiveDomain): Promise<void> {
  const call = Call.ofDriver('processFakeReboot', context.log, context.closing);
  await using job = await domain.jobs.begin(call, 'modify');
  if (domain.live !== live) return;
  // That it is in shutdown is on disk before the reset: should this driver die in between, the next one finds a guest
  // whose CPUs stand still, or run already, and finishes this.
  await context.saveStatus(domain);
  await job.monitor().execute('system_reset');
  await job.monitor().execute('cont');
  if (domain.live !== live) return;
  live.rebootOnShutdown = false;
  domain.transition({ state: 'running', reason: 'booted' }, { event: 'resumed', detail: 'unpaused' });
  await context.saveStatus(domain);
}
