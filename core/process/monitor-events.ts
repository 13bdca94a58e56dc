/**
 * What QEMU tells unasked, handled in order, one domain after its own events, outside the monitor's read path. Handling
 * never waits: what needs a job is left to reactions (event-worker.ts), so that a guest is seen to stop and to end at
 * once whatever is done to it, and a flood of one domain's events delays no other domain and no reply.
 */
import { setImmediate } from 'node:timers/promises';
import { asVireoError } from '../base/errors.ts';
import type { Domain } from '../domain/domain.ts';
import type { LiveDomain } from '../domain/live-domain.ts';
import type { QmpEvent } from '../monitor/commands.ts';
import { handleEvent, isForNobody, isForWaiters, keepingOf } from './event-handlers.ts';
import { EventQueue } from './event-queue.ts';
import { EventScene } from './event-scene.ts';
import type { ProcessContext } from './process-context.ts';
import { endAfter } from './stop-domain.ts';

/** How long events are handled in one turn of the event loop; everything else goes on between two turns. */
const sliceMs = 4;

export class MonitorEvents {
  readonly #scene: EventScene;
  readonly #queue: EventQueue;
  #held = true;
  #working = false;

  constructor(context: ProcessContext, domain: Domain, live: LiveDomain) {
    this.#scene = new EventScene(context, domain, live);
    this.#queue = new EventQueue((event) => context.log.write('warning', 'too many events of a domain are waiting; older ones are dropped', { domain: domain.name, event }));
  }

  /**
   * Lets events be handled. Until then they wait: what happens to a domain before its start, or before it was found
   * again, has been told, must be told after that.
   */
  release(): void {
    this.#held = false;
    this.#begin();
  }

  /** Called from the monitor's read path: it only queues. */
  readonly receive = (event: QmpEvent): void => {
    if (isForNobody(this.#scene, event)) return;
    // Who waits for a state to come in waits before the domain's start is told.
    if (this.#held && isForWaiters(event)) return handleEvent(this.#scene, event);
    this.#queue.add({ ...keepingOf(event), work: () => handleEvent(this.#scene, event) });
    this.#begin();
  };

  /** Does `work` after every event that was received before, and before any that comes later. */
  afterwards(work: () => Promise<void>): void {
    this.#queue.add({ name: 'afterwards', keeping: 'each', key: '', work });
    this.#begin();
  }

  /** The monitor ended with QEMU; comes after every event that was received before. */
  ended(): void {
    this.afterwards(() => this.#onEnd());
  }

  /** In a microtask: all that QEMU sent in one piece is queued by then, and merged where it may be. */
  #begin(): void {
    if (this.#held || this.#working) return;
    this.#working = true;
    queueMicrotask(() => void this.#work());
  }

  async #work(): Promise<void> {
    const { clock, closing } = this.#scene.context;
    let beganMs = clock.now();
    for (let next = this.#queue.take(); next && !closing.aborted; next = this.#queue.take()) {
      try {
        const waiting = next.work();
        if (waiting) await waiting;
      } catch (error) {
        this.#scene.context.log.write('error', 'an event of a domain could not be handled', { domain: this.#scene.domain.name, event: next.name, error: asVireoError(error).message });
      }
      if (clock.now() - beganMs < sliceMs) continue;
      await setImmediate();
      beganMs = clock.now();
    }
    this.#working = false;
  }

  async #onEnd(): Promise<void> {
    const { context, domain, live } = this.#scene;
    const { state } = domain;
    await endAfter(context, 'processMonitorEOF', domain, live, () => (state === 'in shutdown' ? 'shutdown' : 'crashed'));
  }
}
