import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { VireoError } from '../../base/errors.ts';
import { readBackingName, resolveBackingPath } from './backing-name.ts';
import { networkNode } from './network-node.ts';

const noSecrets = { auth: null, cookies: null, tls: null, encryption: [] };

/** What QEMU would be told of a network image. */
function node(name: string): unknown {
  const read = readBackingName(name);
  if ('path' in read || read.backend.type !== 'network' || !read.backend.source) return expect.unreachable('no network image');
  return networkNode({ source: read.backend.source, auth: null, encryption: null, secrets: noSecrets });
}

describe('a name without a protocol is a path', () => {
  test.each([['base.raw', 'base.raw'], ['/a/b', '/a/b'], ['file:/a/b', '/a/b'], ['file:///a/b', '/a/b'], ['./odd:name', './odd:name'], ['a/b:c', 'a/b:c']])('%s', (name, path) => {
    expect(readBackingName(name)).toEqual({ path });
  });
});

describe('a server is told to QEMU as the header means it:', () => {
  const inet = (host: string, port: string): object => ({ type: 'inet', host, port });
  test.each([
    ['nbd://example.org/disk', { driver: 'nbd', server: inet('example.org', '10809'), export: 'disk' }],
    ['nbd+unix:///disk?socket=/run/nbd', { driver: 'nbd', server: { type: 'unix', path: '/run/nbd' }, export: 'disk' }],
    ['nbd:example.org:1234:exportname=a:b', { driver: 'nbd', server: inet('example.org', '1234'), export: 'a:b' }],
    ['nbd:unix:/run/nbd:exportname=x', { driver: 'nbd', server: { type: 'unix', path: '/run/nbd' }, export: 'x' }],
    ['https://example.org/a%20b.qcow2?key=1', { driver: 'https', url: 'https://example.org:443/a%20b.qcow2?key=1' }],
    ['http://[::1]:8080/x', { driver: 'http', url: 'http://[::1]:8080/x' }],
    ['ssh://me@example.org/images/x', { driver: 'ssh', path: '/images/x', server: { host: 'example.org', port: '22' }, user: 'me' }],
    ['iscsi://example.org/iqn.2026-01.org.example:x/2', { driver: 'iscsi', portal: 'example.org:3260', target: 'iqn.2026-01.org.example:x', lun: 2, transport: 'tcp' }],
    ['rbd:pool/image:mon_host=a\\:6789;b:conf=/etc/ceph.conf', { driver: 'rbd', pool: 'pool', image: 'image', conf: '/etc/ceph.conf', server: [{ host: 'a', port: '6789' }, { host: 'b', port: '0' }] }],
    ['json:{"driver":"nbd","server":{"type":"inet","host":"h","port":"1"},"export":"e"}', { driver: 'nbd', server: inet('h', '1'), export: 'e' }],
    ['json:{"driver":"raw","file.driver":"nbd","file.server.path":"/s","file.server.type":"unix"}', { driver: 'nbd', server: { type: 'unix', path: '/s' } }],
    ['json:{"driver":"qcow2","file":{"driver":"https","url":"https://h/x","sslverify":"off"}}', { driver: 'https', url: 'https://h:443/x', sslverify: false }],
    ['json:{"file":{"driver":"rbd","pool":"p","image":"i","server":[{"host":"a","port":"1"}]}}', { driver: 'rbd', pool: 'p', image: 'i', server: [{ host: 'a', port: '1' }] }],
  ])('%s', (name, told) => {
    expect(node(name)).toEqual(told);
  });
});

test('json: names formats, parts of files and the images below', () => {
  const read = readBackingName('json:{"driver":"qcow2","file":{"driver":"file","filename":"/a"},"backing":{"driver":"raw","offset":512,"size":1024,"file":{"driver":"host_device","filename":"/dev/x"},"backing":null}}');
  expect(read).toMatchObject({
    format: 'qcow2',
    backend: { type: 'file', source: { file: '/a' } },
    below: { format: 'raw', backend: { type: 'block', source: { dev: '/dev/x', slice: { offsetBytes: 512, sizeBytes: 1024 } } }, below: null },
  });
});

describe('refused with what is not understood is', () => {
  test.each([
    ['fat:/etc', /'fat' is no protocol/],
    ['blkdebug::x', /'blkdebug' is no protocol/],
    ['weird://x/y', /'weird' is no protocol/],
    ['nbd://x/%zz', /per cent sign/],
    ['https://x/%E0%A4%A', /per cent sign/],
    ['iscsi://user%secret@h/t/0', /names the user 'user/],
    ['rbd:pool/image:id=admin', /names the user 'admin'/],
    ['json:{"driver":', /no JSON/],
    ['json:{"driver":"qcow2","file":"node0"}', /names the node 'node0'/],
    ['json:{"driver":"file","filename":"relative"}', /'relative' in it is no absolute path/],
    ['json:{"driver":"null-co"}', /'null-co' is no driver/],
    ['json:{"driver":"quorum","file":{"driver":"file","filename":"/a"}}', /'quorum' is no format/],
    ['json:{}', /no 'driver'/],
    ['json:{"driver":"qcow2","file":{"driver":"qcow2","file":{"driver":"file","filename":"/a"}}}', /one format inside the other/],
    ['nbd://h:99999/x', /no URL/],
  ])('%s', (name, reason) => {
    expect(() => readBackingName(name)).toThrow(reason);
  });

  test('whatever else a guest writes there', () => {
    const words = fc.constantFrom('json:', '{', '}', '"driver"', ':', '"file"', '"nbd"', ',', '[', ']', 'nbd:', '//', 'unix:', '/x', 'rbd:', '@', 'null', '1', '"server"', '%', '?');
    fc.assert(fc.property(fc.array(words, { maxLength: 14 }), (parts) => {
      try {
        readBackingName(parts.join(''));
      } catch (error) {
        expect(error).toBeInstanceOf(VireoError);
      }
    }), { numRuns: 1000 });
  });
});

describe('a relative path', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp('/tmp/vireo-names-');
    await mkdir(`${folder}/deep/inner`, { recursive: true });
    await symlink(`${folder}/deep/inner`, `${folder}/link`);
  });
  afterAll(() => rm(folder, { recursive: true }));

  test.each([
    ['base', 'top', 'base'],
    ['./base', 'deep/top', 'deep/base'],
    ['../base', 'deep/inner/top', 'deep/base'],
    ['../base', 'link/top', 'deep/base'], // the folder's own parent, as the system goes, not the text's
    ['../gone/base', 'top', '../gone/base'],
  ])('%s of %s is %s', async (name, above, expected) => {
    expect(await resolveBackingPath(name, `${folder}/${above}`)).toBe(expected.startsWith('..') ? `/tmp/gone/base` : `${folder}/${expected}`);
  });

  test('that is absolute stays', async () => expect(await resolveBackingPath('/x/../y', '/a/b')).toBe('/x/../y'));
});
