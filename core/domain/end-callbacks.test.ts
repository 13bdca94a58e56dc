import { describe, expect, test } from 'vitest';
import { createLog, silentLog } from '../base/log.ts';
import { systemClock } from '../base/clock.ts';
import { VirtualClock, settled } from '../../test/support/virtual-clock.ts';
import { EndCallbacks } from './end-callbacks.ts';

const end = { reason: 'destroyed', clock: systemClock, log: silentLog } as const;

describe('what is registered for the end of a run', () => {
  test('runs once, in order, and is told why', async () => {
    const callbacks = new EndCallbacks();
    const ran: string[] = [];
    callbacks.set('a', (reason) => void ran.push(`a ${reason}`));
    callbacks.set('b', async (reason) => void ran.push(`b ${reason}`));
    await Promise.all([callbacks.run(end), callbacks.run({ ...end, reason: 'crashed' })]);
    await callbacks.run(end);
    expect(ran).toEqual(['a destroyed', 'b destroyed']);
  });

  test('runs once if it is registered twice: what came last', async () => {
    const callbacks = new EndCallbacks();
    const ran: string[] = [];
    const first = callbacks.set('same', () => void ran.push('first'));
    callbacks.set('same', () => void ran.push('second'));
    first[Symbol.dispose](); // withdraws nothing: it has been replaced
    await callbacks.run(end);
    callbacks.set('same', () => void ran.push('third'));
    await callbacks.run(end);
    expect(ran).toEqual(['second']);
  });

  test('does not run when it was withdrawn', async () => {
    const callbacks = new EndCallbacks();
    const ran: string[] = [];
    callbacks.set('gone', () => void ran.push('gone'))[Symbol.dispose]();
    await callbacks.run(end);
    expect(ran).toEqual([]);
  });

  test('is heard of when it throws, and hides no other', async () => {
    const lines: string[] = [];
    const callbacks = new EndCallbacks();
    const ran: string[] = [];
    callbacks.set('thrower', () => {
      throw new Error('broken');
    });
    callbacks.set('rejecter', () => Promise.reject(new Error('broken too')));
    callbacks.set('other', () => void ran.push('other'));
    await callbacks.run({ ...end, log: createLog((line) => void lines.push(line)) });
    expect(ran).toEqual(['other']);
    expect(lines.map((line) => /name=(\w+)/.exec(line)?.[1])).toEqual(['thrower', 'rejecter']);
  });

  test('holds up the end for so long and no longer', async () => {
    const clock = new VirtualClock();
    const callbacks = new EndCallbacks();
    const ran: string[] = [];
    callbacks.set('hangs', () => new Promise(() => {}));
    callbacks.set('other', () => void ran.push('other'));
    const running = callbacks.run({ ...end, clock });
    await settled();
    expect(ran).toEqual([]);
    clock.advance(5_000);
    await running;
    expect(ran).toEqual(['other']);
    expect(clock.sleeping).toBe(0);
  });

  test('runs when it comes during the end, before the end is over', async () => {
    const callbacks = new EndCallbacks();
    const ran: string[] = [];
    callbacks.set('first', async () => {
      callbacks.set('late', async () => {
        await Promise.resolve();
        ran.push('late');
      });
      await Promise.resolve();
      ran.push('first');
    });
    await callbacks.run(end);
    expect(ran).toEqual(['first', 'late']);
  });

  test('runs at once when it comes after the end', async () => {
    const callbacks = new EndCallbacks();
    await callbacks.run(end);
    const reason = await new Promise((resolve) => callbacks.set('late', resolve));
    expect(reason).toBe('destroyed');
  });
});
