import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../../base/clock.ts';
import { silentLog } from '../../base/log.ts';
import { ConsoleStream } from '../console-stream.ts';
import type { ConsoleDevice } from '../console-types.ts';
import { ConsoleTriggers, type TriggerFired } from './console-triggers.ts';

const uuid = '6d8bd6a4-4c7e-4f2e-9a53-0d9b4d7a4b01';
const device: ConsoleDevice = { alias: 'serial0', kind: 'serial', label: 'ttyS0', backend: { type: 'unix', path: '/none' }, logFile: null, runStart: 0 };
const any = { kind: 'text', caseSensitive: false, device: null, words: null, once: false, enabled: true, id: null } as const;

let folder: string;
let triggers: ConsoleTriggers;
let stream: ConsoleStream;
let fired: TriggerFired[];

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'vireo-triggers-'));
  open();
});

afterEach(async () => {
  await triggers[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

function open(): void {
  triggers = new ConsoleTriggers({ clock: systemClock, log: silentLog, file: (each) => path.join(folder, `${each}.json`) });
  stream = new ConsoleStream({ clock: systemClock, historyBytes: 65_536, log: null, onRelease: () => {} });
  fired = [];
  triggers.fired.on((each) => void fired.push(each));
}

function say(text: string): void {
  stream.append(Buffer.from(text));
}

test('a pattern is told of when it is said, with its line and where that is; what was said before is not looked at', async () => {
  say('panic before\n');
  await triggers.set(uuid, [{ ...any, pattern: 'PANIC' }]);
  const watching = triggers.watch(uuid, device, stream);
  say('\x1b[31mKernel ');
  say('pa\x1b[0mnic\x1b[K - not syncing\r\nnext\n');
  await watching[Symbol.asyncDispose]();
  expect(fired).toMatchObject([{ uuid, alias: 'serial0', label: 'ttyS0', line: { offset: 13, text: 'Kernel panic - not syncing' }, more: 0 }]);
});

test('a prompt without a line end is told of once the guest is silent, and once only', async () => {
  await triggers.set(uuid, [{ ...any, pattern: 'login:' }, { ...any, pattern: '^web login: root$', kind: 'regex' }]);
  const watching = triggers.watch(uuid, device, stream);
  const told = new Promise<void>((resolve) => triggers.fired.on(() => resolve()));
  say('web login: ');
  await told;
  say('root\r\n');
  await watching[Symbol.asyncDispose]();
  expect(fired.map(({ trigger, line, more }) => [trigger.pattern, line.text, more])).toEqual([['login:', 'web login: ', 0], ['^web login: root$', 'web login: root', 0]]);
});

test('one that is told of once is off afterwards, also for the next driver', async () => {
  await triggers.set(uuid, [{ ...any, pattern: 'up', once: true }]);
  const watching = triggers.watch(uuid, device, stream);
  say('up\n');
  await watching[Symbol.asyncDispose]();
  expect(fired).toHaveLength(1);
  await triggers[Symbol.asyncDispose]();
  open();
  expect(await triggers.of(uuid)).toMatchObject([{ pattern: 'up', enabled: false, lastFired: { alias: 'serial0', line: 'up' } }]);
  const again = triggers.watch(uuid, device, stream);
  say('up\n');
  await again[Symbol.asyncDispose]();
  expect(fired).toEqual([]);
});

test('a pattern that is said again and again is told of once for a while', async () => {
  await triggers.set(uuid, [{ ...any, pattern: 'tick' }, { ...any, pattern: 'tick', device: 'ttyS1' }]);
  const watching = triggers.watch(uuid, device, stream);
  for (let count = 0; count < 1_000; count++) say('tick\n');
  await watching[Symbol.asyncDispose]();
  expect(fired).toHaveLength(1);
});

test('a pattern that takes too long is heeded no more, says so, and spares the others', async () => {
  await triggers.set(uuid, [{ ...any, pattern: '(a+)+$', kind: 'regex' }, { ...any, pattern: 'b$', kind: 'regex' }]);
  const watching = triggers.watch(uuid, device, stream);
  say(`${'a'.repeat(60)}b\n`);
  await watching[Symbol.asyncDispose]();
  expect(fired.map(({ trigger }) => trigger.pattern)).toEqual(['b$']);
  const [slow] = await triggers.of(uuid);
  expect(slow?.problem).toContain('takes too long');
  // Set again, it has another chance.
  expect(await triggers.set(uuid, await triggers.of(uuid))).toMatchObject([{ id: slow?.id, problem: null }, { pattern: 'b$', lastFired: { line: `${'a'.repeat(60)}b` } }]);
});

test('what is no pattern is refused and changes nothing; a file that cannot be read is no trigger', async () => {
  await triggers.set(uuid, [{ ...any, pattern: 'kept' }]);
  await expect(triggers.set(uuid, [{ ...any, pattern: '(', kind: 'regex' }])).rejects.toMatchObject({ code: 'INVALID_ARG' });
  expect(await triggers.of(uuid)).toMatchObject([{ pattern: 'kept' }]);
  expect(JSON.parse(await readFile(path.join(folder, `${uuid}.json`), 'utf8'))).toMatchObject({ version: 1, triggers: [{ pattern: 'kept' }] });
  const other = 'aaaaaaaa-4c7e-4f2e-9a53-0d9b4d7a4b01';
  await writeFile(path.join(folder, `${other}.json`), '{"version": 7}');
  await expect(triggers.of(other)).rejects.toThrow();
  const watching = triggers.watch(other, device, stream);
  say('kept\n');
  await watching[Symbol.asyncDispose]();
  expect(fired).toEqual([]);
});

test('nothing is written for a domain that is gone', async () => {
  await triggers.set(uuid, [{ ...any, pattern: 'bye' }]);
  const watching = triggers.watch(uuid, device, stream);
  await rm(path.join(folder, `${uuid}.json`));
  triggers.forget(uuid);
  await Promise.resolve();
  say('bye\n');
  await watching[Symbol.asyncDispose]();
  expect(fired).toEqual([]);
  await expect(readFile(path.join(folder, `${uuid}.json`))).rejects.toThrow('ENOENT');
});
