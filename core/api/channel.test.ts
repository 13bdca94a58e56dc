import { expect, test } from 'vitest';
import { settled } from '../../test/support/virtual-clock.ts';
import { type Channel, type WireMessage, channelPair, clientMessage, serverMessage } from './channel.ts';

function heard(channel: Channel): unknown[] {
  const messages: unknown[] = [];
  channel.onMessage((message) => messages.push(message));
  channel.onClose(() => messages.push('closed'));
  return messages;
}

const cancel = (id: number): WireMessage => ({ t: 'cancel', id });

test('messages arrive in order and are copies', async () => {
  const [client, server] = channelPair();
  const arrived = heard(server);
  const bytes = new Uint8Array([1, 2, 3]);
  client.send({ t: 'bytes', id: 1, offset: 0, bytes });
  client.send(cancel(1));
  bytes.fill(0);
  expect(arrived).toEqual([]);
  await settled();
  expect(arrived).toEqual([{ t: 'bytes', id: 1, offset: 0, bytes: new Uint8Array([1, 2, 3]) }, cancel(1)]);
});

test('what was sent before a close still arrives; the side that closed hears no more, and both hear of it once', async () => {
  const [client, server] = channelPair();
  const [atClient, atServer] = [heard(client), heard(server)];
  client.send(cancel(1));
  server.send(cancel(2));
  server.close();
  client.close();
  client.send(cancel(3));
  server.send(cancel(4));
  await settled();
  expect({ atClient, atServer }).toEqual({ atClient: [cancel(2), 'closed'], atServer: ['closed'] });
});

test('a listener that is disposed hears nothing more', async () => {
  const [client, server] = channelPair();
  const arrived: unknown[] = [];
  const subscription = server.onMessage((message) => arrived.push(message));
  subscription[Symbol.dispose]();
  client.send(cancel(1));
  await settled();
  expect(arrived).toEqual([]);
});

test.each([
  ['a client’s', clientMessage, { t: 'call', id: -1, method: 'domainLookup', params: {} }],
  ['a client’s', clientMessage, { t: 'bytes', id: 1, offset: 0, bytes: 'text' }],
  ['a client’s', clientMessage, { t: 'ack', id: 1, count: -5 }],
  ['a client’s', clientMessage, { t: 'welcome', protocol: 1, version: '1' }],
  ['a host’s', serverMessage, { t: 'error', id: 1, error: 'text' }],
  ['a host’s', serverMessage, null],
])('%s message that is not one is refused (%#)', (_, schema, message) => {
  expect(schema.safeParse(message).success).toBe(false);
});
