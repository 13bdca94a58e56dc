import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { reachHost, reachOrStartHost } from '../../cli/start-host.ts';
import { serve } from '../../core/api/server.ts';
import { listenLocal } from '../../core/api/local-server.ts';
import { systemClock } from '../../core/base/clock.ts';
import { acquireOwnership } from '../../core/status/owner-file.ts';
import { type StateLayout, stateLayout } from '../../core/status/state-folder.ts';
import { FakeHost } from './fake-host.ts';

let layout: StateLayout;
beforeEach(async () => {
  layout = stateLayout(await mkdtemp('/tmp/vireo-'));
});
afterEach(() => rm(layout.root, { recursive: true, force: true }));

const options = { clock: systemClock, signal: new AbortController().signal };

/** A program that is started as a host; what it does is the test's. */
async function program(source: string): Promise<{ node: string; script: string; env: NodeJS.ProcessEnv }> {
  const script = `${layout.root}/program.cjs`;
  await writeFile(script, source);
  return { node: process.execPath, script, env: process.env };
}

/** Listens, and says who it is; ends when its first client is gone. */
const listening = `
  const fs = require('fs');
  const socket = process.argv[4] + '/run/api';
  console.log('started with', process.argv.slice(2).join(' '));
  fs.writeFileSync(process.argv[4] + '/pid', String(process.pid));
  const welcome = Buffer.from('\\0' + JSON.stringify({ t: 'welcome', protocol: 1, version: '0' }));
  const length = Buffer.alloc(4);
  length.writeUInt32BE(welcome.length);
  require('net').createServer((client) => {
    client.on('close', () => process.exit()).on('error', () => {}).resume();
    client.write(Buffer.concat([length, welcome]));
  }).listen(socket);
`;

describe('reaching a host', () => {
  test('where none is, answers null', async () => {
    expect(await reachHost(layout, 'test', options)).toBeNull();
  });

  test('starts one where none is: in a session of its own, with its words in the log', async () => {
    const client = await reachOrStartHost(layout, 'test', await program(listening), options);
    const pid = Number(await readFile(`${layout.root}/pid`, 'utf8'));
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    const session = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[3]);
    expect(session).toBe(pid);
    expect(await readFile(`${layout.logs}/host.log`, 'utf8')).toBe(`started with host --home ${layout.root}\n`);
    client.close();
  });

  test('tells the last words of one that ends at once', async () => {
    const broken = await program("console.error('no such thing'); process.exit(3);");
    await expect(reachOrStartHost(layout, 'test', broken, options)).rejects.toMatchObject({
      message: 'failed to connect to the hypervisor',
      reason: { message: 'the host ended at once (exit code 3): no such thing' },
    });
  });

  test('tells that the program is not there', async () => {
    await expect(reachOrStartHost(layout, 'test', { node: '/nonexistent/node', script: '', env: {} }, options)).rejects.toMatchObject({ reason: { message: expect.stringContaining('ENOENT') } });
  });

  test('waits for an owner that does not listen yet, and starts no second host', async () => {
    const ownership = await acquireOwnership(layout, { role: 'app', wallTime: () => 0 });
    const connecting = reachOrStartHost(layout, 'test', { node: '/nonexistent/node', script: '', env: {} }, options);
    const server = await listenLocal(layout.socket, (channel) => void serve(channel, new FakeHost().served()));
    (await connecting).close();
    await server.close();
    await ownership.release();
  });

  test('a host that lost to a quicker one is no failure: the quicker one is reached', async () => {
    const ownership = await acquireOwnership(layout, { role: 'host', wallTime: () => 0 });
    // The command saw no owner, started its host, and only then another process became the owner.
    const loser = await program("process.exit(1)");
    await ownership.release();
    const connecting = reachOrStartHost(layout, 'test', loser, options);
    const winner = await acquireOwnership(layout, { role: 'host', wallTime: () => 0 });
    const server = await listenLocal(layout.socket, (channel) => void serve(channel, new FakeHost().served()));
    (await connecting).close();
    await server.close();
    await winner.release();
  });

  test('starts one when the owner that was waited for ends without having listened', async () => {
    const ownership = await acquireOwnership(layout, { role: 'app', wallTime: () => 0 });
    const connecting = reachOrStartHost(layout, 'test', await program(listening), options);
    await ownership.release();
    (await connecting).close();
    expect(await readFile(`${layout.logs}/host.log`, 'utf8')).toContain('started with host');
  });

  test('stops when it is told to', async () => {
    const ownership = await acquireOwnership(layout, { role: 'app', wallTime: () => 0 });
    const stop = new AbortController();
    const connecting = reachOrStartHost(layout, 'test', { node: '/nonexistent/node', script: '', env: {} }, { ...options, signal: stop.signal });
    stop.abort('SIGINT');
    await expect(connecting).rejects.toBeDefined();
    await ownership.release();
  });
});
