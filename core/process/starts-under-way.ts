/**
 * Starts that have no QEMU yet. A domain that waits for a program beside QEMU, for a probe or a hook runs nothing that a
 * destroy could end, and is shown as starting: so whoever destroys it calls the start off.
 */
import { VireoError } from '../base/errors.ts';
import type { Domain } from '../domain/domain.ts';

interface Underway {
  readonly calledOff: AbortController;
  readonly over: Promise<void>;
}

const underway = new WeakMap<Domain, Underway>();

export interface StartUnderWay extends Disposable {
  /** Aborts with what the caller of the start is told. */
  readonly calledOff: AbortSignal;
}

/** Announces a start, under its job; disposed when it has succeeded or left nothing behind. */
export function announceStart(domain: Domain): StartUnderWay {
  const calledOff = new AbortController();
  let end = (): void => {};
  const over = new Promise<void>((resolve) => (end = resolve));
  underway.set(domain, { calledOff, over });
  return {
    calledOff: calledOff.signal,
    [Symbol.dispose]() {
      underway.delete(domain);
      end();
    },
  };
}

/**
 * Calls off the start that is under way, and waits until it is over: it may have got its QEMU meanwhile, so look again.
 * @returns false where none is.
 */
export async function callOffStart(domain: Domain): Promise<boolean> {
  const start = underway.get(domain);
  if (!start) return false;
  start.calledOff.abort(new VireoError('OPERATION_ABORTED', 'the domain was destroyed while it was starting', { domain: domain.identity }));
  await start.over;
  return true;
}
