import { expect, test } from 'vitest';
import { askedAddress, serverAddress } from './nbd-address.ts';

const none = { disksUri: null, disksPort: null, tls: false };
const nbd = { port: 49_153, disks: [] };

test.each([
  [none, { socket: null, host: null, port: null }],
  [{ ...none, disksPort: 49_200 }, { socket: null, host: null, port: 49_200 }],
  [{ ...none, disksUri: 'tcp://10.0.0.2' }, { socket: null, host: '10.0.0.2', port: null }],
  [{ ...none, disksUri: 'tcp://[fd00::2]:49160' }, { socket: null, host: 'fd00::2', port: 49_160 }],
  [{ ...none, disksUri: 'tcp://there.example:49160/' }, { socket: null, host: 'there.example', port: 49_160 }],
  [{ ...none, disksUri: 'unix:/run/disks.sock' }, { socket: '/run/disks.sock', host: null, port: null }],
  [{ ...none, disksUri: 'unix:///run/a%20b' }, { socket: '/run/a b', host: null, port: null }],
])('of %o, disks are served at %o', (options, asked) => {
  expect(askedAddress(options)).toEqual(asked);
});

test.each([
  [{ ...none, disksUri: '/run/x' }, /No URI scheme specified/],
  [{ ...none, disksUri: 'tcp://:49160' }, /did not provide a server part/],
  [{ ...none, disksUri: 'tcp://host:70000' }, /nbd port must be in range/],
  [{ ...none, disksUri: 'tcp:host:49160' }, /did not provide a server part/],
  [{ ...none, disksUri: 'unix:relative' }, /does not include path/],
  [{ ...none, disksUri: 'unix:///run/%zz' }, /does not include path/],
  [{ ...none, disksUri: 'rdma://host' }, /Unsupported scheme in disks URI/],
  [{ ...none, disksUri: 'unix:///run/x', tls: true }, /TLS is not supported over UNIX socket/],
])('%o is refused: %s', (options, words) => {
  expect(() => askedAddress(options)).toThrow(words);
});

test("the source takes Prepare's port on the host of the migration, unless it was told otherwise", () => {
  expect(serverAddress(none, nbd, '10.0.0.2')).toEqual({ type: 'inet', host: '10.0.0.2', port: 49_153 });
  expect(serverAddress({ ...none, disksUri: 'tcp://10.9.0.2' }, nbd, '10.0.0.2')).toEqual({ type: 'inet', host: '10.9.0.2', port: 49_153 });
  expect(serverAddress({ ...none, disksUri: 'unix:///run/x' }, { port: null, disks: [] }, '10.0.0.2')).toEqual({ type: 'unix', path: '/run/x' });
});

test('a socket that Prepare knows nothing of is no server', () => {
  expect(() => serverAddress({ ...none, disksUri: 'unix:///run/x' }, null, '')).toThrow(/NBD is not set up/);
});

test.each([[null], [{ port: null, disks: [] }]])('without a port in the cookie, %o, nothing is begun', (cookie) => {
  expect(() => serverAddress(none, cookie, '10.0.0.2')).toThrow(/migration of non-shared disks requested but NBD is not set up/);
  expect(() => serverAddress({ ...none, disksPort: 49_160 }, cookie, '10.0.0.2')).toThrow(/NBD is not set up/);
});
