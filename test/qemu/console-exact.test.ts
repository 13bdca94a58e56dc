/** Not a byte lost, changed or said twice, whoever reads, comes, goes and takes over: with a real guest's real devices. */
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connectLocal } from '../../core/api/local-client.ts';
import { findSampleGuest } from '../../core/storage/sample-guest.ts';
import { exactGuestXml, port, serialPort, startExactGuest, virtioConsole } from '../console-exact/exact-guest.ts';
import { typeExactly } from '../console-exact/exact-input.ts';
import { proveExact } from '../console-exact/exact-run.ts';
import { Source } from '../console-exact/source.ts';
import type { GuestConsole } from '../support/guest-console.ts';
import { type TestHost, openTestHost } from '../support/open-test-host.ts';

const guest = await findSampleGuest();
const seed = 20_261_123;
const blockBytes = 4_096;
const blocks = { port: 2_048, virtioConsole: 512, serialPort: 24 } as const;
const source = {
  port: new Source('binary', seed, blocks.port * blockBytes),
  virtioConsole: new Source('binary', seed + 1, blocks.virtioConsole * blockBytes),
  serialPort: new Source('text', seed + 2, blocks.serialPort * blockBytes),
};

describe.skipIf('missing' in guest)('with ten watchers, one of them slow, who come and go and take over', () => {
  let host: TestHost;
  let shell: GuestConsole;
  beforeAll(async () => {
    if ('missing' in guest) return;
    host = await openTestHost();
    const disk = path.join(host.home, 'source.raw');
    for (const each of [source.port, source.virtioConsole, source.serialPort]) await each.writeTo(disk);
    shell = await startExactGuest(host.client, exactGuestXml(guest, disk));
  });
  afterAll(async () => {
    await shell?.[Symbol.asyncDispose]();
    await host?.[Symbol.asyncDispose]();
  });

  const connect = (label: string) => connectLocal(host.host.layout.socket, label, { deadlineMs: 20_000, waitForHost: true, signal: new AbortController().signal });

  test.each([
    [port, source.port, 0],
    [virtioConsole, source.virtioConsole, blocks.port],
    [serialPort, source.serialPort, blocks.port + blocks.virtioConsole],
  ])('every reader of $what has what the guest said, or the gaps are marked', async (device, said, skip) => {
    const command = `dd if=/dev/vda bs=${blockBytes} skip=${skip} count=${said.bytes / blockBytes} 2>/dev/null >${device.file}`;
    const result = await proveExact({ device, source: said, command, shell, seed, watchers: 10, pauseMs: 15, connect, limitMs: 40_000 });
    expect(result.wrong).toEqual([]);
    expect(result.bytes).toBeGreaterThan(said.bytes);
  });

  test.each([
    [port, new Source('binary', seed + 3, 300_000)],
    // What a terminal's driver holds for a reader who is late is less than 4 KiB.
    [serialPort, new Source('binary', seed + 4, 2_048)],
    [virtioConsole, new Source('text', seed + 5, 2_048)],
  ])('$what: what several type in turn is what the guest gets', async (device, typed) => {
    const outcome = await typeExactly({ device, source: typed, driver: host.host.driver, shell, seed });
    expect(outcome.guest).toBe(outcome.typed);
  });
});
