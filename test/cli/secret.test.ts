/** Secrets by command, on the real store. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type CommandOutcome, runCommand } from './command-run.ts';
import { FakeHost } from './fake-host.ts';

const uuid = '0a81f5b2-8403-7b23-c8d6-21ccc2f80d6f';
let folder = '';
let host: FakeHost;
beforeEach(async () => {
  folder = await mkdtemp('/tmp/vireo-');
  host = new FakeHost();
  host.secretFolder = path.join(folder, 'secrets');
  await writeFile(path.join(folder, 's.xml'), `<secret><uuid>${uuid}</uuid><usage type='volume'><volume>/images/a.img</volume></usage></secret>`);
  await writeFile(path.join(folder, 'private.xml'), "<secret private='yes'/>");
  await writeFile(path.join(folder, 'key'), Buffer.of(1, 2, 255));
  await writeFile(path.join(folder, 'wrong'), 'no base64!');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const vireo = (line: string): Promise<CommandOutcome> => runCommand(host, line.split(' '), { folder });
const printed = (...lines: string[]): CommandOutcome => ({ exitCode: 0, stdout: `${[...lines, ''].join('\n')}\n`, stderr: '' });

test('a secret is defined, given its value, read back, listed and forgotten', async () => {
  expect(await vireo('secret-define s.xml')).toEqual(printed(`Secret ${uuid} created`));
  expect(await vireo(`secret-set-value ${uuid} --file key --plain`)).toEqual(printed('Secret value set'));
  expect(await vireo(`secret-get-value ${uuid}`)).toEqual(printed('AQL/'));
  expect((await vireo(`secret-get-value ${uuid} --plain`)).stdout).toBe('\u0001\u0002\u00ff\n');
  expect((await vireo('secret-list')).stdout).toContain(` ${uuid}   volume /images/a.img`);
  expect((await vireo(`secret-dumpxml ${uuid}`)).stdout).toContain('<volume>/images/a.img</volume>');
  expect(await vireo(`secret-undefine ${uuid}`)).toEqual(printed(`Secret ${uuid} deleted`));
  expect((await vireo(`secret-dumpxml ${uuid}`)).stderr).toContain(`failed to get secret '${uuid}'`);
});

test.each([
  [`secret-get-value ${uuid}`, 'does not have a value'],
  [`secret-set-value ${uuid} --file wrong`, 'Invalid base64 data'],
  [`secret-set-value ${uuid} --file gone`, "Failed to open file 'gone'"],
  ['secret-define key', 'Failed to set attributes from key'],
])('%s is refused with the reason', async (line, reason) => {
  await vireo('secret-define s.xml');
  const { exitCode, stderr } = await vireo(line);
  expect([exitCode, stderr]).toEqual([1, expect.stringContaining(reason)]);
});

test('the value of a private secret stays where it is', async () => {
  const own = /Secret (\S+) created/.exec((await vireo('secret-define private.xml')).stdout)?.[1] ?? '';
  await vireo(`secret-set-value ${own} --file key --plain`);
  expect((await vireo(`secret-get-value ${own}`)).stderr).toContain('is private');
});
