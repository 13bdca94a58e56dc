import { expect, test } from 'vitest';
import { VirtualClock } from '../../test/support/virtual-clock.ts';
import { RecentMessages, withoutSecrets } from './recent-messages.ts';

const marker = 'MARKER-PASSWORD-71c9';

test('nothing that may be a secret is kept of any message', () => {
  const recent = new RecentMessages(new VirtualClock());
  const told: [string, unknown][] = [
    ['set_password', { protocol: 'vnc', password: marker }],
    ['object-add', { 'qom-type': 'secret', id: 's0', data: marker, keyid: marker, iv: marker }],
    ['human-monitor-command', { 'command-line': `set_password vnc ${marker}` }],
    ['send-key', { keys: [{ type: 'qcode', data: marker }] }],
    ['blockdev-add', { driver: 'luks', file: { driver: 'https', url: `https://ann:${marker}@host/x`, cookie: marker, 'password-secret': marker } }],
    ['chardev-add', { backend: { type: 'spicevmc', data: { password: marker } } }],
    ['migrate', { uri: `tcp://${marker}@host` }],
  ];
  for (const [name, args] of told) {
    recent.command(name, args, false);
    recent.reply(name, args, false);
  }
  recent.command('any-command', { x: marker }, true);
  recent.reply('any-command', marker, true);
  recent.error('any-command', `bad word ${marker}`, true);
  recent.error('set_password', `bad word ${marker}`, false);
  recent.event({ event: 'SPICE_CONNECTED', data: { server: { auth: marker } } } as never);
  const kept = JSON.stringify(recent.list());
  expect(kept).not.toContain(marker);
  expect(kept).toContain('set_password');
});

test('it is bounded in number and in length, and the newest are there', () => {
  const recent = new RecentMessages(new VirtualClock());
  for (let index = 0; index < 1_000; index += 1) recent.reply(`query-${index}`, { text: 'x'.repeat(100_000), many: Array.from({ length: 10_000 }, () => 1) }, false);
  const kept = recent.list();
  expect(kept.at(-1)?.name).toBe('query-999');
  expect(JSON.stringify(kept).length).toBeLessThan(16_384);
});

test('a value without anything in it is no text', () => {
  expect([undefined, null, {}].map(withoutSecrets)).toEqual(['', '', '']);
  expect(withoutSecrets({ a: [1, { b: { c: { d: 1 } } }] })).toBe('{"a":[1,{"b":{"c":"..."}}]}');
});
