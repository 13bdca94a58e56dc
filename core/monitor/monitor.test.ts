import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FakeQemu, noReply } from '../../test/fake-qemu/fake-qemu.ts';
import type { FakeQemuOptions, Request } from '../../test/fake-qemu/fake-qemu.ts';
import { VirtualClock } from '../../test/support/virtual-clock.ts';
import { systemClock } from '../base/clock.ts';
import { silentLog } from '../base/log.ts';
import { Monitor } from './monitor.ts';
import type { MonitorOptions } from './monitor.ts';
import type { Answering } from './silence-watch.ts';

const silent = (): typeof noReply => noReply;

function connect(qemu: FakeQemu, options: Partial<MonitorOptions> = {}): Promise<Monitor> {
  const signal = new AbortController().signal;
  return Monitor.connect({ path: qemu.socketPath, clock: systemClock, log: silentLog, deadlineMs: 5000, signal, ...options });
}

async function meet(options: FakeQemuOptions = {}, more: Partial<MonitorOptions> = {}): Promise<AsyncDisposable & { qemu: FakeQemu; monitor: Monitor }> {
  const qemu = await FakeQemu.start(options);
  const monitor = await connect(qemu, more);
  return {
    qemu,
    monitor,
    async [Symbol.asyncDispose]() {
      await monitor.close();
      await qemu[Symbol.asyncDispose]();
    },
  };
}

describe('connecting', () => {
  test('waits for a socket that is made later', async () => {
    await using qemu = await FakeQemu.start({ listenLater: true });
    const connecting = connect(qemu, { waitForSocket: true });
    await qemu.listen();
    await using monitor = await connecting;
    expect(monitor.closed.aborted).toBe(false);
  });

  test('fails at once where the socket must be there and is not', async () => {
    await using qemu = await FakeQemu.start({ listenLater: true });
    await expect(connect(qemu)).rejects.toMatchObject({ code: 'SYSTEM_ERROR', details: { errno: 'ENOENT', path: qemu.socketPath } });
  });

  test('says what it waited for when the deadline passes', async () => {
    await using absent = await FakeQemu.start({ listenLater: true });
    await expect(connect(absent, { waitForSocket: true, deadlineMs: 30 })).rejects.toMatchObject({
      code: 'OPERATION_TIMEOUT',
      message: 'Timed out during operation: no sign of the QEMU monitor socket within 0.03 s',
    });
    await using mute = await FakeQemu.start({ greeting: '' });
    await expect(connect(mute, { deadlineMs: 30 })).rejects.toThrow('no sign of a greeting from the QEMU monitor');
    await using stubborn = await FakeQemu.start({ answers: { qmp_capabilities: silent } });
    await expect(connect(stubborn, { deadlineMs: 30 })).rejects.toThrow("no sign of an answer to 'qmp_capabilities'");
  });

  test('a QEMU that greets twice before it was answered is understood', async () => {
    const greeting = '{"QMP": {"version": {"qemu": {"major": 7, "minor": 2, "micro": 22}, "package": ""}, "capabilities": []}}\r\n';
    await using it = await meet({ greeting: greeting.repeat(2) });
    expect(await it.monitor.execute('query-status')).toMatchObject({ status: expect.anything() as string });
  });

  test('a QEMU that is starting and overlooks a client is connected to again; another one is not', async () => {
    await using qemu = await FakeQemu.start({ overlooks: 2 });
    const clock = new VirtualClock();
    const connecting = connect(qemu, { waitForSocket: true, clock, deadlineMs: 30_000 });
    for (const patienceMs of [3_000, 6_000]) {
      await expect.poll(() => clock.sleeping).toBe(2); // the deadline, and the patience with this connection
      clock.advance(patienceMs);
    }
    await using monitor = await connecting;
    expect(await monitor.execute('query-status')).toMatchObject({ status: expect.anything() as string });
    await using busy = await FakeQemu.start({ overlooks: 1 });
    await expect(connect(busy, { deadlineMs: 30 })).rejects.toThrow('no sign of a greeting from the QEMU monitor');
  });

  test('rejects with the reason of an abort', async () => {
    await using mute = await FakeQemu.start({ greeting: '' });
    const stop = new AbortController();
    const connecting = connect(mute, { signal: stop.signal });
    stop.abort(new Error('enough'));
    await expect(connecting).rejects.toThrow('enough');
  });

  test('something that greets in another language is refused', async () => {
    await using qemu = await FakeQemu.start({ greeting: 'SSH-2.0-OpenSSH\r\n' });
    await expect(connect(qemu)).rejects.toThrow('the QEMU monitor sent malformed JSON: SSH-2.0-OpenSSH');
  });

  test('does without out-of-band commands where QEMU offers none', async () => {
    await using it = await meet({ offerOutOfBand: false });
    await it.monitor.executeOutOfBand('query-yank');
    expect(it.qemu.requests.map((request) => request.outOfBand)).toEqual([false, false]);
    expect(it.qemu.requests[0]?.args).toEqual({});
  });
});

describe('a conversation', () => {
  test('survives being cut anywhere, with its events in order', { timeout: 60_000 }, async () => {
    await fc.assert(fc.asyncProperty(fc.integer({ min: 1, max: 40 }), fc.string({ unit: 'grapheme' }), async (pieceBytes, name) => {
      const seen: unknown[] = [];
      const answers = { 'query-name': (_: Request, fake: FakeQemu) => (fake.event('WAKEUP'), fake.event('NEW', { name }), { name }) };
      await using it = await meet({ pieceBytes, answers }, { onEvent: (event) => seen.push([event.event, event.data]) });
      expect(await it.monitor.execute('query-name')).toEqual({ name });
      expect(seen).toEqual([['WAKEUP', {}], ['unknown', { name }]]);
    }), { numRuns: 30 });
  });

  test('replies out of order find their callers', async () => {
    const held: Request[] = [];
    await using it = await meet({ answers: { 'query-name': (request) => (held.push(request), noReply) } });
    const first = it.monitor.execute('query-name');
    const second = it.monitor.execute('query-name');
    await it.monitor.execute('query-status');
    for (const request of held.toReversed()) it.qemu.reply(request, { name: request.id });
    expect([await first, await second]).toEqual(held.map((request) => ({ name: request.id })));
  });

  test('a listener that throws loses nobody an event or a reply', async () => {
    const seen: string[] = [];
    await using it = await meet({}, { onEvent: () => { throw new Error('mine'); } });
    it.monitor.events.on((event) => seen.push(event.event));
    await it.monitor.execute('cont');
    expect(seen).toEqual(['RESUME']);
  });

  test('a flood of events is delivered whole while replies get through', async () => {
    let count = 0;
    const flood = (_: Request, fake: FakeQemu): unknown => {
      for (let at = 0; at < 20_000; at += 1) fake.event('RTC_CHANGE', { offset: at, 'qom-path': '/machine' });
      return {};
    };
    await using it = await meet({ answers: { stop: flood } }, { onEvent: () => (count += 1) });
    await it.monitor.execute('stop');
    expect(count).toBe(20_000);
  });

  test('at most eight commands are in flight, so that one out of band passes the others', async () => {
    await using it = await meet({ answers: { 'query-name': silent } });
    const stuck = Array.from({ length: 20 }, () => it.monitor.execute('query-name').catch(() => {}));
    await it.monitor.executeOutOfBand('query-yank');
    const asked = it.qemu.requests.filter((request) => request.command === 'query-name');
    expect(asked).toHaveLength(8);
    await it.monitor.close();
    await Promise.all(stuck);
  });

  test('the 257th command that waits is refused', async () => {
    await using it = await meet({ answers: { 'query-name': silent } });
    const stuck = Array.from({ length: 256 }, () => it.monitor.execute('query-name').catch(() => {}));
    await expect(it.monitor.execute('stop')).rejects.toMatchObject({ code: 'RESOURCE_BUSY', details: { command: 'stop' } });
    await it.monitor.close();
    await Promise.all(stuck);
  });
});

describe('giving up', () => {
  test('rejects in time and swallows the late reply', async () => {
    await using it = await meet({ answers: { 'query-name': silent } });
    await expect(it.monitor.execute('query-name', {}, { timeoutMs: 20 })).rejects.toMatchObject({
      code: 'OPERATION_TIMEOUT',
      message: "Timed out during operation: QEMU did not answer 'query-name' within 0.02 s",
    });
    expect(it.monitor.outstanding()?.command).toBe('query-name');
    it.qemu.reply(await it.qemu.asked('query-name'), { name: 'late' });
    expect(await it.monitor.execute('query-status')).toMatchObject({ status: 'paused' });
    expect(it.monitor.outstanding()).toBeNull();
  });

  test('rejects with the reason of the abort; what was never written is never executed', async () => {
    await using it = await meet({ answers: { 'query-name': silent } });
    const stuck = Array.from({ length: 8 }, () => it.monitor.execute('query-name').catch(() => {}));
    const stop = new AbortController();
    const queued = it.monitor.execute('stop', {}, { signal: stop.signal });
    stop.abort(new Error('no longer wanted'));
    await expect(queued).rejects.toThrow('no longer wanted');
    await it.qemu.asked('query-name');
    for (const request of it.qemu.requests.filter((each) => each.command === 'query-name')) it.qemu.reply(request, {});
    await it.monitor.execute('query-status');
    await Promise.all(stuck);
    expect(it.qemu.requests.map((request) => request.command)).not.toContain('stop');
  });
});

describe('the end', () => {
  const lies: readonly (readonly [string, string, string])[] = [
    ['malformed JSON', '{"return": {]\r\n', 'the QEMU monitor sent malformed JSON: {"return": {]'],
    ['a reply to nobody', '{"return": {}, "id": "other"}\r\n', 'the QEMU monitor sent a reply to a command that was never sent: other'],
    ['an error to nobody', '{"error": {"class": "GenericError", "desc": "?"}}\r\n', 'the QEMU monitor sent an error that names no command: ?'],
    ['a reply without end', 'x'.repeat(5000), 'the QEMU monitor sent a reply over the limit'],
    ['a second greeting', '{"QMP": {"version": {"qemu": {"major": 1, "minor": 1, "micro": 1}}, "capabilities": []}}\r\n', 'the QEMU monitor sent a second greeting'],
  ];

  test.each(lies)('%s ends every command, present and later, with one error', async (_, text, message) => {
    await using it = await meet({ answers: { 'query-name': silent } }, { maximumReplyBytes: 4096 });
    const waiting = [it.monitor.execute('query-name'), it.monitor.execute('query-name', {}, { timeoutMs: 10_000 })];
    await it.qemu.asked('query-name');
    it.qemu.sendText(text);
    const results = await Promise.allSettled([...waiting, waiting[0]?.catch(() => it.monitor.execute('stop'))]);
    const reason: unknown = it.monitor.closed.reason;
    expect(results).toEqual(Array(3).fill({ status: 'rejected', reason }));
    expect(reason).toMatchObject({ code: 'INTERNAL_ERROR', message: `internal error: ${message}`, details: { monitor: 'protocol' } });
  });

  test('a QEMU that dies in the middle of a reply is one that is not running', async () => {
    await using it = await meet({ answers: { 'query-name': silent } });
    const waiting = it.monitor.execute('query-name');
    const { id } = await it.qemu.asked('query-name');
    it.qemu.sendText(`{"id": "${id}", "return": {"na`);
    it.qemu.die();
    await expect(waiting).rejects.toMatchObject({
      code: 'OPERATION_INVALID',
      details: { monitor: 'end-of-file' },
      cause: { message: 'internal error: end of file from the QEMU monitor in the middle of a reply' },
    });
  });

  test('closing rejects what waits, and again does nothing', async () => {
    await using it = await meet({ answers: { 'query-name': silent } });
    const waiting = it.monitor.execute('query-name');
    await Promise.all([it.monitor.close(), it.monitor.close(), expect(waiting).rejects.toThrow('the monitor is closed')]);
    await expect(it.monitor.execute('stop')).rejects.toMatchObject({ details: { monitor: 'closed' } });
  });
});

describe('a silent QEMU', () => {
  const nextChange = (monitor: Monitor): Promise<Answering> =>
    new Promise((resolve) => {
      const watch = monitor.watchSilence(30, (answering) => (watch[Symbol.dispose](), resolve(answering)));
    });

  test('shows with the command and its age, and its answer ends the silence at once', async () => {
    await using it = await meet({ answers: { 'query-name': silent } });
    const waiting = it.monitor.execute('query-name');
    const changes: Answering[] = [];
    const silence = new Promise<void>((resolve) => it.monitor.watchSilence(30, (answering) => (changes.push(answering), resolve())));
    await silence;
    expect(it.monitor.answering).toMatchObject({ state: 'silent', command: 'query-name' });
    it.qemu.reply(await it.qemu.asked('query-name'), {});
    await waiting;
    expect(changes).toEqual([{ state: 'silent', command: 'query-name', forMs: expect.toSatisfy((ms: number) => ms >= 30) }, { state: 'ok' }]);
  });

  test('is noticed though nobody asks anything', async () => {
    await using it = await meet({ answers: { 'query-version': silent } });
    expect(await nextChange(it.monitor)).toMatchObject({ state: 'silent', command: 'query-version' });
  });
});

test('a reply just under the limit, cut into pieces, is delivered whole', async () => {
  const name = 'x'.repeat(1_000_000);
  await using it = await meet({ answers: { 'query-name': () => ({ name }) }, pieceBytes: 1000 }, { maximumReplyBytes: 1_000_100 });
  expect((await it.monitor.execute('query-name')).name).toHaveLength(1_000_000);
});
