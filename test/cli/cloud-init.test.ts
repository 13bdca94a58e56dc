/** cloud-init-seed: what it writes, and what it refuses before it writes anything. */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type CommandOutcome, runCommand } from './command-run.ts';
import { FakeHost } from './fake-host.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp('/tmp/vireo-');
  await writeFile(path.join(folder, 'key.pub'), '# mine\nssh-ed25519 AAAA me\n');
  await writeFile(path.join(folder, 'data'), '#cloud-config\n{}\n');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const vireo = (line: string): Promise<CommandOutcome> => runCommand(new FakeHost(), line.split(' '), { folder });

test.each(['--user me --ssh-key key.pub', '--user-data data --hostname web'])('writes a seed from %s', async (options) => {
  expect(await vireo(`cloud-init-seed web.iso ${options}`)).toEqual({ exitCode: 0, stdout: `Seed written to '${folder}/web.iso'\n\n`, stderr: '' });
  const image = await readFile(path.join(folder, 'web.iso'));
  expect([image.includes('cidata'), image.includes('local-hostname: web'), image.includes('#cloud-config')]).toEqual([true, true, true]);
});

test.each([
  ['', 'Either --user-data or --user is needed'],
  ['--user me --user-data data', 'Either --user-data or --user is needed'],
  ['--user me', "User 'me' has no key: nobody could log in (--ssh-key)"],
  ['--user-data key.pub --hostname a_b', "'a_b' cannot be a guest's host name"],
  ['--user-data gone', "Failed to open file 'gone': No such file or directory"],
])('refuses %s and writes nothing', async (options, reason) => {
  const { exitCode, stderr } = await vireo(`cloud-init-seed web.iso ${options}`.trim());
  expect([exitCode, stderr]).toEqual([1, expect.stringContaining(reason)]);
  expect((await readdir(folder)).toSorted()).toEqual(['data', 'key.pub']);
});
