import { describe, expect, test } from 'vitest';
import { silentLog } from '../base/log.ts';
import { stateLayout } from '../status/state-folder.ts';
import { VirtualClock, settled } from '../../test/support/virtual-clock.ts';
import { type ScreenlessHost, serveHost } from './serve-host.ts';

class FakeScreenlessHost implements ScreenlessHost {
  domains: string[] = [];
  localClients = 0;
  closed = 0;
  handOver!: () => void;
  readonly handOverRequested = new Promise<void>((resolve) => (this.handOver = resolve));
  runningDomains(): readonly string[] {
    return this.domains;
  }
  async close(): Promise<void> {
    this.closed++;
  }
}

function begin(): { host: FakeScreenlessHost; clock: VirtualClock; stop: AbortController; ended: Promise<number>; isOver: () => boolean; pass: (seconds: number) => Promise<void> } {
  const host = new FakeScreenlessHost();
  const clock = new VirtualClock();
  const stop = new AbortController();
  let over = false;
  const ended = serveHost({ open: async () => host, layout: stateLayout('/state', 'linux'), clock, log: silentLog, version: '0', tell: () => {}, interrupted: stop.signal }).finally(() => (over = true));
  const pass = async (seconds: number): Promise<void> => {
    for (let second = 0; second < seconds; second++) {
      await settled();
      clock.advance(1_000);
    }
    await settled();
  };
  return { host, clock, stop, ended, isOver: () => over, pass };
}

describe('the screenless host', () => {
  test('ends 30 seconds after the last guest and client are gone, not sooner', async () => {
    const { host, clock, ended, isOver, pass } = begin();
    host.domains = ['sample'];
    await pass(100);
    host.domains = [];
    host.localClients = 1;
    await pass(100);
    host.localClients = 0;
    await pass(29);
    expect(isOver()).toBe(false);
    await pass(3);
    expect([await ended, host.closed, clock.sleeping]).toEqual([0, 1, 0]);
  });

  test('counts from anew when somebody comes back', async () => {
    const { host, isOver, pass, stop, ended } = begin();
    await pass(25);
    host.localClients = 1;
    await pass(2);
    host.localClients = 0;
    await pass(25);
    expect(isOver()).toBe(false);
    stop.abort('SIGTERM');
    await pass(1);
    await ended;
  });

  test.each(['a signal', 'a hand-over'])('ends at once at %s, though a guest runs', async (what) => {
    const { host, stop, ended, pass, clock } = begin();
    host.domains = ['sample'];
    await pass(5);
    if (what === 'a signal') stop.abort('SIGTERM');
    else host.handOver();
    await pass(1);
    expect([await ended, host.closed, clock.sleeping]).toEqual([0, 1, 0]);
  });
});
