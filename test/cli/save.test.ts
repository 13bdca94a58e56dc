import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { VireoError } from '../../core/base/errors.ts';
import { beginCommand, runCommand } from './command-run.ts';
import { FakeHost } from './fake-host.ts';

let host: FakeHost;
let folder: string;

beforeEach(async () => {
  host = new FakeHost();
  host.add({ name: 'test', id: 1, state: 'running' });
  folder = await mkdtemp(path.join(tmpdir(), 'vireo-save-'));
  await writeFile(path.join(folder, 'new.xml'), '<domain><name>test</name></domain>');
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

const paramsOf = (method: string): unknown => host.calls.find((call) => call.method === method)?.params;

describe('save', () => {
  test('writes where the caller is, in virsh’s words', async () => {
    const run = await runCommand(host, ['save', 'test', 'test.save', '--xml', 'new.xml', '--image-format', 'zstd', '--paused', '--bypass-cache'], { folder });
    expect([run.exitCode, run.stdout, run.stderr]).toEqual([0, "\nDomain 'test' saved to test.save\n\n", '']);
    expect(paramsOf('domainSave')).toMatchObject({ to: path.join(folder, 'test.save'), format: 'zstd', xml: '<domain><name>test</name></domain>', restoresTo: 'paused', bypassCache: true });
  });

  test('shows how far it is where it is asked to', async () => {
    const run = await runCommand(host, ['save', 'test', '/tmp/x', '--verbose']);
    expect(run.stdout).toContain('\rSave: [100 %]');
    expect((await runCommand(host, ['save', 'test', '/tmp/x', '--running', '--paused'])).stderr).toMatch(/mutually exclusive/);
    expect((await runCommand(host, ['save', 'test', '/tmp/x', '--image-format', 'tar'])).stderr).toMatch(/format 'tar' is not supported, expecting 'raw', 'gzip'/);
  });

  test('that is interrupted asks the job to end, and tells what came of it', async () => {
    let release = (): void => {};
    host.held.set('domainSave', new Promise((_, reject) => (release = () => reject(new VireoError('OPERATION_ABORTED', 'domain save job: canceled by client')))));
    const run = beginCommand(host, ['save', 'test', '/tmp/x']);
    await expect.poll(() => host.calls.some(({ method }) => method === 'domainSave'), { timeout: 20_000 }).toBe(true);
    run.interrupt('SIGINT');
    await expect.poll(() => host.calls.some(({ method }) => method === 'domainAbortJob'), { timeout: 20_000 }).toBe(true);
    release();
    expect(await run.exitCode).not.toBe(0);
    expect(run.stderr.text).toContain("Failed to save domain 'test' to /tmp/x");
  });
});

describe('managedsave', () => {
  test('is seen in list and dominfo, and removed once', async () => {
    expect((await runCommand(host, ['managedsave', 'test'])).stdout).toBe("\nDomain 'test' state saved by Vireo\n\n");
    expect((await runCommand(host, ['list', '--all', '--managed-save'])).stdout).toMatch(/-\s+test\s+saved/);
    expect((await runCommand(host, ['list', '--all'])).stdout).toMatch(/-\s+test\s+shut off/);
    expect((await runCommand(host, ['list', '--all', '--name', '--without-managed-save'])).stdout.trim()).toBe('');
    expect((await runCommand(host, ['list', '--all', '--name', '--with-managed-save'])).stdout.trim()).toBe('test');
    expect((await runCommand(host, ['dominfo', 'test'])).stdout).toMatch(/Managed save:\s+yes/);
    expect((await runCommand(host, ['managedsave-remove', 'test'])).stdout).toBe("Removed managedsave image for domain 'test'\n\n");
    expect((await runCommand(host, ['managedsave-remove', 'test'])).stdout).toBe("Domain 'test' has no manage save image; removal skipped\n\n");
  });

  test('of a domain that does not run says why', async () => {
    host.add({ name: 'off', uuid: '00000000-0000-4000-8000-000000000009' });
    const run = await runCommand(host, ['managedsave', 'off']);
    expect([run.exitCode, run.stderr]).toEqual([1, "error: Failed to save domain 'off' state\nerror: Requested operation is not valid: domain is not running\n"]);
  });

  test('start and undefine are told what becomes of it', async () => {
    await runCommand(host, ['managedsave', 'test']);
    await runCommand(host, ['start', 'test', '--force-boot', '--bypass-cache']);
    expect(paramsOf('domainCreate')).toMatchObject({ forceBoot: true, bypassCache: true });
    await runCommand(host, ['undefine', 'test', '--managed-save']);
    expect(paramsOf('domainUndefine')).toMatchObject({ managedSave: true });
  });
});

test('restore takes the file from where the caller is', async () => {
  const run = await runCommand(host, ['restore', 'test.save', '--running', '--reset-nvram'], { folder });
  expect([run.exitCode, run.stdout]).toEqual([0, 'Domain restored from test.save\n\n']);
  expect(paramsOf('domainRestore')).toMatchObject({ from: path.join(folder, 'test.save'), restoresTo: 'running', resetNvram: true });
  host.failures.set('domainRestore', new VireoError('OPERATION_FAILED', "the save image '/x' cannot be used: image magic is incorrect"));
  expect((await runCommand(host, ['restore', '/x'])).stderr).toBe("error: Failed to restore domain from /x\nerror: operation failed: the save image '/x' cannot be used: image magic is incorrect\n");
});

describe('the definition in an image', () => {
  test('is shown, with its secrets where they are asked for', async () => {
    expect((await runCommand(host, ['save-image-dumpxml', 'x'])).stdout).toContain('<name>test</name>');
    expect((await runCommand(host, ['save-image-dumpxml', 'x', '--security-info'])).stdout).toContain('secret');
    await runCommand(host, ['managedsave', 'test']);
    expect((await runCommand(host, ['managedsave-dumpxml', 'test'])).stdout).toContain('<name>test</name>');
  });

  test('is replaced from a file', async () => {
    const run = await runCommand(host, ['save-image-define', 'x', 'new.xml', '--running'], { folder });
    expect(run.stdout).toBe('State file x updated.\n\n');
    expect(paramsOf('domainSaveImageDefineXML')).toMatchObject({ file: path.join(folder, 'x'), restoresTo: 'running' });
    expect((await runCommand(host, ['managedsave-define', 'test', 'new.xml'], { folder })).stdout).toBe("Managed save state file of domain 'test' updated.\n\n");
  });

  test('is edited with the editor of the user’s choice', async () => {
    const { EDITOR, VISUAL } = process.env;
    try {
      delete process.env['VISUAL'];
      process.env['EDITOR'] = 'true';
      expect((await runCommand(host, ['save-image-edit', 'x'])).stdout).toBe('Saved image x XML configuration not changed.\n\n');
      process.env['EDITOR'] = 'sed -i s/test/other/';
      expect((await runCommand(host, ['save-image-edit', 'x'])).stdout).toBe('State file x edited.\n\n');
      expect(paramsOf('domainSaveImageDefineXML')).toMatchObject({ xml: expect.stringContaining('<name>other</name>') });
      process.env['EDITOR'] = 'false';
      expect((await runCommand(host, ['save-image-edit', 'x'])).stderr).toContain("the editor 'false' ended with exit code 1");
    } finally {
      for (const [name, value] of Object.entries({ EDITOR, VISUAL })) {
        if (value === undefined) delete process.env[name];
        else process.env[name] = value;
      }
    }
  });
});
