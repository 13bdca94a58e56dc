/** `migrate` and its levers: virsh's words and refusals, who leads, and what Ctrl + C does. */
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { VireoError } from '../../core/base/errors.ts';
import { initialStatistics, withReport } from '../../core/job/job-statistics.ts';
import { VirtualClock, settled } from '../support/virtual-clock.ts';
import { type CommandOptions, type CommandOutcome, type CommandRun, beginCommand, runCommand } from './command-run.ts';
import { FakeHost } from './fake-host.ts';

const uuid = '6695eb01-f6a4-8304-79aa-97f2502e193f';
const desturi = 'vireo+ssh://beta';
let host: FakeHost;
let beta: FakeHost;
let connected: string[];

beforeEach(() => {
  host = new FakeHost();
  beta = new FakeHost();
  connected = [];
  host.add({ uuid, name: 'web', id: 1, state: 'running' });
});

const hosts: CommandOptions['hosts'] = {
  connectTo: (uri, label) => {
    connected.push(uri);
    return Promise.resolve(beta.connect(label));
  },
};
const vireo = (line: string): Promise<CommandOutcome> => runCommand(host, line.split(' '), { hosts });
const phases = (of: FakeHost): string[] => of.calls.map(({ method }) => /^domainMigrate(?:(\w+)3Params|(\w+))$/.exec(method)?.slice(1).join('') ?? '').filter((word) => word !== '');
const last = (of: FakeHost, method: string): Record<string, unknown> => of.calls.findLast((call) => call.method === method)?.params as Record<string, unknown>;

describe('who leads', () => {
  test('with --p2p the source host does, and gets every option', async () => {
    expect(await vireo(`migrate web ${desturi} --live --p2p --persistent --undefinesource --copy-storage-all --migrate-disks vda,vdb --bandwidth 0 --comp-methods xbzrle,mt --comp-xbzrle-cache 8589934592 --dname db --timeout 60`)).toEqual({ exitCode: 0, stdout: '\n', stderr: '' });
    expect(last(host, 'domainMigrateToURI3')).toMatchObject({
      domain: uuid,
      uri: desturi,
      options: { live: true, persistDestination: true, undefineSource: true, copyStorage: 'all', migrateDisks: ['vda', 'vdb'], bandwidthMiBps: 0, compressionMethods: ['mt', 'xbzrle'], compressionXbzrleCacheBytes: 8_589_934_592, destinationName: 'db', tunnelled: false, tls: false },
    });
    expect(connected).toEqual([]);
  });

  test('without, the command does, over a connection to each host', async () => {
    expect(await vireo(`migrate web ${desturi} --live`)).toEqual({ exitCode: 0, stdout: '\n', stderr: '' });
    expect([phases(host), phases(beta), connected]).toEqual([['Begin', 'Perform', 'Confirm'], ['Prepare', 'Finish'], [desturi]]);
    expect(last(beta, 'domainMigratePrepare3Params')).toMatchObject({ uuid, name: 'web', options: { live: true, changeProtection: true } });
    expect(last(host, 'domainMigrateConfirm3Params')).toMatchObject({ cancelled: false, unknown: null });
  });

  test('a failure of the destination is told, and the source goes on', async () => {
    beta.failures.set('domainMigratePrepare3Params', new VireoError('OPERATION_FAILED', "domain 'web' already exists"));
    expect(await vireo(`migrate web ${desturi} --live`)).toEqual({ exitCode: 1, stdout: '\n', stderr: "error: operation failed: domain 'web' already exists\n" });
    expect(last(host, 'domainMigrateConfirm3Params')).toMatchObject({ cancelled: true });
  });

  test('a failure of the source ends what was prepared on the destination', async () => {
    host.failures.set('domainMigratePerform3Params', new VireoError('OPERATION_FAILED', 'no route'));
    expect(await vireo(`migrate web ${desturi}`)).toMatchObject({ exitCode: 1, stderr: 'error: operation failed: no route\n' });
    expect([phases(host), last(beta, 'domainMigrateFinish3Params')]).toMatchObject([['Begin', 'Perform'], { cancelled: true }]);
  });
});

test('Ctrl + C asks for the end of the migration, waits for it, and ends as a signal does', async () => {
  let refuse!: (error: VireoError) => void;
  host.held.set('domainMigrateToURI3', new Promise((_, reject) => (refuse = reject)));
  const run = beginCommand(host, ['migrate', 'web', desturi, '--p2p', '--live'], { hosts });
  await vi.waitFor(() => expect(phases(host)).toEqual(['ToURI3']));
  run.interrupt('SIGINT');
  await vi.waitFor(() => expect(host.calls.at(-1)).toMatchObject({ method: 'domainAbortJob', params: { domain: uuid } }));
  refuse(new VireoError('OPERATION_ABORTED', 'migration out job: canceled by client'));
  expect([await run.exitCode, run.stderr.text]).toEqual([130, 'error: operation aborted: migration out job: canceled by client\n']);
});

describe('while it runs', () => {
  const clock = new VirtualClock();
  const during = async (line: string, look: (run: CommandRun) => Promise<void>): Promise<CommandOutcome> => {
    let done!: (answer: { domain: null }) => void;
    host.held.set('domainMigrateToURI3', new Promise((resolve) => (done = resolve)));
    const run = beginCommand(host, line.split(' '), { hosts, clock });
    await vi.waitFor(() => expect(phases(host)).toEqual(['ToURI3']));
    await look(run);
    done({ domain: null });
    return { exitCode: await run.exitCode, stdout: run.stdout.text, stderr: run.stderr.text };
  };
  const pass = async (until: () => void): Promise<void> => {
    await vi.waitFor(async () => {
      clock.advance(500);
      await settled();
      until();
    });
  };

  test('--verbose shows how far it is, and 100 % only at the end', async () => {
    host.job.current = withReport(initialStatistics('migration-out'), { memory: { totalBytes: 1_000_000, remainingBytes: 250_000 } });
    const outcome = await during(`migrate web ${desturi} --p2p --live --verbose`, async (run) => {
      await pass(() => expect(run.stderr.text).toContain('\rMigration: [75.00 %]'));
      host.job.current = withReport(initialStatistics('migration-out'), { memory: { totalBytes: 1_000_000, remainingBytes: 0 } });
      await pass(() => expect(run.stderr.text).toContain('\rMigration: [99.99 %]'));
      expect(run.stderr.text).not.toContain('100.00');
    });
    expect(outcome).toMatchObject({ exitCode: 0, stdout: '\n' });
    expect(outcome.stderr).toMatch(/\rMigration: \[100\.00 %\]\n$/);
  });

  test('--timeout suspends the guest once, and --timeout-postcopy switches', async () => {
    await during(`migrate web ${desturi} --p2p --live --timeout 3`, () => pass(() => expect(host.calls.at(-1)?.method === 'domainSuspend' || host.calls.some(({ method }) => method === 'domainSuspend')).toBe(true)));
    expect(host.calls.filter(({ method }) => method === 'domainSuspend')).toHaveLength(1);
    host.calls.length = 0;
    await during(`migrate web ${desturi} --p2p --live --postcopy --timeout 3 --timeout-postcopy`, () => pass(() => expect(phases(host)).toContain('StartPostCopy')));
  });

  test('--postcopy-after-precopy switches when the memory was sent once', async () => {
    host.job.current = withReport(initialStatistics('migration-out'), { memory: { iteration: 1 } });
    await during(`migrate web ${desturi} --p2p --live --postcopy --postcopy-after-precopy`, async () => {
      for (let round = 0; round < 5; round++) await pass(() => {});
      expect(phases(host)).toEqual(['ToURI3']);
      host.job.current = withReport(initialStatistics('migration-out'), { memory: { iteration: 2 } });
      await pass(() => expect(phases(host)).toEqual(['ToURI3', 'StartPostCopy']));
    });
  });
});

describe('refused before anything is done', () => {
  test.each([
    ['--live --offline', 'Options --live and --offline are mutually exclusive'],
    ['--copy-storage-all --copy-storage-inc', 'Options --copy-storage-all and --copy-storage-inc are mutually exclusive'],
    ['--postcopy-after-precopy', 'Option --postcopy is required by option --postcopy-after-precopy'],
    ['--postcopy-resume', 'Option --postcopy is required by option --postcopy-resume'],
    ['--persistent-xml f', 'Option --persistent is required by option --persistent-xml'],
    ['--tls-destination x', 'Option --tls is required by option --tls-destination'],
    ['--timeout 5', 'migrate: Unexpected timeout for offline migration'],
    ['--live --timeout-suspend', 'migrate: Unexpected --timeout-* option without --timeout'],
    ['--copy-storage-synchronous-writes', "'--copy-storage-synchronous-writes' requires one of '--copy-storage-all', '--copy-storage-inc'"],
    ['--migrate-disks vda', "'--migrate-disks' requires one of '--copy-storage-all', '--copy-storage-inc'"],
    ['--tunnelled', 'cannot perform tunnelled migration without using peer2peer flag: the memory would have to go through this client; add --p2p'],
    ['--comp-methods lzo', "Unsupported compression method 'lzo'; there are mt, xbzrle, zlib, zstd"],
    ['--direct', 'direct migration: QEMU does not lead a migration by itself; leave --direct out, or let the source host lead with --p2p'],
    ['--graphicsuri spice://x', '--graphicsuri: clients of a screen are not sent along; they connect anew to the guest where it runs'],
  ])('%s', async (words, message) => {
    expect(await vireo(`migrate web ${desturi} ${words}`)).toEqual({ exitCode: 1, stdout: '\n', stderr: `error: ${message}\n` });
    expect(host.calls).toEqual([]);
  });

  test('a destination that names no host', async () => {
    expect(await vireo('migrate web qemu+ssh://beta/system')).toMatchObject({ exitCode: 1, stderr: expect.stringContaining("there is no connection of the kind 'qemu+ssh'") });
    expect(host.calls).toEqual([]);
  });
});

test('the levers are virsh\'s', async () => {
  expect([await vireo('migrate-getspeed web'), await vireo('migrate-setspeed web 0 --postcopy'), await vireo('migrate-getmaxdowntime web'), await vireo('migrate-setmaxdowntime web 500'), await vireo('migrate-compcache web 67108864'), await vireo('migrate-postcopy web')]).toEqual(
    ['0\n\n', '\n', '300\n\n', '\n', 'Compression cache: 64.000 MiB\n\n', '\n'].map((stdout) => ({ exitCode: 0, stdout, stderr: '' })),
  );
  expect(last(host, 'domainMigrateSetMaxSpeed')).toEqual({ domain: uuid, bandwidthMiBps: 0, postcopy: true });
  expect(last(host, 'domainMigrateSetMaxDowntime')).toEqual({ domain: uuid, downtimeMs: 500 });
  expect(last(host, 'domainMigrateSetCompressionCache')).toEqual({ domain: uuid, cacheBytes: 67_108_864 });
  expect(await vireo('migrate-setmaxdowntime web 0')).toEqual({ exitCode: 1, stdout: '\n', stderr: 'error: migrate: Invalid downtime\n' });
});

test.each([
  ['', 'vireo+unix:///srv/beta', 'tcp:127.0.0.1:49152'],
  ['', 'vireo+ssh://ann@[fe80::1]:22/srv/beta', 'tcp:[fe80::1]:49152'],
  ['-c vireo+unix:///srv/alpha ', 'vireo+unix:///srv/beta', 'tcp:127.0.0.1:49152'],
  ['-c vireo+ssh://gamma ', 'vireo+unix:///srv/beta', 'tcp:alpha:49152'],
])('%smigrate to %s has the source send to %s', async (globals, uri, expected) => {
  beta.add({ uuid, name: 'web', id: 1, state: 'running' });
  beta.prepareUri = 'tcp::49152';
  await vireo(`${globals}migrate web ${uri} --live`);
  expect(last(globals.includes('-c') ? beta : host, 'domainMigratePerform3Params')).toMatchObject({ uri: expected });
});

test('-c asks another host', async () => {
  beta.add({ uuid, name: 'there', id: 7, state: 'running' });
  expect(await vireo('-c vireo+ssh://beta domname 7')).toEqual({ exitCode: 0, stdout: 'there\n\n', stderr: '' });
  expect([connected, host.calls]).toEqual([['vireo+ssh://beta'], []]);
  expect(await vireo('--connect vireo+ssh://beta hostname')).toEqual({ exitCode: 0, stdout: 'alpha\n\n', stderr: '' });
  connected.length = 0;
  const failing = { connectTo: () => Promise.reject(new VireoError('SYSTEM_ERROR', 'cannot reach the Vireo host at beta with ssh: Permission denied')) };
  expect(await runCommand(host, ['--connect=vireo+ssh://beta', 'list'], { hosts: failing })).toEqual({ exitCode: 1, stdout: '\n', stderr: 'error: failed to connect to the hypervisor\nerror: cannot reach the Vireo host at beta with ssh: Permission denied\n' });
});
