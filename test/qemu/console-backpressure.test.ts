/** A client that does not read costs only itself: the guest goes on counting, others hear it all, and nothing piles up. */
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type BuiltCommand, type RunningCommand, buildCommand, spawnCommand } from '../cli/built-command.ts';
import { defineBootGuest } from '../support/boot-guest.ts';
import { greeting } from '../support/boot-sector.ts';
import { type GuestConsole, guestConsole } from '../support/guest-console.ts';
import { type TestHost, openTestHost } from '../support/open-test-host.ts';

const patient = { timeout: 40_000, interval: 100 };
/** More than a client's window, its socket's buffers and a pipe hold together. */
const floodBytes = 450_000;
const lineBytes = 10;

let host: TestHost;
let command: BuiltCommand;
let writer: GuestConsole;
beforeAll(async () => {
  [host, command] = await Promise.all([openTestHost(), buildCommand()]);
  await defineBootGuest(host);
  await host.client.call('domainCreate', { domain: 'boot' });
  writer = await guestConsole(host.client, 'boot', null);
  await writer.waitFor(new RegExp(greeting), 40_000);
});
afterAll(async () => {
  await writer[Symbol.asyncDispose]();
  await host[Symbol.asyncDispose]();
  await command[Symbol.asyncDispose]();
});

/** The lines of the flood: each is a number one higher than the last. @returns the number of the last whole one. */
function lastOf(text: string): number {
  const lines = text.slice(text.indexOf('\r\n00000000') + 2).match(/[0-9a-f]{8}\r\n/g) ?? [];
  const wrong = lines.findIndex((line, index) => index > 0 && Number.parseInt(line, 16) !== Number.parseInt(lines[index - 1]!, 16) + 1);
  if (wrong >= 0) throw new Error(`after ${JSON.stringify(lines[wrong - 1])} came ${JSON.stringify(lines[wrong])}`);
  return Number.parseInt(lines.at(-1) ?? '0', 16);
}

function watch(): RunningCommand {
  return spawnCommand(command, host.home, ['-q', 'console', 'boot', '--watch']);
}

const watchers = async (): Promise<number> => (await host.client.call('domainLookup', { domain: 'boot' })).consoles[0]!.watchers;

test('a stopped client and one whose output nobody reads hold up nobody, and miss nothing they could still have', async () => {
  const [stopped, unread, reading] = [watch(), watch(), watch()];
  try {
    await vi.waitFor(async () => expect(await watchers()).toBe(3), patient);
    for (const { printed } of [stopped, unread, reading]) await vi.waitFor(() => expect(printed()).toContain(greeting), patient);
    stopped.child.kill('SIGSTOP');
    unread.child.stdout.pause();
    await writer.type('F');
    await vi.waitFor(() => expect(writer.text().length).toBeGreaterThan(floodBytes), patient);
    const counted = lastOf(writer.text());
    expect(counted).toBeGreaterThan(floodBytes / lineBytes / 2);
    await vi.waitFor(() => expect(lastOf(reading.printed())).toBeGreaterThan(counted), patient);
    // They are far behind, and are still there.
    expect(stopped.printed().length).toBeLessThan(floodBytes / 2);
    expect(unread.printed().length).toBeLessThan(floodBytes / 2);
    expect(await watchers()).toBe(3);
    await writer.type('Sz');
    await writer.waitFor(/z/);
    const end = lastOf(writer.text());
    stopped.child.kill('SIGCONT');
    unread.child.stdout.resume();
    for (const client of [stopped, unread, reading]) {
      await vi.waitFor(() => expect(client.printed().slice(-20)).toContain('z'), patient);
      expect([client.complained(), lastOf(client.printed())]).toEqual(['', end]);
    }
    expect(writer.messages.filter(({ type }) => type === 'gap')).toEqual([]);
  } finally {
    for (const { child, outcome } of [stopped, unread, reading]) {
      child.kill('SIGKILL');
      await outcome;
    }
  }
});

test('a client that is killed while it does not read leaves nothing behind', async () => {
  const client = watch();
  await vi.waitFor(async () => expect(await watchers()).toBe(1), patient);
  client.child.kill('SIGSTOP');
  client.child.kill('SIGKILL');
  await client.outcome;
  await vi.waitFor(async () => expect(await watchers()).toBe(0), patient);
});
