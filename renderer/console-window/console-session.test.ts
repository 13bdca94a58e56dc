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

function opened(mode: 'write' | 'watch', text = 'login: ') {
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
  const session = new ConsoleSession({ host, terminal: terminal as unknown as ConsoleTerminal, uuid: sample.uuid, device: null });
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
    session.takeOver();
    await until((state) => state.mode === 'write' && state.asking === null);
    fake.consoleMessages.fire({ type: 'notice', what: 'taken-over', by: 'window 2', atMs: 1_000 });
    await until((state) => state.notice?.by === 'window 2');
    expect(session.store.getState().mode).toBe('watch');
  });

  it('marks a gap in the terminal with how much was missed', async () => {
    const { fake, terminal, until } = opened('watch');
    await until(() => terminal.shown === 'login: ');
    fake.consoleMessages.fire({ type: 'gap', from: 7, to: 7 + 1229 });
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

  it('waits while the domain is off', async () => {
    const { fake, session, until } = opened('write');
    await until((state) => state.phase === 'open');
    expect(session.store.getState().label).toBe('ttyS0');
    fake.change(sample.uuid, { state: 'shut off' });
    fake.endConsoles();
    await until((state) => state.phase === 'waiting');
  });
});
