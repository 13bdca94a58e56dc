/** What a host does with clients that break the rules: one line in the log, and the end of that connection alone. */
import { describe, expect, test } from 'vitest';
import { smallHost } from '../../test/support/small-host.ts';
import { settled } from '../../test/support/virtual-clock.ts';
import { VireoError } from '../base/errors.ts';
import type { WireMessage } from './channel.ts';

async function closedAfter(...messages: readonly unknown[]): Promise<{ closed: boolean; log: string[] }> {
  const host = smallHost();
  await host.client.openStream('domainOpenConsole', { domain: 'sample' }, { onBytes: () => {}, onMessage: () => {}, onEnd: () => {} });
  for (const message of messages) host.wire.send(message as WireMessage);
  await settled();
  return { closed: host.client.closed.aborted, log: host.log };
}

describe('a client is cut off, with one line in the log, when it sends', () => {
  test.each<[string, readonly unknown[], string]>([
    ['what is no message', ['hello', 'hello'], 'a client sent a message that does not fit the protocol'],
    ['a message with a wrong field', [{ t: 'cancel', id: 'one' }], 'a client sent a message that does not fit the protocol'],
    ['another protocol', [{ t: 'hello', protocol: 99, label: 'late' }], 'a client speaks another protocol'],
    ['a stream message that does not fit', [{ t: 'message', id: 1, body: { type: 'shout' } }], 'a client sent a stream message that does not fit'],
    ['more bytes than any window', [{ t: 'bytes', id: 1, offset: 0, bytes: new Uint8Array((1 << 20) + 1) }], 'a client sent more than its window allows'],
    ['bytes before the stream is open', [{ t: 'open', id: 2, stream: 'domainOpenConsole', params: { domain: 'a' } }, { t: 'bytes', id: 2, offset: 0, bytes: new Uint8Array(1) }], 'a client used a stream before it was open'],
  ])('%s', async (_, messages, line) => {
    const { closed, log } = await closedAfter(...messages);
    expect([closed, log.length]).toEqual([true, 1]);
    expect(log[0]).toContain(`warning ${line}`);
  });
});

describe('a client is refused, and stays connected, when it', () => {
  test.each<[string, readonly unknown[]]>([
    ['opens a stream that does not exist', [{ t: 'open', id: 7, stream: 'toString', params: {} }]],
    ['opens a stream under a number in use', [{ t: 'open', id: 1, stream: 'domainOpenConsole', params: { domain: 'sample' } }]],
    ['calls a method that does not exist', [{ t: 'call', id: 7, method: '__proto__', params: {} }]],
    ['speaks of streams and calls that have ended', [{ t: 'ack', id: 9, count: 1 }, { t: 'close', id: 9 }, { t: 'cancel', id: 9 }]],
  ])('%s', async (_, messages) => {
    expect(await closedAfter(...messages)).toEqual({ closed: false, log: [] });
  });
});

test('a second call under a number in use is refused and does not disturb the first', async () => {
  let answer!: () => void;
  const host = smallHost({ domainSuspend: () => new Promise((resolve) => (answer = () => resolve(null))) });
  const heard: unknown[] = [];
  host.wire.onMessage((message) => heard.push(message));
  for (let n = 0; n < 2; n += 1) host.wire.send({ t: 'call', id: 50, method: 'domainSuspend', params: { domain: 'sample' } });
  await settled();
  answer();
  await settled();
  expect(heard.slice(1)).toEqual([
    { t: 'error', id: 50, error: { code: 'RPC', message: 'call 50 is still under way', details: {} } },
    { t: 'result', id: 50, value: null },
  ]);
});

test('a failure of our own is logged with where it happened; a refusal is not', async () => {
  const host = smallHost({ domainSuspend: () => Promise.reject(new TypeError('a defect')), domainLookup: () => Promise.reject(new VireoError('NO_DOMAIN', 'no domain')) });
  await expect(host.client.call('domainSuspend', { domain: 'sample' })).rejects.toThrow('internal error: a defect');
  await expect(host.client.call('domainLookup', { domain: 'sample' })).rejects.toThrow('no domain');
  expect(host.log).toHaveLength(1);
  expect(host.log[0]).toContain('error a call failed');
});

test('a stream that fails on a message hurts neither the connection nor the host', async () => {
  const host = smallHost();
  host.console.failOnMessage = true;
  const stream = await host.client.openStream('domainOpenConsole', { domain: 'sample' }, { onBytes: () => {}, onMessage: () => {}, onEnd: () => {} });
  stream.message({ type: 'release' });
  await settled();
  expect([host.client.closed.aborted, host.log]).toEqual([false, [expect.stringContaining('a stream failed on a message')]]);
});

test('error details that cannot travel are dropped, and the message stands', async () => {
  const circular: Record<string, unknown> = {};
  circular['self'] = circular;
  const host = smallHost({ domainSuspend: () => Promise.reject(new VireoError('OPERATION_FAILED', 'no', { details: circular })) });
  await expect(host.client.call('domainSuspend', { domain: 'sample' })).rejects.toMatchObject({ message: 'operation failed: no', details: {} });
});
