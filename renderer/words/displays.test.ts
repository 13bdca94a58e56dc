import { expect, test } from 'vitest';
import { type Display, clientsInWords, elsewhere, listenInWords, passwordInWords, viewerCommand } from './displays.ts';

const display = (changes: Partial<Display> = {}): Display => ({
  type: 'vnc', listen: { on: 'socket', path: '/run/v' }, password: 'none', passwordValidTo: null, encryption: 'none', reach: 'private', warning: null, uri: 'vnc+unix:///run/v', clients: [], ...changes,
});
const client = { host: null, service: null, websocket: false, certificate: null, user: null };

test.each<[Display['listen'], string]>([
  [{ on: 'socket', path: '/run/v' }, 'a private socket'],
  [{ on: 'socket', path: null }, 'a private socket, made at the start'],
  [{ on: 'tcp', address: '::1', port: 5901, tlsPort: null, websocketPort: 5701 }, '[::1], port 5901, port 5701 for web pages'],
  [{ on: 'tcp', address: '127.0.0.1', port: null, tlsPort: 5902, websocketPort: null }, '127.0.0.1, port 5902 with TLS'],
  [{ on: 'tcp', address: '127.0.0.1', port: null, tlsPort: null, websocketPort: null }, '127.0.0.1, any free port'],
  [{ on: 'nothing' }, 'it listens nowhere'],
])('%j is "%s"', (listen, words) => {
  expect(listenInWords(display({ listen }))).toBe(words);
});

test('a password is told with its end, and one that has ended as one', () => {
  expect([display(), display({ password: 'set' }), display({ password: 'set', passwordValidTo: '2030-01-31T23:59:59' }), display({ password: 'empty' }), display({ password: 'expired', passwordValidTo: '2001-01-31T23:59:59' })].map(passwordInWords)).toEqual([
    'none', 'set', 'set, ends 2030-01-31 23:59:59 UTC', 'empty: nobody is let in', 'ended 2001-01-31 23:59:59 UTC: nobody is let in',
  ]);
});

test('clients are told by their addresses, and those on a private socket by their number', () => {
  expect(clientsInWords(display({ clients: null }))).toBeNull();
  expect(clientsInWords(display())).toBe('nobody');
  expect(clientsInWords(display({ clients: [client, { ...client, host: 'fe80::2', service: '4711', certificate: 'CN=ann' }, { ...client, host: '10.0.0.7', service: '4712', websocket: true, user: 'bob' }] }))).toBe(
    '[fe80::2]:4711 (CN=ann), 10.0.0.7:4712 (bob, web page), 1 viewer on this computer',
  );
});

test('who cannot use the window of Vireo is told what else there is', () => {
  expect(elsewhere(display())).toBeNull();
  expect(elsewhere(display({ type: 'spice' }))).toContain('no window for SPICE');
  expect(elsewhere(display({ listen: { on: 'nothing' } }))).toContain('listen nowhere');
  expect([viewerCommand(display()), viewerCommand(display({ uri: 'spice://h?tls-port=5901' })), viewerCommand(display({ uri: null }))]).toEqual(['remote-viewer vnc+unix:///run/v', "remote-viewer 'spice://h?tls-port=5901'", null]);
});
