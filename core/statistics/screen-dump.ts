/**
 * What a guest's screen shows, as a file that QEMU writes: into the run's private folder, which nobody else reads, and
 * gone before the answer is given.
 */
import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { VireoError } from '../base/errors.ts';
import { devicesOf } from '../conf/device-definition.ts';
import type { DomainDefinition } from '../conf/domain-definition.ts';
import type { Domain } from '../domain/domain.ts';
import type { Call } from '../job/call.ts';
import { startDeadline } from '../monitor/deadline.ts';
import { isQemuError } from '../monitor/qemu-error.ts';
import { requireLive } from '../process/power.ts';
import type { ProcessContext } from '../process/process-context.ts';
import { queryDomain } from './query-domain.ts';

export interface ScreenDumpOptions {
  /** Counts the video cards and their heads from 0. */
  readonly screen: number;
  /** `png` where QEMU can make one (7.1), else a PPM; QEMU's guest stands still while it compresses. */
  readonly format: 'png' | 'ppm';
  readonly deadlineMs: number;
  /** Refuses where somebody works with the domain now, rather than wait behind them. */
  readonly nowait?: boolean;
}

/**
 * @throws OPERATION_INVALID where the domain does not run or has no such screen, RESOURCE_BUSY at once where a job bars it,
 *   OPERATION_TIMEOUT.
 */
export async function withScreenDump<T>(context: ProcessContext, call: Call, domain: Domain, options: ScreenDumpOptions, use: (file: string) => Promise<T>): Promise<T> {
  const { screen, deadlineMs, nowait = false } = options;
  const live = requireLive(domain);
  const place = placeOf(domain, live.definition, screen);
  const file = path.join(live.facts.runFolder, `screen-${randomBytes(6).toString('hex')}`);
  using deadline = startDeadline(context.clock, deadlineMs, call.signal, () => new VireoError('OPERATION_TIMEOUT', `no picture of the screen within ${deadlineMs / 1000} s`, { domain: domain.identity }));
  const { signal } = deadline;
  try {
    await queryDomain(call, domain, { clock: context.clock, signal, nowait }, async (monitor) => {
      if (options.format === 'png') {
        try {
          return void (await monitor.query('screendump', { filename: file, ...place, format: 'png' }, { signal }));
        } catch (error) {
          if (!isQemuError(error)) throw error; // it may not know the word for PNG; what else is wrong the next one tells
        }
      }
      await monitor.query('screendump', { filename: file, ...place }, { signal });
    });
    return await use(file);
  } catch (error) {
    if (isQemuError(error)) throw new VireoError('OPERATION_FAILED', `QEMU has no picture of screen ${screen}: ${String(error.details['qemuText'])}`, { domain: domain.identity, cause: error });
    throw error;
  } finally {
    await rm(file, { force: true });
  }
}

/** The card and head; none for the first screen, which QEMU knows best. */
function placeOf(domain: Domain, definition: DomainDefinition, screen: number): { readonly device?: string; readonly head?: number } {
  const cards = devicesOf(definition.devices, 'video').filter(({ model }) => model.type !== 'none');
  if (cards.length === 0) throw new VireoError('OPERATION_INVALID', 'no screens to take screenshot from', { domain: domain.identity });
  if (screen === 0) return {};
  let head = screen;
  for (const { alias, model } of cards) {
    const heads = Math.max(1, model.heads ?? 1);
    if (head < heads && alias !== null) return { device: alias, head };
    head -= heads;
  }
  throw new VireoError('OPERATION_INVALID', 'no such screen ID', { domain: domain.identity });
}
