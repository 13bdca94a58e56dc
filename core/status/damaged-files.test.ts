/** Whatever happened to the files of a state folder, what is whole is found and what is not is named (F5). */
import { execFile } from 'node:child_process';
import { chmod, lstat, mkdir, mkdtemp, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import path from 'node:path';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { formatDomain } from '../devices/domain-xml.ts';
import { fixtureDefinition, fixtureRecord } from '../../test/support/status-fixture.ts';
import { ConfigStore } from './config-store.ts';
import { maximumStateFileBytes } from './read-state-file.ts';
import { StatusStore } from './status-store.ts';
import { propertyRuns } from '../../test/support/property-runs.ts';

const uuids = ['00000000-1111-4111-8111-111111111111', '11111111-2222-4222-8222-222222222222', '22222222-3333-4333-8333-333333333333', '33333333-4444-4444-8444-444444444444'] as const;
const [uuid, other] = uuids;
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp('/tmp/vireo-');
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

interface Loaded {
  /** UUID and content of what was found. */
  readonly found: ReadonlyMap<string, string>;
  readonly broken: readonly { readonly path: string; readonly reason: string }[];
}

interface Kind {
  readonly title: string;
  readonly suffix: string;
  whole(uuid: string): string;
  load(): Promise<Loaded>;
  /** Where a broken file is afterwards. */
  readonly aside: string;
}

const states: Kind = {
  title: 'state files',
  suffix: '.json',
  aside: '.unreadable',
  whole: (id) => JSON.stringify(fixtureRecord(id)),
  async load() {
    const { records, broken } = await new StatusStore(folder).load();
    return { found: new Map(records.map((record) => [record.uuid, JSON.stringify(record)])), broken };
  },
};

const format = { form: 'inactive', secure: true } as const;
const definitions: Kind = {
  title: 'definitions',
  suffix: '.xml',
  aside: '',
  whole: (id) => formatDomain(fixtureDefinition(id), format),
  async load() {
    const { definitions: found, broken } = await new ConfigStore(folder).load();
    return { found: new Map(found.map((definition) => [definition.uuid as string, formatDomain(definition, format)])), broken };
  },
};

type Damage = { readonly how: 'none' | 'empty' | 'version' | 'swap' } | { readonly how: 'cut' | 'flip'; readonly at: number; readonly bit: number };

const place = fc.record({ at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), bit: fc.nat({ max: 7 }) });
const damage: fc.Arbitrary<Damage> = fc.oneof(
  { weight: 2, arbitrary: fc.constantFrom<Damage>({ how: 'none' }, { how: 'empty' }, { how: 'version' }, { how: 'swap' }) },
  { weight: 3, arbitrary: fc.tuple(fc.constantFrom('cut' as const, 'flip' as const), place).map(([how, where]) => ({ how, ...where })) },
);

function damaged(kind: Kind, index: number, { how, ...where }: Damage): Buffer {
  const whole = Buffer.from(kind.whole(uuids[index]!));
  const at = 'at' in where ? Math.floor(where.at * whole.toString('latin1').trimEnd().length) : 0;
  switch (how) {
    case 'none':
      return whole;
    case 'empty':
      return Buffer.alloc(0);
    case 'version':
      return Buffer.from(whole.toString().replace('"version":1,', '"version":2,').replace("type='qemu'", "type='xen'"));
    case 'swap':
      return Buffer.from(kind.whole(uuids[(index + 1) % uuids.length]!));
    case 'cut':
      return whole.subarray(0, at);
    case 'flip':
      whole[at] = whole[at]! ^ (1 << ('bit' in where ? where.bit : 0));
      return whole;
  }
}

describe.each([states, definitions])('$title', (kind) => {
  const fileOf = (id: string): string => path.join(folder, `${id}${kind.suffix}`);

  test('that were cut, changed, exchanged or emptied are told one by one, and hide none that is whole', async () => {
    await fc.assert(
      fc.asyncProperty(fc.tuple(damage, damage, damage, damage), async (damages) => {
        const contents = damages.map((each, index) => damaged(kind, index, each));
        await Promise.all(uuids.map((id, index) => writeFile(fileOf(id), contents[index]!)));
        const { found, broken } = await kind.load();
        for (const [index, { how }] of damages.entries()) {
          const id = uuids[index]!;
          const told = broken.filter((each) => each.path === `${fileOf(id)}${kind.aside}`);
          if (how === 'none') expect({ id, content: found.get(id), told }).toEqual({ id, content: kind.whole(id), told: [] });
          else if (how !== 'flip') expect({ id, how, found: found.has(id), told }).toEqual({ id, how, found: false, told: [{ path: expect.any(String), reason: expect.stringMatching(/\S/) }] });
          else expect(told.length + Number(found.has(id))).toBe(1); // some letters may change and leave a whole file
          for (const each of told) expect(await readFile(each.path)).toEqual(contents[index]);
        }
        const again = await kind.load();
        expect(again.found).toEqual(found);
        expect(again.broken).toEqual(kind.aside === '' ? broken : []);
        await Promise.all((await readdir(folder)).map((name) => rm(path.join(folder, name))));
      }),
      { numRuns: propertyRuns(50) },
    );
  });

  test.each<[string, () => Promise<unknown>, RegExp]>([
    ['a folder', () => mkdir(fileOf(uuid)), /it is no ordinary file/],
    ['a symbolic link to a whole file', () => symlink(fileOf(other), fileOf(uuid)), /it is a symbolic link/],
    ['a symbolic link to itself', () => symlink(fileOf(uuid), fileOf(uuid)), /it is a symbolic link/],
    ['a link to a device without an end', () => symlink('/dev/zero', fileOf(uuid)), /it is a symbolic link/],
    ['a pipe that nobody writes', () => promisify(execFile)('mkfifo', [fileOf(uuid)]), /it is no ordinary file/],
    ['10 MB of nothing', () => writeFile(fileOf(uuid), Buffer.alloc(10_000_000)), new RegExp(`it has 10000000 bytes of at most ${maximumStateFileBytes}`)],
    ['deep nesting', () => writeFile(fileOf(uuid), kind === states ? '['.repeat(1_000_000) : '<a>'.repeat(1_000_000)), /\S/],
    ['bytes that are no text', () => writeFile(fileOf(uuid), Buffer.from(kind.whole(uuid).replace('>guest<', '>gu\u00e9st<'), 'latin1')), /it is not UTF-8/],
  ])('of which one is %s lose only that one', async (_, place_, reason) => {
    await writeFile(fileOf(other), kind.whole(other));
    await place_();
    const { found, broken } = await kind.load();
    expect([[...found.keys()], broken]).toEqual([[other], [{ path: `${fileOf(uuid)}${kind.aside}`, reason: expect.stringMatching(reason) }]]);
    expect(found.get(other)).toBe(kind.whole(other));
  });

  test('of which one is a socket lose only that one', async () => {
    const server = createServer().listen(fileOf(uuid));
    try {
      expect((await kind.load()).broken).toEqual([{ path: `${fileOf(uuid)}${kind.aside}`, reason: 'it is a socket' }]);
    } finally {
      server.close();
    }
  });

  test.skipIf(process.getuid?.() === 0)('that may not be read are left where they are', async () => {
    await writeFile(fileOf(uuid), kind.whole(uuid));
    await chmod(fileOf(uuid), 0);
    expect((await kind.load()).broken).toEqual([{ path: fileOf(uuid), reason: expect.stringContaining('EACCES') }]);
    await chmod(fileOf(uuid), 0o600);
    expect([...(await kind.load()).found.keys()]).toEqual([uuid]);
  });

  test('that a dead writer left unfinished are removed, and nothing else', async () => {
    const names = [`${uuid}${kind.suffix}`, 'notes.txt', '.hidden.new', `.${uuid}${kind.suffix}.0123456789ab.new`];
    await Promise.all(names.map((name) => writeFile(path.join(folder, name), kind.whole(uuid))));
    await kind.load();
    expect((await readdir(folder)).toSorted()).toEqual(names.slice(0, 3).toSorted());
  });
});

describe('a state file', () => {
  test.each<[string, object, string]>([
    ['of a newer Vireo', { version: 2, added: true }, 'it was written by a newer Vireo: version 2, and this one reads 1'],
    ['without a process', { process: null }, "'process': Invalid input: expected object, received null"],
    ["with another's run folder", { runFolder: '/home/user', monitorPath: '/home/user/m' }, "the run folder /home/user is not this domain's"],
    ['with a monitor elsewhere', { monitorPath: '/run/other/m' }, 'the monitor /run/other/m is outside the run folder'],
    ["with another's definition", { xml: fixtureRecord(other).xml }, `its definition is of domain ${other}`],
    ['with a definition that is cut', { xml: fixtureRecord(uuid).xml.slice(0, 100) }, expect.stringContaining('state file of guest')],
  ])('%s is set aside with the reason', async (_, changes, reason) => {
    await writeFile(path.join(folder, `${uuid}.json`), JSON.stringify({ ...fixtureRecord(uuid), ...changes }));
    const { broken, setAside } = await new StatusStore(folder).load();
    expect([broken, setAside]).toEqual([[{ path: path.join(folder, `${uuid}.json.unreadable`), reason }], [uuid]]);
  });

  test('that cannot be set aside is told where it is, and its guest counts as one that may run', async () => {
    await mkdir(path.join(folder, `${uuid}.json.unreadable`, 'full'), { recursive: true });
    await writeFile(path.join(folder, `${uuid}.json`), '{');
    const { broken, setAside } = await new StatusStore(folder).load();
    expect([broken.map((each) => each.path), setAside]).toEqual([[path.join(folder, `${uuid}.json`)], [uuid]]);
    expect((await lstat(path.join(folder, `${uuid}.json`))).isFile()).toBe(true);
  });
});

test("a definition of libvirt's, named as libvirt names it, is told and left, and the same under its UUID is read", async () => {
  const text = `<!-- made by virsh -->\n${definitions.whole(uuid)}`;
  await writeFile(path.join(folder, 'guest.xml'), text);
  const store = new ConfigStore(folder);
  expect(await store.load()).toEqual({ definitions: [], broken: [{ path: path.join(folder, 'guest.xml'), reason: `the file defines domain ${uuid}` }] });
  await writeFile(path.join(folder, `${uuid}.xml`), text);
  expect((await store.load()).definitions).toMatchObject([{ uuid }]);
  expect(await readFile(path.join(folder, 'guest.xml'), 'utf8')).toBe(text);
});
