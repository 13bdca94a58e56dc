/**
 * How long a guest itself takes to answer a key that was typed in the app: from the app's writing it to QEMU's socket until
 * QEMU logs the echo. When that was, the system says of the log's last change, so that an app that is late to read the echo
 * does not make the guest look slow; it errs by a few milliseconds at most, and never to
 * the app's advantage.
 */
import type * as fs from 'node:fs';
import type * as net from 'node:net';
import type { ElectronApplication } from '@playwright/test';

export interface GuestShare {
  /** The keys that are typed from now on, one at a time. */
  begin(): Promise<void>;
  /** Milliseconds for each of them. */
  end(): Promise<number[]>;
}

/** `log` is QEMU's log of the console on which nothing but these keys is typed. */
export async function watchGuestShare(app: ElectronApplication, log: string): Promise<GuestShare> {
  await app.evaluate((_electron, file) => {
    const modules = process.mainModule as NodeJS.Module;
    const { Socket } = modules.require('node:net') as typeof net;
    const { statSync } = modules.require('node:fs') as typeof fs;
    const tick = Date.now();
    while (Date.now() === tick); // the wall clock to better than its milliseconds
    const offsetMs = Date.now() - performance.now();
    const [writtenMs, answeredMs] = [[] as number[], [] as number[]];
    // Stamped by the system's clock, which ticks every few milliseconds: too early at times, never too late.
    const changedMs = (): number => Number(statSync(file, { bigint: true }).mtimeNs / 1_000n) / 1_000;
    const real = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Socket.prototype) as object, 'write') as { value: (this: object, bytes: unknown, ...rest: unknown[]) => boolean };
    const write = function (this: object, bytes: unknown, ...rest: unknown[]): boolean {
      if (bytes instanceof Uint8Array && bytes.length === 1) {
        if (writtenMs.length > answeredMs.length) answeredMs.push(changedMs()); // of the key before
        writtenMs.push(performance.now() + offsetMs);
      }
      return real.value.call(this, bytes, ...rest);
    };
    Object.defineProperty(Socket.prototype, 'write', { value: write, configurable: true, writable: true });
    const begin = (): void => {
      writtenMs.length = answeredMs.length = 0;
      changedMs();
    };
    const end = (): number[] => {
      answeredMs.push(changedMs());
      return writtenMs.map((ms, index) => Math.max(0, (answeredMs[index] ?? ms) - ms));
    };
    Object.assign(globalThis, { guestShare: { begin, end } });
  }, log);
  type Watched = { readonly guestShare: { begin(): void; end(): number[] } };
  return {
    begin: () => app.evaluate(() => (globalThis as unknown as Watched).guestShare.begin()),
    end: () => app.evaluate(() => (globalThis as unknown as Watched).guestShare.end()),
  };
}
