import { describe, expect, test } from 'vitest';
import { formatMigrationUri, parseMigrationUri } from './migration-uri.ts';

describe('the address of a migration', () => {
  test.each([
    ['tcp:host:49152', { type: 'tcp', host: 'host', port: 49_152 }],
    ['tcp://host', { type: 'tcp', host: 'host', port: null }],
    ['tcp://host:1/', { type: 'tcp', host: 'host', port: 1 }],
    ['tcp:[fd00::2]:49152', { type: 'tcp', host: 'fd00::2', port: 49_152 }],
    ['tcp::49152', { type: 'tcp', host: '', port: 49_152 }],
    ['unix:/run/sock', { type: 'unix', path: '/run/sock' }],
    ['unix:///run/a%20sock', { type: 'unix', path: '/run/a sock' }],
  ])('is read from %s', (uri, address) => expect(parseMigrationUri(uri)).toEqual(address));

  test.each(['host', 'tcp:a b:1', 'tcp:host:0', 'tcp:host:65536', 'tcp://host/path', 'unix:relative', 'rdma:host', 'exec:rm -rf /', 'fd:3'])('is refused: %s', (uri) => expect(() => parseMigrationUri(uri)).toThrow(expect.objectContaining({ code: 'INVALID_ARG' })));

  test('is written as QEMU takes it', () => {
    expect([{ type: 'tcp', host: 'fd00::2', port: 1 } as const, { type: 'tcp', host: '', port: 2 } as const, { type: 'unix', path: '/x' } as const].map(formatMigrationUri)).toEqual(['tcp:[fd00::2]:1', 'tcp::2', 'unix:/x']);
  });
});
