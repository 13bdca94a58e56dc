import { Duplex } from 'node:stream';
import { expect, test } from 'vitest';
import { Random } from '../../test/fuzz/random.ts';
import { propertyRuns, propertyTimeoutMs } from '../../test/support/property-runs.ts';
import { VireoError } from '../base/errors.ts';
import { InputOwnership } from '../console/input-ownership.ts';
import { DisplaySession } from './display-session.ts';

/** What one viewer's connection to QEMU gets, whole writes in order. */
class FakeConnection extends Duplex {
  readonly written: Buffer[] = [];
  /** While set nothing is taken, as by a QEMU that stands still. */
  stuck = false;
  readonly #onWrite: (bytes: Buffer) => void;

  constructor(onWrite: (bytes: Buffer) => void = () => {}) {
    super({ writableHighWaterMark: 64 });
    this.#onWrite = onWrite;
  }

  override _write(bytes: Buffer, _encoding: string, done: () => void): void {
    this.written.push(bytes);
    this.#onWrite(bytes);
    if (!this.stuck) done();
  }

  override _read(): void {}
}

/** A viewer that has shaken hands. */
const hands = Buffer.concat([Buffer.from('RFB 003.008\n'), Buffer.of(1), Buffer.of(0)]);
const key = (code: number, down: boolean): Buffer => Buffer.from([255, 0, 0, down ? 1 : 0, 0, 0, 0, 0, 0, 0, 0, code]);

interface Stage {
  readonly sessions: Set<DisplaySession>;
  readonly open: (label: string, connection?: FakeConnection) => DisplaySession;
}

function stage(): Stage {
  const sessions = new Set<DisplaySession>();
  const ownership: InputOwnership<DisplaySession> = new InputOwnership({
    device: { alias: 'display 0', kind: 'console', backend: { type: 'unix', path: '' } },
    domain: { name: 'a', uuid: 'u' },
    sessions,
    wallTime: () => 0,
    onMoved: (loser) => loser?.letGo(),
    onRequests: () => {},
  });
  let opened = 0;
  return {
    sessions,
    open(label, connection = new FakeConnection()) {
      opened += 1;
      const session = new DisplaySession({
        id: `session ${opened}`, label, sinceMs: 0, connection, ownership,
        onLeave: (leaving) => {
          sessions.delete(leaving);
          leaving.letGo();
          ownership.leave(leaving);
        },
      });
      sessions.add(session);
      return session;
    },
  };
}

async function read(session: DisplaySession, count: number): Promise<Buffer> {
  let all = Buffer.alloc(0);
  for await (const bytes of session.read()) {
    all = Buffer.concat([all, bytes]);
    if (all.length >= count) break;
  }
  return all;
}

test('a viewer is asked for nothing, looks together with others whatever it says, and then sees what QEMU sends', async () => {
  const connection = new FakeConnection();
  const session = stage().open('window 1', connection);
  await session.write(hands);
  connection.push(Buffer.from('the picture'));
  expect((await read(session, 12 + 2 + 4 + 11)).toString('latin1')).toBe('RFB 003.008\n\x01\x01\0\0\0\0the picture');
  expect(Buffer.concat(connection.written)).toEqual(Buffer.of(1));
});

test.each([
  ['another version', Buffer.from('RFB 003.003\n'), 'a viewer must speak RFB 003.008'],
  ['a security type that was not offered', Buffer.concat([hands.subarray(0, 12), Buffer.of(2)]), 'a viewer chose the security type 2, which it was not offered'],
  ['nonsense after it', Buffer.concat([hands, Buffer.of(9)]), 'a viewer sends no message of type 9'],
])('%s ends the stream with an error that says so', async (_name, bytes, message) => {
  const session = stage().open('window 1');
  await expect(session.write(bytes)).rejects.toThrow(message);
  await expect(read(session, 1_000)).rejects.toThrow(message);
});

test('keys of a watcher are dropped, its wish for a picture is not, and a message cut in two is sent by who has the input at its end', async () => {
  const { open } = stage();
  const [first, second] = [new FakeConnection(), new FakeConnection()];
  const [owner, watcher] = [open('window 1', first), open('window 2', second)];
  await Promise.all([owner.write(hands), watcher.write(hands)]);
  owner.requestWrite(false);
  const request = Buffer.from([3, 1, 0, 0, 0, 0, 0, 9, 0, 9]);
  await watcher.write(Buffer.concat([key(1, true), request, Buffer.of(5, 1, 0, 0, 0, 0)]));
  expect(second.written.slice(1)).toEqual([request]);
  await owner.write(key(1, true));
  await owner.write(key(2, true).subarray(0, 7));
  watcher.requestWrite(true);
  await owner.write(key(2, true).subarray(7));
  expect(first.written.slice(1)).toEqual([key(1, true), key(1, false)]);
  await watcher.write(key(3, true));
  watcher[Symbol.dispose]();
  expect(second.written.slice(2)).toEqual([key(3, true), key(3, false)]);
});

test('a QEMU that stands still holds back the viewer who writes, until it goes on or is gone', async () => {
  const connection = new FakeConnection();
  const session = stage().open('window 1', connection);
  await session.write(hands);
  session.requestWrite(false);
  connection.stuck = true;
  let done = false;
  const writing = session.write(Buffer.concat(Array.from({ length: 20 }, (_, code) => key(code, true)))).then(() => (done = true));
  await new Promise((resolve) => setImmediate(resolve));
  expect(done).toBe(false);
  connection.destroy();
  await writing;
  for await (const _ of session.read()) void _; // what was said, and then the end
  await session.write(key(1, true)); // nobody is there, and nobody minds
});

test('whoever comes, takes, forces, gives, leaves and presses: the guest hears one at a time, and in the end no key is held', async () => {
  for (let run = 0; run < propertyRuns(150); run += 1) {
    const seed = Math.floor(Math.random() * 2 ** 32);
    const random = new Random(seed);
    const { sessions, open } = stage();
    /** Who holds which key as far as the guest has heard. */
    const held = new Map<number, string>();
    const heard = (label: string) => (bytes: Buffer) => {
      if (bytes[0] !== 255) return;
      const code = bytes[11]!;
      if (bytes[3] === 0) return void held.delete(code);
      const writer = [...sessions].filter((session) => session.mode === 'write');
      expect(writer.map((session) => session.label), `seed ${seed}`).toEqual([label]);
      expect([...held.values()].filter((other) => other !== label), `seed ${seed}: another one's keys are still held`).toEqual([]);
      held.set(code, label);
    };
    let opened = 0;
    const step = async (): Promise<void> => {
      const session = sessions.size === 0 || (random.below(6) === 0 && sessions.size < 5) ? null : random.pick([...sessions]);
      if (!session) {
        opened += 1;
        return open(`viewer ${opened}`, new FakeConnection(heard(`viewer ${opened}`))).write(hands);
      }
      const other = random.pick([...sessions]);
      const acts: readonly (() => void | Promise<void>)[] = [
        () => session.requestWrite(false), () => session.requestWrite(true), () => session.ask(), () => session.release(), () => session.handOver(other.id), () => session[Symbol.dispose](),
        ...Array.from({ length: 8 }, () => () => session.write(key(random.below(5), random.below(3) > 0))),
      ];
      await random.pick(acts)();
    };
    for (let count = 0; count < 60; count += 1) {
      await step().catch((error: unknown) => {
        if (!(error instanceof VireoError)) throw error; // refused by the rules
      });
      expect([...sessions].filter((session) => session.mode === 'write').length, `seed ${seed}`).toBeLessThanOrEqual(1);
    }
    for (const session of [...sessions]) session[Symbol.dispose]();
    expect([...held], `seed ${seed}`).toEqual([]);
  }
}, propertyTimeoutMs(20_000));
