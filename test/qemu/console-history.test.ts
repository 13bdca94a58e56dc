/** What a console has said, with a real QEMU: found again with its times, over the host's end and the guest's. */
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { consolePieces } from '../../core/api/console-pieces.ts';
import type { MethodResult } from '../../core/api/contract.ts';
import { exportConsole } from '../../core/console/history/export-console.ts';
import { EventRecord, defineBootGuest, lookup, waitForState } from '../support/boot-guest.ts';
import { guestConsole } from '../support/guest-console.ts';
import { type TestHost, openTestHost } from '../support/open-test-host.ts';

let host: TestHost;

beforeEach(async () => {
  host = await openTestHost();
});

afterEach(async () => {
  await host[Symbol.asyncDispose]();
});

async function eventually(holds: () => boolean | Promise<boolean>): Promise<void> {
  const endMs = performance.now() + 40_000;
  while (!(await holds())) {
    if (performance.now() > endMs) throw new Error(`did not come true: ${holds.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function search(pattern: string): Promise<MethodResult<'domainSearchConsoles'>> {
  return host.client.call('domainSearchConsoles', { pattern });
}

async function times(): Promise<MethodResult<'domainGetConsoleTimes'>> {
  return await host.client.call('domainGetConsoleTimes', { domain: 'boot', device: 'ttyS0' });
}

/** The lines of the file of times. */
async function noted(): Promise<string[]> {
  return (await readFile(path.join(host.home, 'logs', (await lookup(host)).uuid, 'serial0.log.times'), 'utf8')).split('\n').slice(1);
}

async function exported(format: 'text' | 'asciicast'): Promise<string> {
  const pieces = consolePieces(host.client, { domain: 'boot', device: null, from: 'run', signal: AbortSignal.timeout(40_000) });
  const parts: Uint8Array[] = [];
  for await (const part of exportConsole(pieces, { format, encoding: 'utf-8', timestamps: true, title: 'boot', columns: 80, rows: 24, moment: (atMs) => new Date(atMs).toISOString() })) parts.push(part);
  return Buffer.concat(parts).toString();
}

test('what a guest has said is found with its time: live, after the host was away, and after the guest is off', async () => {
  const beganMs = Date.now();
  await defineBootGuest(host);
  await host.client.call('domainSetConsoleTriggers', { domain: 'boot', triggers: [{ pattern: 'needle 1', once: true }, { pattern: '^BOOT.*READY$', kind: 'regex' }] });
  const events = new EventRecord(host);
  const fired = (): (string | null)[] => events.all.filter(({ type }) => type === 'console-trigger').map(({ detail }) => detail);
  await host.client.call('domainCreate', { domain: 'boot' });
  {
    await using console = await guestConsole(host.client, 'boot', null);
    await console.waitFor(/BOOT-SECTOR-READY/);
    await console.type('hello needle 1\r\n');
    await console.waitFor(/needle 1\r\n/);
    await eventually(() => fired().length === 2);
    expect(fired().map(String).toSorted((a, b) => a.localeCompare(b))).toEqual(['ttyS0: BOOT-SECTOR-READY', 'ttyS0: hello needle 1']); // lines that come together are looked at trigger by trigger
    // Noted within a second or so, from then on in the file.
    await eventually(async () => (await noted()).some((line) => line.startsWith('s ')));
    await host.client.call('domainReset', { domain: 'boot' });
    await console.waitFor(/BOOT-SECTOR-READY/);
    await eventually(async () => (await times()).marks.some(({ what, offset }) => what === 'reset' && offset > 0));
  }
  const live = await search('NEEDLE');
  expect(live.hits).toMatchObject([{ domain: { name: 'boot' }, console: { alias: 'serial0', label: 'ttyS0' }, line: 'hello needle 1', column: 6, length: 6 }]);
  expect(live.hits[0]?.toMs).toBeGreaterThanOrEqual(beganMs);

  await using flooding = await guestConsole(host.client, 'boot', null);
  await flooding.type('F');
  await flooding.waitFor(/00000002\r\n/);
  const log = path.join(host.home, 'logs', (await lookup(host)).uuid, 'serial0.log');
  await host.close();
  const atClose = (await stat(log)).size;
  await eventually(async () => (await stat(log)).size > atClose + 20_000); // said while nobody was there
  await host.open();
  const after = new EventRecord(host, 'opening');
  {
    await using console = await guestConsole(host.client, 'boot', null);
    await console.type('S');
    await eventually(async () => (await times()).marks.filter(({ what }) => what === 'attached').length === 1);
  }
  const { spans, marks } = await times();
  const left = marks.find(({ what }) => what === 'detached');
  const back = marks.find(({ what }) => what === 'attached');
  expect(marks[0]).toMatchObject({ what: 'run', offset: 0 });
  const unseen = spans.find(({ fromMs, toMs }) => fromMs === left?.atMs && toMs === back?.atMs);
  expect((unseen?.to ?? 0) - (unseen?.from ?? 0)).toBeGreaterThan(15_000);
  expect((await search('needle')).hits.map(({ offset, line }) => ({ offset, line }))).toEqual(live.hits.map(({ offset, line }) => ({ offset, line })));
  expect(after.all.filter(({ type }) => type === 'console-trigger')).toEqual([]);
  const { triggers } = await host.client.call('domainGetConsoleTriggers', { domain: 'boot' });
  expect(triggers.map(({ enabled, problem, lastFired }) => [enabled, problem, lastFired?.line])).toEqual([[false, null, 'hello needle 1'], [true, null, 'BOOT-SECTOR-READY']]);

  await host.client.call('domainDestroy', { domain: 'boot', graceful: false });
  await waitForState(host, 'shut off');
  expect((await search('needle')).hits).toMatchObject([{ line: 'hello needle 1', fromMs: expect.any(Number) }]);
  const found = await host.client.call('domainFindInConsole', { domain: 'boot', pattern: 'boot-sector', direction: 'newer' });
  expect(found.hits).toHaveLength(2);
  expect(await exported('text')).toMatch(/^\[\d{4}-\d\d-\d\dT[^\]]+\] hello needle 1$/m);
  const [header = '', ...recorded] = (await exported('asciicast')).trimEnd().split('\n');
  expect(JSON.parse(header)).toMatchObject({ version: 2, width: 80, title: 'boot' });
  const said = recorded.map((line) => JSON.parse(line) as [number, string, string]);
  expect(said.filter(([, code]) => code === 'o').map(([, , text]) => text).join('')).toContain('hello needle 1\r\n');
});
