import { expect, test } from 'vitest';
import { DisplayChannel } from './display-channel.ts';

interface Bench {
  readonly channel: DisplayChannel;
  readonly sent: number[][];
  readonly closed: string[];
}

function bench(): Bench {
  const sent: number[][] = [];
  const closed: string[] = [];
  return { sent, closed, channel: new DisplayChannel({ send: (bytes) => sent.push([...bytes]), onClose: () => closed.push('by noVNC') }, true) };
}

const send = ({ channel }: Bench, ...bytes: number[]): void => channel.send(Uint8Array.from(bytes));

test('bytes that come before noVNC listens wait, and each message is its own', () => {
  const { channel } = bench();
  const heard: number[][] = [];
  channel.receive(Uint8Array.of(1, 2));
  channel.onmessage = ({ data }) => void heard.push([...new Uint8Array(data)]);
  const shared = Uint8Array.of(3);
  channel.receive(shared);
  shared[0] = 9;
  expect(heard).toEqual([[1, 2], [3]]);
});

test("QEMU is asked for the guest's kind of pointer with noVNC's own encodings", () => {
  const at = bench();
  send(at, 2, 0, 0, 1, 0, 0, 0, 7);
  send(at, 3, 0, 0, 0, 0, 0, 0, 9, 0, 9);
  expect(at.sent).toEqual([[2, 0, 0, 2, 0, 0, 0, 7, 0xff, 0xff, 0xfe, 0xff], [3, 0, 0, 0, 0, 0, 0, 9, 0, 9]]);
});

test('a guest with a mouse is told how far the pointer went, and nothing of where it is', () => {
  const at = bench();
  send(at, 5, 0, 0, 10, 0, 10);
  at.channel.isRelative = true;
  send(at, 5, 0, 0, 20, 0, 20);
  send(at, 5, 1, 0, 23, 0, 15);
  at.channel.movePointer(-1, 100_000, 4);
  expect(at.sent).toEqual([[5, 0, 0, 10, 0, 10], [5, 0, 0x7f, 0xff, 0x7f, 0xff], [5, 1, 0x80, 0x02, 0x7f, 0xfa], [5, 4, 0x7f, 0xfe, 0xff, 0xfe]]);
});

test('a long cut text comes in pieces, none of which is taken for a message', () => {
  const at = bench();
  at.channel.isRelative = true;
  const pieces = [[6, 0, 0, 0, 0xff, 0xff, 0xff, 0xf4, 1, 2], [5, 5, 5, 5, 5, 5], [2, 0, 0, 0]];
  for (const piece of pieces) send(at, ...piece);
  send(at, 5, 0, 0, 1, 0, 1);
  expect(at.sent).toEqual([...pieces, [5, 0, 0x7f, 0xff, 0x7f, 0xff]]);
});

test('what noVNC hangs up is told to it afterwards, and carries nothing more', async () => {
  const at = bench();
  at.channel.onclose = () => void at.closed.push('to noVNC');
  at.channel.close();
  at.channel.close();
  expect(at.closed).toEqual(['by noVNC']);
  await Promise.resolve();
  expect(at.closed).toEqual(['by noVNC', 'to noVNC']);
  send(at, 4, 1, 0, 0, 0, 0, 0, 1);
  expect(at.sent).toEqual([]);
});
