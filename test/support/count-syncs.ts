/** Counts this process's fsyncs, files and folders alike, where all of them pass. */
import { type FileHandle, open } from 'node:fs/promises';

export interface SyncCount extends Disposable {
  readonly count: number;
  /** The most that ran at a time. */
  readonly atOnce: number;
}

export async function countSyncs(): Promise<SyncCount> {
  const probe = await open('.', 'r');
  const prototype = Object.getPrototypeOf(probe) as FileHandle;
  await probe.close();
  const real = Object.getOwnPropertyDescriptor(prototype, 'sync') as PropertyDescriptor & { value: FileHandle['sync'] };
  let [count, now, atOnce] = [0, 0, 0];
  const counted = async function (this: FileHandle): Promise<void> {
    count++;
    atOnce = Math.max(atOnce, ++now);
    try {
      await real.value.call(this);
    } finally {
      now--;
    }
  };
  Object.defineProperty(prototype, 'sync', { ...real, value: counted });
  return {
    get count() {
      return count;
    },
    get atOnce() {
      return atOnce;
    },
    [Symbol.dispose]: () => void Object.defineProperty(prototype, 'sync', real),
  };
}
