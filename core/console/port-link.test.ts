import { expect, test } from 'vitest';
import { FakeChardev } from '../../test/support/fake-chardev.ts';
import { ConsoleReader, eventually } from '../../test/support/console-reader.ts';
import { systemClock } from '../base/clock.ts';
import { silentLog } from '../base/log.ts';
import { ConsoleMux } from './console-mux.ts';

const floodBytes = 8 << 20;

/** Lines with a number each, so that every byte has one place. */
function flood(): Buffer {
  return Buffer.from(Array.from({ length: floodBytes / 8 }, (_, line) => `${line.toString(16).padStart(7, '0')}\n`).join(''));
}

test('a channel that is faster than its log can be compared loses nothing for a reader who comes late', async () => {
  await using fake = await FakeChardev.start();
  await using mux = new ConsoleMux({ domain: { name: 'guest', uuid: '6d8bd6a4-4c7e-4f2e-9a53-0d9b4d7a4b01' }, clock: systemClock, log: silentLog });
  await mux.add({ ...fake.device, alias: 'channel0', kind: 'channel' }, AbortSignal.timeout(5_000));
  using session = mux.open('channel0', { client: { id: 'test', label: 'test' }, mode: 'watch', force: false, from: 0 });
  const sent = flood();
  fake.say(sent);
  await eventually(() => mux.status()[0]?.position === floodBytes, 15_000);
  const reader = await new ConsoleReader(session).until(({ items }) => items.reduce((sum, item) => sum + (item.type === 'bytes' ? item.bytes.length : item.type === 'gap' ? item.to - item.from : 0), 0) === floodBytes, 15_000);
  expect(reader.gaps).toEqual([]);
  expect(reader.bytes.equals(sent)).toBe(true);
});
