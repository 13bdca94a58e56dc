import { mkdtemp, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { runCommand } from './command-run.ts';
import { FakeHost } from './fake-host.ts';

const at = '2026-01-02 03:04:05.678+0000';
let host: FakeHost;
let folder: string;

beforeEach(async () => {
  host = new FakeHost();
  host.add({ name: 'web' });
  folder = await mkdtemp('/tmp/vireo-');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('console-log', () => {
  test('prints text without escape sequences, with times where they are asked for', async () => {
    expect((await runCommand(host, ['-q', 'console-log', 'web'])).stdout).toBe('BIOS ready\nlogin: root\n');
    expect((await runCommand(host, ['-q', 'console-log', 'web', 'ttyS0', '--timestamps', '--from', 'beginning'])).stdout).toBe(`[${at}] BIOS ready\n[${at}] login: root\n`);
  });

  test('gives the bytes as they came', async () => {
    expect((await runCommand(host, ['-q', 'console-log', 'web', '--format', 'raw'])).stdout).toBe('BIOS ready\r\n\x1b[32mlogin:\x1b[0m root\r\n');
  });

  test('writes a recording to a file, and over none that is there', async () => {
    const words = ['console-log', 'web', '--format', 'asciicast', '--file', 'web.cast'];
    const run = await runCommand(host, words, { folder });
    expect(run.stdout).toMatch(/^\d+ bytes written to web\.cast\n/);
    const [header = '', ...events] = (await readFile(path.join(folder, 'web.cast'), 'utf8')).trimEnd().split('\n');
    expect(JSON.parse(header)).toMatchObject({ version: 2, title: 'web' });
    expect(events.map((line) => JSON.parse(line) as unknown)).toEqual([[0, 'm', `power on, ${at}`], [0, 'o', 'BIOS ready\r\n\x1b[32mlogin:\x1b[0m root\r\n']]);
    const again = await runCommand(host, words, { folder });
    expect([again.exitCode, again.stderr]).toEqual([1, expect.stringContaining('Failed to write')]);
  });

  test('refuses what makes no sense, and says which console is not there', async () => {
    expect((await runCommand(host, ['console-log', 'web', '--format', 'gif'])).stderr).toContain("--format: 'gif' is none of text, raw, asciicast");
    expect((await runCommand(host, ['console-log', 'web', '--format', 'raw', '--timestamps'])).exitCode).toBe(1);
    expect((await runCommand(host, ['console-log', 'web', 'ttyS9'])).stderr).toContain('cannot find character device ttyS9');
  });
});

describe('console-search', () => {
  test('prints a line for each match, and its exit code says whether there was one', async () => {
    const run = await runCommand(host, ['-q', 'console-search', 'LOGIN', '--domain', 'web']);
    expect([run.exitCode, run.stdout]).toEqual([0, `${at}  web  ttyS0  login: root\n`]);
    const none = await runCommand(host, ['-q', 'console-search', 'LOGIN', '--case-sensitive', '--domain', 'web']);
    expect([none.exitCode, none.stdout]).toEqual([1, '']);
  });

  test('takes regular expressions, and names one that is none', async () => {
    const run = await runCommand(host, ['--json', 'console-search', String.raw`^\w+: root$`, '--regex', '--domain', 'web']);
    expect(JSON.parse(run.stdout)).toMatchObject({ line: 'login: root', column: 0, domain: { name: 'web' }, console: { alias: 'serial0' } });
    expect((await runCommand(host, ['console-search', '(', '--regex', '--domain', 'web'])).stderr).toContain("the pattern '(' is no regular expression");
  });
});

describe('console-trigger', () => {
  test('adds, lists and removes', async () => {
    expect((await runCommand(host, ['-q', 'console-trigger', 'web', '--add', 'panic', '--devname', 'ttyS0', '--once'])).exitCode).toBe(0);
    await runCommand(host, ['console-trigger', 'web', '--add', '^oops', '--regex']);
    expect((await runCommand(host, ['-q', 'console-trigger', 'web'])).stdout.split('\n').map((line) => line.trim().split(/ {2,}/))).toEqual([
      ['t1', 'ttyS0', 'text', 'once', '-', 'panic'],
      ['t2', 'all', 'regex', 'on', '-', '^oops'],
      [''],
    ]);
    await runCommand(host, ['console-trigger', 'web', '--remove', 'panic']);
    expect(JSON.parse((await runCommand(host, ['--json', 'console-trigger', 'web', '--list'])).stdout)).toMatchObject([{ id: 't2', pattern: '^oops' }]);
    expect((await runCommand(host, ['console-trigger', 'web', '--remove', 'panic'])).stderr).toContain("has no trigger 'panic'");
  });
});
