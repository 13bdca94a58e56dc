/** The same conversation that goes over MessagePorts and sockets, over a pair of channels in one process. */
import { getEventListeners } from 'node:events';
import { describe, expect, test } from 'vitest';
import { makeChange, makeSummary } from '../../test/support/make-summary.ts';
import { type SmallHost, smallHost } from '../../test/support/small-host.ts';
import { settled } from '../../test/support/virtual-clock.ts';
import { VireoError } from '../base/errors.ts';
import { channelPair, protocolVersion, streamWindow } from './channel.ts';
import { type StreamHandlers, connect } from './client.ts';

const forever = (): Promise<never> => new Promise(() => {});

async function failure(work: Promise<unknown>): Promise<VireoError> {
  return (await work.then(() => null, (error: unknown) => error)) as VireoError;
}

describe('a call', () => {
  test('answers with the result, and its job’s owner and client are named as others will read them', async () => {
    const { client, calls } = smallHost();
    expect((await client.call('domainLookup', { domain: 'sample' })).name).toBe('sample');
    expect(calls.map(({ owner, client: who }) => [owner, who])).toEqual([['remoteDispatchDomainLookup', 'window 1']]);
  });

  test('fails with the host’s error: code, message, domain and details', async () => {
    const domain = { name: 'sample', uuid: makeSummary().uuid };
    const refusal = new VireoError('OPERATION_TIMEOUT', 'cannot acquire state change lock', { domain, details: { holders: [{ ageMs: 5 }] } });
    const { client } = smallHost({ domainSuspend: () => Promise.reject(refusal) });
    const error = await failure(client.call('domainSuspend', { domain: 'sample' }));
    expect(error).toBeInstanceOf(VireoError);
    expect(error.toRecord()).toEqual(refusal.toRecord());
  });

  test('with parameters that do not fit is refused with the field’s name', async () => {
    const { client, calls } = smallHost();
    const error = await failure(client.call('domainGetLog', { domain: 'sample', maximumBytes: 0 }));
    expect([error.code, error.message.split(':').slice(0, 3).join(':')]).toEqual(['INVALID_ARG', 'invalid argument: domainGetLog: maximumBytes']);
    expect(calls).toEqual([]);
  });

  test('of a method that the host does not serve is refused by name', async () => {
    const { client } = smallHost();
    expect((await failure(client.call('domainReset', { domain: 'sample' }))).message).toBe('this function is not supported by the connection driver: domainReset');
  });

  test('whose answer does not fit the contract fails, and says which', async () => {
    const { client } = smallHost({ domainLookup: () => Promise.resolve({ ...makeSummary(), state: 'sleeping' as 'running' }) });
    const error = await failure(client.call('domainLookup', { domain: 'sample' }));
    expect(error.message).toContain("the host's answer to domainLookup does not fit the contract");
  });

  test('that is cancelled rejects at once and aborts the work at the host', async () => {
    const host = smallHost({ domainSuspend: forever });
    const giveUp = new AbortController();
    const error = failure(host.client.call('domainSuspend', { domain: 'sample' }, { signal: giveUp.signal }));
    await settled();
    giveUp.abort();
    expect((await error).message).toBe('operation aborted: domainSuspend was cancelled');
    await settled();
    expect([host.calls[0]?.signal.aborted, getEventListeners(giveUp.signal, 'abort').length]).toEqual([true, 0]);
    expect((await failure(host.client.call('domainSuspend', { domain: 'sample' }, { signal: giveUp.signal }))).code).toBe('OPERATION_ABORTED');
    expect(host.calls).toHaveLength(1);
  });

  test('that is not answered in time rejects and is cancelled', async () => {
    const host = smallHost({ domainLookup: forever });
    const error = await failure(host.client.call('domainLookup', { domain: 'sample' }, { timeoutMs: 1 }));
    expect(error.message).toBe('Timed out during operation: the host did not answer domainLookup within 1 ms');
    await settled();
    expect(host.calls[0]?.signal.aborted).toBe(true);
  });

  test('with parameters that cannot be sent fails and is forgotten', async () => {
    const { client } = smallHost();
    expect((await failure(client.call('domainLookup', { domain: (() => {}) as unknown as string }))).code).toBe('INVALID_ARG');
  });
});

test('when a client is gone its reading calls are aborted, and what changes something goes on to its end', async () => {
  const host = smallHost({ domainLookup: forever, domainSuspend: forever });
  const calls = [failure(host.client.call('domainLookup', { domain: 'sample' })), failure(host.client.call('domainSuspend', { domain: 'sample' }))];
  await settled();
  host.client.close();
  await settled();
  expect((await Promise.all(calls)).map((error) => error.code)).toEqual(['RPC', 'RPC']);
  expect(host.calls.map((call) => [call.owner, call.signal.aborted])).toEqual([
    ['remoteDispatchDomainLookup', true],
    ['remoteDispatchDomainSuspend', false],
  ]);
});

describe('events', () => {
  test('arrive in order with their revisions, for who listens', async () => {
    const { client, events } = smallHost();
    const seen: number[] = [];
    const subscription = client.on('domain', ({ revision }) => seen.push(revision));
    await settled();
    for (const revision of [1, 2]) events.fire({ name: 'domain', payload: makeChange(revision, makeSummary()) });
    await settled();
    subscription[Symbol.dispose]();
    events.fire({ name: 'domain', payload: makeChange(3, makeSummary()) });
    await settled();
    expect(seen).toEqual([1, 2]);
  });

  test('are sent to nobody who did not subscribe or is gone', async () => {
    const { client, events } = smallHost();
    await settled();
    expect(events.size).toBe(0);
    client.on('domain', () => {});
    await settled();
    expect(events.size).toBe(1);
    client.close();
    await settled();
    expect(events.size).toBe(0);
  });

  test('that this client does not know, or that do not fit, are left out', async () => {
    const { client, events } = smallHost();
    const seen: unknown[] = [];
    client.on('domain', (event) => seen.push(event));
    await settled();
    for (const name of ['toString', 'later'] as unknown as 'domain'[]) events.fire({ name, payload: {} });
    events.fire({ name: 'domain', payload: { revision: 'one' } });
    await settled();
    expect([seen, client.closed.aborted]).toEqual([[], false]);
  });
});

describe('a stream', () => {
  interface Reader extends StreamHandlers<'domainOpenConsole'> {
    readonly ends: (VireoError | null)[];
    readonly messages: unknown[];
    received: number;
    acknowledge: (() => void)[];
  }

  function makeReader(): Reader {
    const reader: Reader = {
      ends: [],
      messages: [],
      received: 0,
      acknowledge: [],
      onBytes: (bytes, _offset, acknowledge) => {
        reader.received += bytes.byteLength;
        reader.acknowledge.push(acknowledge);
      },
      onMessage: (message) => reader.messages.push(message),
      onEnd: (error) => reader.ends.push(error),
    };
    return reader;
  }

  function open(host: SmallHost, reader: Reader, device: string | null = null) {
    return host.client.openStream('domainOpenConsole', { domain: 'sample', device }, reader);
  }

  test('carries bytes and messages both ways', async () => {
    const host = smallHost();
    const reader = makeReader();
    const stream = await open(host, reader);
    expect(stream.opened).toMatchObject({ alias: 'serial0', mode: 'write' });
    await host.console.link?.sendBytes(new Uint8Array(3), 0);
    host.console.link?.sendMessage({ type: 'gap', from: 3, to: 5, fromMs: null, toMs: null });
    await stream.send(new Uint8Array([104, 105]));
    stream.message({ type: 'release' });
    await settled();
    expect([reader.received, reader.messages, host.console.typed, host.console.messages]).toEqual([3, [{ type: 'gap', from: 3, to: 5, fromMs: null, toMs: null }], [104, 105], [{ type: 'release' }]]);
  });

  test('that is not acknowledged stops at the window and goes on when it is', async () => {
    const host = smallHost();
    const reader = makeReader();
    await open(host, reader);
    const piece = 10_000;
    let sent = 0;
    const sending = (async () => {
      for (; sent < 30; sent += 1) await host.console.link?.sendBytes(new Uint8Array(piece), sent * piece);
    })();
    await settled();
    expect(reader.received).toBeLessThanOrEqual(streamWindow.pauseAbove + piece);
    const stoppedAt = reader.received;
    for (const acknowledge of reader.acknowledge.splice(0, 3)) acknowledge();
    await settled();
    expect(reader.received).toBe(stoppedAt);
    while (reader.received < 30 * piece) {
      for (const acknowledge of reader.acknowledge.splice(0)) acknowledge();
      await settled();
    }
    await sending;
  });

  test('takes a paste of any size, in order, beside later keys', async () => {
    const host = smallHost();
    const stream = await open(host, makeReader());
    const paste = new Uint8Array(3 << 20).fill(1);
    await Promise.all([stream.send(paste), stream.send(new Uint8Array([2]))]);
    await settled();
    expect([host.console.typed.length, host.console.typed.indexOf(2), host.log]).toEqual([paste.length + 1, paste.length, []]);
  });

  test('that the client closes ends at both sides, once', async () => {
    const host = smallHost();
    const reader = makeReader();
    const stream = await open(host, reader);
    stream.close();
    stream.close();
    await settled();
    expect([reader.ends, host.console.link?.closed.aborted]).toEqual([[null], true]);
    await expect(stream.send(new Uint8Array(1))).rejects.toThrow('the stream has ended');
  });

  test('that the host ends tells the client, with the error where there is one', async () => {
    const host = smallHost();
    const readers = [makeReader(), makeReader()] as const;
    await open(host, readers[0]);
    host.console.finish();
    await settled();
    await open(host, readers[1]);
    host.console.finish(new VireoError('OPERATION_INVALID', 'domain is not running'));
    await settled();
    expect(readers.map(({ ends }) => ends.map((error) => error?.message ?? null))).toEqual([[null], ['Requested operation is not valid: domain is not running']]);
  });

  test('that is refused never opens', async () => {
    const reader = makeReader();
    await expect(open(smallHost(), reader, 'missing')).rejects.toThrow("device not found: no device 'missing'");
    expect(reader.ends).toEqual([]);
  });

  test('ends with the connection', async () => {
    const host = smallHost();
    const reader = makeReader();
    await open(host, reader);
    host.client.close();
    await settled();
    expect([reader.ends.map((error) => error?.code), host.console.link?.closed.aborted]).toEqual([['RPC'], true]);
  });
});

describe('a connection', () => {
  test('to a host of another protocol ends with both numbers', async () => {
    const [near, far] = channelPair();
    const client = connect(near, 'window');
    far.send({ t: 'welcome', protocol: protocolVersion + 1, version: '9' });
    await settled();
    expect((client.closed.reason as VireoError).message).toBe(`the host speaks protocol ${protocolVersion + 1}, this client ${protocolVersion}`);
  });

  test('to a host that sends nonsense ends, and the channel with it', async () => {
    const [near, far] = channelPair();
    let closed = false;
    far.onClose(() => (closed = true));
    const client = connect(near, 'window');
    const call = failure(client.call('domainLookup', { domain: 'sample' }));
    far.send({ t: 'nonsense' } as unknown as Parameters<typeof far.send>[0]);
    expect((await call).message).toContain('the host sent a message that does not fit the protocol');
    await settled();
    expect(closed).toBe(true);
  });

  test('that has ended refuses every later call and stream, also from within the end', async () => {
    const host = smallHost({ domainLookup: forever });
    const late: Promise<VireoError>[] = [];
    const again = (): void => void late.push(failure(host.client.call('domainLookup', { domain: 'sample' })));
    host.client.closed.addEventListener('abort', again);
    await host.client.openStream('domainOpenConsole', { domain: 'sample' }, { onBytes: () => {}, onMessage: () => {}, onEnd: again });
    host.client.close();
    again();
    expect((await Promise.all(late)).map(({ code }) => code)).toEqual(['RPC', 'RPC', 'RPC']);
    await expect(host.client.openStream('domainOpenConsole', { domain: 'sample' }, { onBytes: () => {}, onMessage: () => {}, onEnd: () => {} })).rejects.toThrow('closed by this side');
  });

  test('errors of a code that this client does not know keep their message and their code', async () => {
    const [near, far] = channelPair();
    const client = connect(near, 'window');
    const call = failure(client.call('domainLookup', { domain: 'sample' }));
    far.send({ t: 'error', id: 1, error: { code: 'constructor', message: 'a later failure' } });
    expect(await call).toMatchObject({ code: 'INTERNAL_ERROR', message: 'internal error: a later failure', details: { code: 'constructor' } });
  });
});
