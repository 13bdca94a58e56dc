import { afterEach, beforeEach, expect, test } from 'vitest';
import { eventually } from '../../test/support/console-reader.ts';
import { FakeChardev } from '../../test/support/fake-chardev.ts';
import { makeSummary } from '../../test/support/make-summary.ts';
import { systemClock } from '../base/clock.ts';
import { Emitter } from '../base/events.ts';
import { silentLog } from '../base/log.ts';
import { ConsoleMux } from '../console/console-mux.ts';
import type { Domain } from '../domain/domain.ts';
import { type Channel, channelPair, protocolVersion } from './channel.ts';
import { type ClientStream, connect } from './client.ts';
import type { ConsoleServerMessage } from './console-contract.ts';
import { consoleService } from './console-service.ts';
import { serve } from './server.ts';

const soon = { timeout: 15_000 };
const domain = { name: 'fedora', uuid: '6d8bd6a4-4c7e-4f2e-9a53-0d9b4d7a4b01' };

let fake: FakeChardev;
let mux: ConsoleMux;
let breaks: { readonly signal: AbortSignal; readonly heard: string; end(): void }[];

beforeEach(async () => {
  fake = await FakeChardev.start();
  mux = new ConsoleMux({ domain, clock: systemClock, log: silentLog });
  await mux.add(fake.device, new AbortController().signal);
  await eventually(() => fake.connected, soon.timeout);
  breaks = [];
});
afterEach(async () => {
  await mux[Symbol.asyncDispose]();
  await fake[Symbol.asyncDispose]();
});

/** The client's end of a new connection. */
function door(): Channel {
  const [near, far] = channelPair();
  const summary = { uuid: domain.uuid, summary: () => makeSummary() } as Partial<Domain> as Domain;
  const openConsole = consoleService({
    openConsole: async (_call, _reference, _device, options) => ({ domain: summary, alias: 'serial0', label: 'ttyS0', runStart: 0, position: 0, session: mux.open('serial0', options) }),
    gapTimes: (_uuid, _alias, { from, to }) => Promise.resolve({ fromMs: from, toMs: to }),
    sendBreak: ({ signal }) => new Promise((resolve) => breaks.push({ signal, heard: fake.heard.toString(), end: resolve })),
  });
  serve(far, { methods: {}, implementation: {}, streams: { domainOpenConsole: openConsole }, events: new Emitter(), version: '0', log: silentLog, nameClient: (hint) => hint });
  return near;
}

interface Window {
  readonly stream: ClientStream<'domainOpenConsole'>;
  readonly messages: ConsoleServerMessage[];
  /** The newest message without the times. */
  readonly last: () => unknown;
}

async function open(label: string, mode: 'write' | 'watch' | 'write-or-watch' = 'write-or-watch', from: 'history' | 'beginning' = 'history'): Promise<Window> {
  const messages: ConsoleServerMessage[] = [];
  const stream = await connect(door(), label).openStream('domainOpenConsole', { domain: 'fedora', device: null, mode, from }, {
    onBytes: (_bytes, _offset, acknowledge) => acknowledge(),
    onMessage: (message) => messages.push(message),
    onEnd: () => {},
  });
  return { stream, messages, last: () => messages.at(-1) };
}

test('the input is asked for, declined, asked for again and handed over', async () => {
  const ann = await open('window 1');
  const bob = await open('window 2');
  expect([ann.stream.opened.mode, bob.stream.opened.mode]).toEqual(['write', 'watch']);
  bob.stream.message({ type: 'ask' });
  await expect.poll(bob.last, soon).toEqual({ type: 'request', state: 'waiting', by: 'window 1' });
  const to = bob.stream.opened.sessionId;
  await expect.poll(ann.last, soon).toEqual({ type: 'requests', from: [{ sessionId: to, label: 'window 2', sinceMs: expect.any(Number) }] });
  ann.stream.message({ type: 'decline', to });
  await expect.poll(bob.last, soon).toEqual({ type: 'request', state: 'declined', by: 'window 1' });
  await expect.poll(ann.last, soon).toEqual({ type: 'requests', from: [] });
  bob.stream.message({ type: 'ask' });
  await expect.poll(ann.last, soon).toMatchObject({ type: 'requests', from: [{ sessionId: to }] });
  ann.stream.message({ type: 'hand-over', to });
  await expect.poll(() => bob.messages.slice(-2), soon).toEqual([{ type: 'notice', what: 'handed-over', by: 'window 1', atMs: expect.any(Number) }, { type: 'mode', mode: 'write' }]);
  await expect.poll(() => ann.messages.slice(-2), soon).toMatchObject([{ type: 'mode', mode: 'watch' }, { type: 'notice', what: 'writer-changed', by: 'window 2' }]);
  ann.stream.message({ type: 'hand-over', to });
  await expect.poll(ann.last, soon).toMatchObject({ type: 'refused', error: { code: 'OPERATION_DENIED' }, holder: 'window 2' });
});

test('whoever waits has the input when the writer closes its window', async () => {
  const ann = await open('window 1');
  const bob = await open('window 2');
  bob.stream.message({ type: 'ask' });
  await expect.poll(bob.last, soon).toMatchObject({ type: 'request', state: 'waiting' });
  ann.stream.close();
  await expect.poll(() => bob.messages.slice(-2), soon).toMatchObject([{ type: 'notice', what: 'handed-over', by: 'window 1' }, { type: 'mode', mode: 'write' }]);
  await bob.stream.send(Buffer.from('mine'));
  await eventually(() => fake.heard.toString() === 'mine', soon.timeout);
});

test('a break stands after what was typed before it, and before what is typed after', async () => {
  const { stream, messages } = await open('window 1');
  await stream.send(Buffer.from('before'));
  stream.message({ type: 'break' });
  await stream.send(Buffer.from('after'));
  await eventually(() => breaks.length === 1 && fake.heard.toString() === 'before', soon.timeout);
  breaks[0]!.end();
  await eventually(() => fake.heard.toString() === 'beforeafter', soon.timeout);
  expect(messages).toEqual([]);
});

test('a break is sent by nobody who watches, and given up by who loses the input', async () => {
  const ann = await open('window 1');
  const bob = await open('window 2');
  bob.stream.message({ type: 'break' });
  await expect.poll(bob.last, soon).toMatchObject({ type: 'refused', error: { code: 'OPERATION_DENIED' }, holder: 'window 1' });
  ann.stream.message({ type: 'break' });
  await eventually(() => breaks.length === 1, soon.timeout);
  bob.stream.message({ type: 'request-write', force: true });
  await expect.poll(() => ann.messages.find(({ type }) => type === 'refused'), soon).toMatchObject({ error: { code: 'OPERATION_ABORTED' } });
  expect(breaks[0]!.signal.aborted).toBe(true);
  breaks[0]!.end();
});

test('what is kept nowhere is told with the times at which it was written', async () => {
  await using silent = await FakeChardev.start({ logged: false });
  await mux[Symbol.asyncDispose]();
  mux = new ConsoleMux({ domain, clock: systemClock, log: silentLog, historyBytes: 100 });
  await mux.add(silent.device, new AbortController().signal);
  await eventually(() => silent.connected, soon.timeout);
  silent.say('0123456789'.repeat(30));
  await eventually(() => mux.status()[0]?.position === 300, soon.timeout);
  const { messages } = await open('window 1', 'watch', 'beginning');
  await expect.poll(() => messages, soon).toEqual([{ type: 'gap', from: 0, to: 200, fromMs: 0, toMs: 200 }]);
});

test('a client that reads nothing is told no more than a hundred things, whatever the others do', async () => {
  const wire = door();
  let told = 0;
  wire.onMessage((message) => (told += (message as { t: string }).t === 'message' ? 1 : 0));
  wire.send({ t: 'hello', protocol: protocolVersion, label: 'frozen' });
  wire.send({ t: 'open', id: 1, stream: 'domainOpenConsole', params: { domain: 'fedora', mode: 'watch' } });
  await eventually(() => mux.status()[0]?.sessions.length === 1, soon.timeout);
  const [one, other] = ['one', 'other'].map((label) => mux.open('serial0', { client: { id: label, label }, mode: 'watch', force: false }));
  for (let round = 0; round < 2_000; round++) {
    (round % 2 === 0 ? one : other)!.requestWrite(true);
    await Promise.resolve();
  }
  await eventually(() => told > 90, soon.timeout);
  fake.say('the guest goes on');
  await eventually(() => mux.status()[0]?.position === 17, soon.timeout);
  expect(told).toBeLessThanOrEqual(102);
  one![Symbol.dispose]();
  other![Symbol.dispose]();
  wire.close();
});
