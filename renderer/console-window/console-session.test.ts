import { afterEach, describe, expect, it } from 'vitest';
import { type Channel, channelPair } from '../../core/api/channel.ts';
import { domainSummary } from '../testing/domains.ts';
import { createFakeHost } from '../testing/fake-host.ts';
import { status } from '../testing/scenes.ts';
import { createHost } from '../store/host-store.ts';
import { ConsoleSession, type ConsoleState } from './console-session.ts';
import type { ConsoleTerminal } from './terminal.ts';

const sample = domainSummary({ state: 'running' });
const ends: Disposable[] = [];

afterEach(() => ends.splice(0).forEach((end) => end[Symbol.dispose]()));

function fakeTerminal(): Pick<ConsoleTerminal, 'answers' | 'write' | 'remark' | 'reset'> & { shown: string } {
  return {
    shown: '',
    answers: false,
    write(bytes, done) {
      this.shown += new TextDecoder().decode(bytes);
      queueMicrotask(done);
    },
    remark(text) {
      this.shown += `[${text}]`;
    },
    reset() {
      this.shown = '';
    },
  };
}

function opened(mode: 'write' | 'watch', { text = 'login: ', wish = 'write' }: { readonly text?: string; readonly wish?: 'write' | 'watch' } = {}) {
  const fake = createFakeHost({ status, domains: [sample], console: { text, mode } });
  const channels: Channel[] = [];
  const host = createHost({
    label: 'test',
    openChannel: async () => {
      const [near, far] = channelPair();
      fake.serve(far);
      channels.push(near);
      return near;
    },
  });
  const terminal = fakeTerminal();
  const session = new ConsoleSession({ host, terminal: terminal as unknown as ConsoleTerminal, uuid: sample.uuid, device: null, mode: wish });
  ends.push(session, host);
  const until = (holds: (state: ConsoleState) => boolean): Promise<void> => expect.poll(() => holds(session.store.getState()), { timeout: 5_000, interval: 5 }).toBe(true);
  return { fake, session, terminal, until, channels };
}

describe('a console session', () => {
  it('shows what the guest prints and sends what the writer types', async () => {
    const { session, terminal, until } = opened('write');
    await until((state) => state.phase === 'open' && terminal.shown === 'login: ');
    session.type(new TextEncoder().encode('root'));
    await until(() => terminal.shown === 'login: root');
    expect(session.store.getState().typedInVainMs).toBeNull();
  });

  it('tells a watcher who types that nothing was sent', async () => {
    const { session, terminal, until } = opened('watch');
    await until((state) => state.phase === 'open' && terminal.shown === 'login: ');
    session.type(new TextEncoder().encode('x'));
    expect([session.store.getState().typedInVainMs === null, terminal.shown]).toEqual([false, 'login: ']);
  });

  it('takes over, and keeps the line that says who took over from it', async () => {
    const { fake, session, until } = opened('watch');
    await until((state) => state.phase === 'open');
    session.input.takeOver();
    await until((state) => state.mode === 'write' && state.asking === null);
    fake.consoleMessages.fire({ type: 'notice', what: 'taken-over', by: 'window 2', atMs: 1_000 });
    await until((state) => state.notice?.by === 'window 2');
    expect(session.store.getState().mode).toBe('watch');
  });

  it('marks a gap in the terminal with how much was missed', async () => {
    const { fake, terminal, until } = opened('watch');
    await until(() => terminal.shown === 'login: ');
    fake.consoleMessages.fire({ type: 'gap', from: 7, to: 7 + 1229, fromMs: null, toMs: null });
    await until(() => terminal.shown === 'login: [1.2 KiB missed]');
  });

  it('answers the guest only as the writer', async () => {
    const { terminal, until } = opened('watch');
    await until(() => terminal.shown === 'login: ');
    expect(terminal.answers).toBe(false);
    const writer = opened('write');
    await writer.until(() => writer.terminal.shown === 'login: ' && writer.terminal.answers);
  });

  it('opens again by itself after the host was gone, and shows nothing twice', async () => {
    const { channels, terminal, until } = opened('write');
    await until(() => terminal.shown === 'login: ');
    channels[0]?.close();
    await until((state) => state.phase === 'waiting');
    await until((state) => state.phase === 'open' && terminal.shown.includes('connected again'));
    expect(terminal.shown.match(/login/g)?.length).toBe(1);
  });

  it('reads on from where it was, so that nothing printed meanwhile is missed', async () => {
    const { fake, channels, terminal, until } = opened('write');
    await until(() => terminal.shown === 'login: ');
    channels[0]?.close();
    await until((state) => state.phase === 'waiting');
    fake.printOnConsole(sample.uuid, 'serial0', 'meanwhile');
    await until(() => terminal.shown.endsWith('meanwhile'));
    expect(terminal.shown).toMatch(/^login: \[connected again at .*\]meanwhile$/);
  });

  it('shows a log that began anew from its beginning, and nothing of what was there before', async () => {
    const { fake, channels, terminal, until } = opened('write', { text: 'the first run' });
    await until(() => terminal.shown === 'the first run');
    fake.beginConsoleAnew(sample.uuid, 'serial0', 'second');
    channels[0]?.close();
    await until((state) => state.phase === 'open' && terminal.shown === 'second');
  });

  it('never writes by itself where it was opened to watch, and does once it takes the input', async () => {
    const { session, until } = opened('write', { wish: 'watch' });
    await until((state) => state.phase === 'open');
    expect(session.store.getState()).toMatchObject({ mode: 'watch', wish: 'watch' });
    session.input.take();
    await until((state) => state.mode === 'write' && state.wish === 'write');
    session.input.release();
    await until((state) => state.mode === 'watch' && state.wish === 'watch');
  });

  it('asks, waits, takes its request back, and answers those of others', async () => {
    const watcher = opened('watch');
    await watcher.until((state) => state.phase === 'open');
    watcher.session.input.request();
    await watcher.until((state) => state.request?.state === 'waiting' && state.asking === null);
    watcher.session.input.withdraw();
    expect(watcher.session.store.getState().request).toBeNull();
    const writer = opened('write');
    await writer.until((state) => state.phase === 'open');
    const asking = (number: number) => ({ sessionId: `s${number}`, label: `window ${number}`, sinceMs: number });
    writer.fake.consoleMessages.fire({ type: 'requests', from: [asking(2), asking(3)] });
    await writer.until((state) => state.requests.length === 2);
    writer.session.input.decline('s2');
    expect(writer.session.store.getState().requests).toEqual([asking(3)]);
    writer.session.input.handOver(asking(3));
    await writer.until((state) => state.mode === 'watch' && state.notice?.what === 'handed-away');
    await watcher.until(() => watcher.fake.consoleHeard.length === 2);
    expect([watcher.fake.consoleHeard, writer.fake.consoleHeard]).toEqual([[{ type: 'ask' }, { type: 'withdraw' }], [{ type: 'decline', to: 's2' }, { type: 'hand-over', to: 's3' }]]);
  });

  it('counts as new what the guest prints, and not the history that it is shown first', async () => {
    const { fake, session, terminal, until } = opened('watch');
    await until(() => terminal.shown === 'login: ');
    fake.printOnConsole(sample.uuid, 'serial0', '0123456789');
    await until((state) => state.fresh === 10);
    session.ring();
    expect(session.store.getState().bells).toBe(1);
  });

  it('waits while the domain is off', async () => {
    const { fake, session, until } = opened('write');
    await until((state) => state.phase === 'open');
    expect(session.store.getState().label).toBe('ttyS0');
    fake.change(sample.uuid, { state: 'shut off' });
    fake.endConsoles();
    await until((state) => state.phase === 'waiting');
  });
});
