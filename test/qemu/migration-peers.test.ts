/** How two hosts find and hold each other for a migration: local sockets, ssh, tunnels, and what follows when a link is lost. */
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { MigrationOptionsInput } from '../../core/migration/migration-options.ts';
import { type BuiltCommand, buildCommand, spawnCommand } from '../cli/built-command.ts';
import { EventRecord, defineBootGuest, lookup, waitForState } from '../support/boot-guest.ts';
import { startDirtyGuest } from '../support/migration-guest.ts';
import { type TestHost, openTestHost } from '../support/open-test-host.ts';
import { weakLink } from '../support/weak-link.ts';

const limitMs = 120_000;
const waitMs = 40_000;

/** A boot sector in /tmp is on no shared file system. */
const live: MigrationOptionsInput = { live: true, unsafe: true };

async function startGuest(host: TestHost, options: Parameters<typeof defineBootGuest>[1] = {}): Promise<void> {
  await defineBootGuest(host, options);
  await host.client.call('domainCreate', { domain: options.name ?? 'boot' });
}

const move = (from: TestHost, uri: string, options: MigrationOptionsInput = live): Promise<unknown> => from.client.call('domainMigrateToURI3', { domain: 'boot', uri, options });
const noJob = async (host: TestHost): Promise<void> => {
  await vi.waitFor(async () => expect((await lookup(host)).jobs.async).toBeNull(), { timeout: waitMs });
};

describe('through the socket of a state folder', () => {
  test('a guest moves, and back', { timeout: limitMs }, async () => {
    await using alpha = await openTestHost();
    await using beta = await openTestHost();
    await startGuest(alpha);
    await move(alpha, `vireo+unix://${beta.home}`, { ...live, persistDestination: true });
    expect(await lookup(beta)).toMatchObject({ state: 'running', reason: 'migrated', persistent: true });
    expect(await lookup(alpha)).toMatchObject({ state: 'shut off', reason: 'migrated' });
    await move(beta, `vireo+unix://${alpha.home}`, { ...live, undefineSource: true });
    expect(await lookup(alpha)).toMatchObject({ state: 'running', reason: 'migrated' });
    await expect(lookup(beta)).rejects.toMatchObject({ code: 'NO_DOMAIN' });
  });

  test('what cannot be reached, or is the same host, is refused before anything is begun', { timeout: limitMs }, async () => {
    await using alpha = await openTestHost();
    await startGuest(alpha);
    const record = new EventRecord(alpha);
    await expect(move(alpha, 'vireo+unix:///nonexistent')).rejects.toMatchObject({ message: expect.stringContaining('there is no state folder at /nonexistent'), domain: { name: 'boot' } });
    await using beta = await openTestHost();
    await beta.close();
    await expect(move(alpha, `vireo+unix://${beta.home}`)).rejects.toThrow(`no Vireo host serves ${beta.home}; start one with`);
    await beta.open();
    await expect(move(alpha, 'xen://beta')).rejects.toMatchObject({ code: 'INVALID_ARG' });
    await expect(move(alpha, `vireo+unix://${alpha.home}`)).rejects.toThrow(/Attempt to migrate guest to the same host/);
    expect([record.told, (await lookup(alpha)).state]).toEqual([[], 'running']);
  });

  test('it goes on when the client that asked for it has gone, under its new name', { timeout: limitMs }, async () => {
    await using beta = await openTestHost();
    const link = weakLink(() => beta);
    await using alpha = await openTestHost({ carriers: { reachFolder: link.reach } });
    await startGuest(alpha);
    const prepared = link.hold('domainMigratePrepare3Params');
    const other = alpha.host.client('a window');
    const asked = other.call('domainMigrateToURI3', { domain: 'boot', uri: `vireo+unix://${beta.home}`, options: { ...live, destinationName: 'renamed' } });
    const lost = expect(asked).rejects.toMatchObject({ code: 'RPC' });
    await prepared.reached;
    other.close();
    await lost;
    prepared.release();
    await waitForState(alpha, 'shut off', 'boot', waitMs);
    expect(await lookup(beta, 'renamed')).toMatchObject({ state: 'running', uuid: (await lookup(alpha)).uuid });
  });
});

describe('a link that is lost', () => {
  const pair = async (): Promise<{ alpha: TestHost; beta: TestHost; link: ReturnType<typeof weakLink>; uri: string } & AsyncDisposable> => {
    const beta = await openTestHost();
    const link = weakLink(() => beta);
    const alpha = await openTestHost({ carriers: { reachFolder: link.reach } });
    await startGuest(alpha);
    return {
      alpha,
      beta,
      link,
      uri: `vireo+unix://${beta.home}`,
      async [Symbol.asyncDispose]() {
        await alpha[Symbol.asyncDispose]();
        await beta[Symbol.asyncDispose]();
      },
    };
  };

  test('before the destination has answered Prepare: the guest goes on, and nothing stays there', { timeout: limitMs }, async () => {
    await using scene = await pair();
    scene.link.cutAtAnswer('domainMigratePrepare3Params');
    await expect(move(scene.alpha, scene.uri)).rejects.toThrow(/Lost connection to destination host/);
    expect(await lookup(scene.alpha)).toMatchObject({ state: 'running', reason: 'booted' });
    await noJob(scene.alpha);
    await vi.waitFor(async () => await expect(lookup(scene.beta)).rejects.toMatchObject({ code: 'NO_DOMAIN' }), { timeout: waitMs });
  });

  test('while memory goes over: the guest goes on, and nothing stays there', { timeout: limitMs }, async () => {
    await using scene = await pair();
    const prepared = scene.link.hold('domainMigratePrepare3Params');
    const failed = expect(move(scene.alpha, scene.uri)).rejects.toMatchObject({ domain: { name: 'boot' } });
    await prepared.reached;
    const { pid } = await lookup(scene.beta);
    process.kill(pid!, 'SIGSTOP'); // what is sent is read by nobody, so that there is all the time to cut the link
    try {
      prepared.release();
      await vi.waitFor(async () => expect((await lookup(scene.alpha)).jobs.async?.phase).toBe('perform3'), { timeout: waitMs, interval: 5 });
      scene.link.cut();
    } finally {
      process.kill(pid!, 'SIGCONT');
    }
    await failed;
    expect((await lookup(scene.alpha)).state).toBe('running');
    await noJob(scene.alpha);
    await vi.waitFor(async () => await expect(lookup(scene.beta)).rejects.toMatchObject({ code: 'NO_DOMAIN' }), { timeout: waitMs });
  });

  test('when the destination was told to run the guest: it is asked again, and the guest runs there alone', { timeout: limitMs }, async () => {
    await using scene = await pair();
    scene.link.cutAtAnswer('domainMigrateFinish3Params');
    await move(scene.alpha, scene.uri);
    expect(scene.link.connections).toBeGreaterThan(1);
    expect((await lookup(scene.beta)).state).toBe('running');
    expect(await lookup(scene.alpha)).toMatchObject({ state: 'shut off', reason: 'migrated' });
  });
});

describe('with the command', () => {
  let command: BuiltCommand;
  let tools: string;
  beforeAll(async () => {
    command = await buildCommand();
    tools = await mkdtemp('/tmp/vireo-tools-');
    // An ssh that stays on this computer: it forgets its options and the host, and has the command run by a shell, as sshd does.
    await script('ssh', `while [ "$1" != -- ]; do shift; done\n[ "$2" = beta ] || { echo "ssh: Could not resolve hostname $2: Name or service not known" >&2; exit 255; }\nPATH=${tools}:$PATH exec sh -c "$3"`);
    await script('vireo', `VIREO_NODE='${process.execPath}' exec '${process.execPath}' '${command.script}' "$@"`);
  });
  afterAll(async () => {
    await command[Symbol.asyncDispose]();
    await rm(tools, { recursive: true, force: true });
  });
  const script = async (name: string, text: string): Promise<void> => {
    await writeFile(path.join(tools, name), `#!/bin/sh\n${text}\n`);
    await chmod(path.join(tools, name), 0o755);
  };
  const ssh = (): string => path.join(tools, 'ssh');

  test('a guest moves through ssh, in a tunnel, led by its host', { timeout: limitMs }, async () => {
    await using beta = await openTestHost();
    await using alpha = await openTestHost({ carriers: { sshProgram: ssh() } });
    await startGuest(alpha);
    await move(alpha, `vireo+ssh://beta${beta.home}`, { ...live, tunnelled: true });
    expect((await lookup(beta)).state).toBe('running');
    expect((await lookup(alpha)).state).toBe('shut off');
    await expect(alpha.client.call('connectProbeHost', { uri: 'vireo+ssh://gamma' })).rejects.toThrow(`cannot reach the Vireo host at gamma with ${ssh()}: ssh: Could not resolve hostname gamma: Name or service not known`);
  });

  test('the command leads by itself, and asks a host behind ssh like its own', { timeout: limitMs }, async () => {
    await using beta = await openTestHost();
    await using alpha = await openTestHost();
    await startGuest(alpha);
    process.env['VIREO_SSH'] = ssh();
    try {
      const moved = await spawnCommand(command, alpha.home, ['migrate', 'boot', `vireo+ssh://beta${beta.home}`, '--live', '--unsafe', '--migrateuri', 'tcp://127.0.0.1', '--verbose']).outcome;
      expect(moved).toMatchObject({ exitCode: 0, stdout: '\n', stderr: expect.stringMatching(/\rMigration: \[100\.00 %\]\n$/) });
      const listed = await spawnCommand(command, alpha.home, ['-c', `vireo+ssh://beta${beta.home}`, 'domstate', 'boot', '--reason']).outcome;
      expect(listed).toEqual({ exitCode: 0, stdout: 'running (migrated)\n\n', stderr: '' });
    } finally {
      delete process.env['VIREO_SSH'];
    }
    expect((await lookup(alpha)).state).toBe('shut off');
  });

  test('Ctrl + C cancels what it leads: the guest goes on here, and nothing stays there', { timeout: limitMs }, async () => {
    await using beta = await openTestHost();
    await using alpha = await openTestHost();
    await startDirtyGuest(alpha); // over such a link it never ends by itself
    const { child, outcome } = spawnCommand(command, alpha.home, ['migrate', 'boot', `vireo+unix://${beta.home}`, '--live', '--unsafe', '--bandwidth', '1']);
    await vi.waitFor(async () => expect((await lookup(alpha)).jobs.async?.phase).toBe('perform3'), { timeout: waitMs, interval: 20 });
    child.kill('SIGINT');
    expect(await outcome).toMatchObject({ exitCode: 130, stderr: expect.stringMatching(/^error: operation aborted: /) });
    expect((await lookup(alpha)).state).toBe('running');
    await noJob(alpha);
    await vi.waitFor(async () => await expect(lookup(beta)).rejects.toMatchObject({ code: 'NO_DOMAIN' }), { timeout: waitMs });
  });
});
