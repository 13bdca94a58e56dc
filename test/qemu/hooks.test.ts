/** The administrator's hooks around a real run: told in libvirt's order, able to refuse a start, unable to lose a guest. */
import { chmod, mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { defineBootGuest, lookup, waitForState } from '../support/boot-guest.ts';
import { type TestHost, openTestHost, qemuProcessesOf } from '../support/open-test-host.ts';

let host: TestHost;

beforeEach(async () => {
  host = await openTestHost({ monitorDeadlineMs: 20_000 });
});

afterEach(async () => {
  await host[Symbol.asyncDispose]();
});

async function hook(body: string): Promise<void> {
  await mkdir(path.join(host.home, 'hooks'), { recursive: true });
  const file = path.join(host.home, 'hooks', 'qemu');
  await writeFile(file, `#!/bin/sh\n${body}\n`);
  await chmod(file, 0o700);
}

const tell = (): string => `echo "$*" >> ${host.home}/told`;
const told = async (): Promise<string[]> => (await readFile(`${host.home}/told`, 'utf8')).trim().split('\n');

describe('a hook', () => {
  test('is told of a run from before its resources to after them, with the live XML', async () => {
    await hook(`${tell()}\n[ "$2" = started ] && cat > ${host.home}/xml\ntrue`);
    await defineBootGuest(host);
    await host.client.call('domainCreate', { domain: 'boot' });
    await host.client.call('domainDestroy', { domain: 'boot' });
    expect(await told()).toEqual(['boot prepare begin -', 'boot start begin -', 'boot started begin -', 'boot stopped end -', 'boot release end destroyed']);
    expect(await readFile(`${host.home}/xml`, 'utf8')).toMatch(/^<domain type='qemu' id='1'>[^]*<alias name='serial0'\/>/);
  });

  test.each(['prepare', 'start', 'started'])('that fails at %s fails the start, in its own words, and is told of the end', async (operation) => {
    await hook(`${tell()}\nif [ "$2" = ${operation} ]; then echo "the bridge is missing" >&2; exit 1; fi`);
    await defineBootGuest(host);
    await expect(host.client.call('domainCreate', { domain: 'boot' })).rejects.toMatchObject({
      code: 'HOOK_SCRIPT_FAILED',
      message: `Hook script execution failed: '${host.home}/hooks/qemu boot ${operation} begin -' ended with exit code 1: the bridge is missing`,
    });
    expect((await told()).at(-1)).toBe('boot release end failed');
    expect(await lookup(host)).toMatchObject({ state: 'shut off', reason: 'failed', pid: null });
    expect([await qemuProcessesOf(host.home), await readdir(path.join(host.home, 'status'))]).toEqual([[], []]);
    const { text } = await host.client.call('domainGetLog', { domain: 'boot' });
    expect(text).toContain('the bridge is missing');
    await rm(path.join(host.home, 'hooks', 'qemu'));
    expect(await host.client.call('domainCreate', { domain: 'boot' })).toMatchObject({ state: 'running' });
  });

  test('that fails at the end or at a reconnect is told in the log, and loses no guest', async () => {
    await hook(`${tell()}\ncase $2 in stopped|release|reconnect) echo "$2 went wrong" >&2; exit 7;; esac`);
    await defineBootGuest(host);
    const { pid } = await host.client.call('domainCreate', { domain: 'boot' });
    await host.reopen();
    await host.host.driver.reconnected;
    expect(await waitForState(host, 'running')).toMatchObject({ pid, id: 1 });
    await host.client.call('domainDestroy', { domain: 'boot' });
    expect((await told()).slice(3)).toEqual(['boot reconnect begin -', 'boot stopped end -', 'boot release end destroyed']);
    const { text } = await host.client.call('domainGetLog', { domain: 'boot' });
    expect(text.match(/(?:stopped|release|reconnect) went wrong/g)).toEqual(['reconnect went wrong', 'stopped went wrong', 'release went wrong']);
  });
});
