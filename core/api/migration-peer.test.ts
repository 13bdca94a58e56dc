import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { VirtualClock, settled } from '../../test/support/virtual-clock.ts';
import { VireoError } from '../base/errors.ts';
import type { Client } from './client.ts';
import { connectHost } from './connect-host.ts';
import { migrationTarget } from './migration-peer.ts';

const never = AbortSignal.timeout(60_000);

describe('a destination', () => {
  /** Answers as long as it is told to. */
  const peer = (): { client: Client; answers: boolean; closed: AbortController } => {
    const closed = new AbortController();
    const scene = {
      closed,
      answers: true,
      client: {
        closed: closed.signal,
        close: () => closed.abort(new VireoError('RPC', 'closed by this side')),
        call: async () => (scene.answers ? { hostname: 'beta', hostUuid: 'h', wallTimeMs: 5 } : await new Promise(() => {})),
      } as unknown as Client,
    };
    return scene;
  };
  const target = async (scene: ReturnType<typeof peer>, clock: VirtualClock) => await migrationTarget(scene.client, { label: 'beta', address: null, clock });
  const pass = async (clock: VirtualClock, seconds: number): Promise<void> => {
    for (let second = 0; second < seconds; second++) {
      clock.advance(1_000);
      await settled();
    }
  };

  test('that answers is there for as long as it takes', async () => {
    const clock = new VirtualClock();
    await using there = await target(peer(), clock);
    await pass(clock, 600);
    expect([there.closed.aborted, there.hostName, there.connectedAtMs]).toEqual([false, 'beta', 5]);
  });

  test('that hangs is lost after half a minute, and its connection closed', async () => {
    const clock = new VirtualClock();
    const scene = peer();
    await using there = await target(scene, clock);
    scene.answers = false;
    await pass(clock, 34);
    expect(there.closed.aborted).toBe(false);
    await pass(clock, 2);
    expect(there.closed.reason).toMatchObject({ code: 'OPERATION_FAILED', message: 'operation failed: Lost connection to destination host beta: it has not answered for 30 s' });
    expect(scene.closed.signal.aborted).toBe(true);
  });

  test('whose connection closes is lost at once, and nothing of it goes on', async () => {
    const clock = new VirtualClock();
    const scene = peer();
    await using there = await target(scene, clock);
    scene.closed.abort(new VireoError('RPC', 'the connection to the Vireo host was closed'));
    expect(there.closed.reason).toMatchObject({ message: expect.stringContaining('Lost connection to destination host beta: the connection to the Vireo host was closed') });
    await settled();
    expect(clock.sleeping).toBe(0);
  });
});

describe('ssh', () => {
  let folder: string;
  beforeAll(async () => void (folder = await mkdtemp('/tmp/vireo-ssh-')));
  afterAll(() => rm(folder, { recursive: true, force: true }));
  const program = async (text: string): Promise<string> => {
    const file = path.join(folder, `ssh${Math.random()}`);
    await writeFile(file, `#!/bin/sh\n${text}\n`, { mode: 0o755 });
    return file;
  };
  const reach = (sshProgram: string, signal = never): Promise<Client> => connectHost('vireo+ssh://beta', 'the test', { sshProgram }, signal);

  test('that is not there is named', async () => {
    await expect(reach('/nonexistent/ssh')).rejects.toThrow('cannot reach the Vireo host at beta with /nonexistent/ssh: spawn /nonexistent/ssh ENOENT');
  });

  test('that ends is told by its last words, and by its exit status where it said none', async () => {
    const talkative = await program('echo "banner" >&2; echo "beta: Permission denied (publickey)." >&2; exit 255');
    await expect(reach(talkative)).rejects.toThrow(`cannot reach the Vireo host at beta with ${talkative}: banner; beta: Permission denied (publickey).`);
    const silent = await program('exit 3');
    await expect(reach(silent)).rejects.toThrow(`${silent}: exit status 3`);
  });

  test('that prints something of its own is no host', async () => {
    await expect(reach(await program('echo Welcome to beta; cat'))).rejects.toMatchObject({ code: expect.stringMatching(/^(RPC|SYSTEM_ERROR)$/) });
  });

  test('that never answers is given up when its caller does', async () => {
    const givenUp = new AbortController();
    const reaching = reach(await program('cat > /dev/null'), givenUp.signal);
    givenUp.abort(new VireoError('OPERATION_TIMEOUT', 'no answer'));
    await expect(reaching).rejects.toMatchObject({ code: 'OPERATION_TIMEOUT' });
  });
});

test('a folder in which no host ever was is none, and does not become one', async () => {
  const empty = await mkdtemp('/tmp/vireo-none-');
  const started = vi.fn();
  await expect(connectHost(`vireo+unix://${empty}`, 'the test', { reachFolder: started }, never)).rejects.toThrow(`there is no state folder at ${empty}`);
  expect(started).not.toHaveBeenCalled();
  await rm(empty, { recursive: true });
});
