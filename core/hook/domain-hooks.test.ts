import { chmod, mkdir, mkdtemp, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { DomainHooks, type HookOperation } from './domain-hooks.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp('/tmp/vireo-');
  await mkdir(path.join(folder, 'qemu.d'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const signal = new AbortController().signal;

async function script(name: string, body: string, mode = 0o700): Promise<void> {
  await writeFile(path.join(folder, name), `#!/bin/sh\n${body}\n`);
  await chmod(path.join(folder, name), mode);
}

function hooks(timeoutMs = 20_000): DomainHooks {
  return new DomainHooks({ folder, stateFolder: '/the/state', timeoutMs });
}

function run(operation: HookOperation = 'prepare', extra?: string): Promise<void> {
  return hooks().run({ operation, domain: 'web-1', xml: () => '<domain/>', signal, ...(extra === undefined ? {} : { extra }) });
}

const told = (): Promise<string> => readFile(path.join(folder, 'told'), 'utf8');

describe('a hook script', () => {
  test('is told the name, the operation and the reason, with the XML on its input and this host in its environment', async () => {
    await script('qemu', `echo "$@ $(cat) $VIREO_HOME" >> ${folder}/told`);
    await run('prepare');
    await run('release', 'destroyed');
    expect(await told()).toBe('web-1 prepare begin - <domain/> /the/state\nweb-1 release end destroyed <domain/> /the/state\n');
  });

  test('runs after `qemu`, by name, and each runs although one before it failed', async () => {
    await script('qemu', `echo first >> ${folder}/told`);
    await script('qemu.d/10-b', `echo second >> ${folder}/told; echo "no bridge" >&2; exit 3`);
    await script('qemu.d/20-a', `echo third >> ${folder}/told; exit 4`);
    await expect(run()).rejects.toMatchObject({ code: 'HOOK_SCRIPT_FAILED', message: `Hook script execution failed: '${folder}/qemu.d/10-b web-1 prepare begin -' ended with exit code 3: no bridge` });
    expect(await told()).toBe('first\nsecond\nthird\n');
  });

  test('need not read its input, nor close its output in what it leaves running', async () => {
    await script('qemu', `(sleep 30 & echo $! > ${folder}/told)`);
    const began = performance.now();
    await hooks().run({ operation: 'started', domain: 'web-1', xml: () => 'x'.repeat(1 << 20), signal });
    expect(performance.now() - began).toBeLessThan(20_000);
    process.kill(Number(await told()), 'SIGKILL');
  });

  test('that takes too long is ended with what it has started', async () => {
    await script('qemu', `sleep 60 & echo $! > ${folder}/told; wait`);
    await expect(hooks(300).run({ operation: 'prepare', domain: 'web-1', xml: () => '', signal })).rejects.toThrow('took longer than 0.3 s and was ended');
    const pid = Number(await told());
    await expect.poll(() => readFile(`/proc/${pid}/stat`, 'utf8').then((text) => text.split(') ')[1]?.[0] ?? '', () => 'gone')).toMatch(/^(gone|Z)$/);
  });

  test('that cannot be executed is none, and without any the XML is not even made', async () => {
    await script('qemu', 'exit 1', 0o600);
    await hooks().run({ operation: 'prepare', domain: 'web-1', xml: () => expect.unreachable('nobody reads it'), signal });
  });

  test('that others may write is not run', async () => {
    await script('qemu', `echo run >> ${folder}/told`, 0o722);
    await expect(run()).rejects.toMatchObject({ code: 'HOOK_SCRIPT_FAILED', message: `Hook script execution failed: '${folder}/qemu' was not run: ${folder}/qemu may be written by others (chmod go-w)` });
    await expect(told()).rejects.toThrow('ENOENT');
  });

  test('in the place of which others may put another one is not run, whatever way leads to it', async () => {
    await script('qemu.d/1', `echo run >> ${folder}/told`);
    await chmod(folder, 0o777);
    await expect(run()).rejects.toThrow(`'${folder}/qemu.d/1' was not run: ${folder} may be written by others`);
    await chmod(folder, 0o700);
    await mkdir(path.join(folder, 'open'));
    await rename(path.join(folder, 'qemu.d/1'), path.join(folder, 'open/1'));
    await chmod(path.join(folder, 'open'), 0o777);
    await symlink(path.join(folder, 'open/1'), path.join(folder, 'qemu.d/1'));
    await expect(run()).rejects.toThrow(`'${folder}/qemu.d/1' was not run: ${folder}/open may be written by others`);
    await expect(told()).rejects.toThrow('ENOENT');
  });

  test('ends with the call that waits for it', async () => {
    await script('qemu', 'sleep 60');
    const gone = new AbortController();
    const running = hooks().run({ operation: 'prepare', domain: 'web-1', xml: () => '', signal: gone.signal });
    gone.abort(new Error('the client gave up'));
    await expect(running).rejects.toThrow('the client gave up');
  });
});

describe('a script that filters', () => {
  const filter = (): Promise<string | null> => hooks().filter({ operation: 'restore', domain: 'web-1', xml: () => '<domain/>', signal });

  test('changes the definition for the next one; one that prints nothing leaves it', async () => {
    await script('qemu', 'sed s/domain/other/');
    await script('qemu.d/1', 'cat > /dev/null');
    await script('qemu.d/2', 'sed s/other/last/');
    expect(await filter()).toBe('<last/>');
  });

  test('that none changes is null', async () => {
    await script('qemu', 'cat > /dev/null');
    expect(await filter()).toBeNull();
  });
});
