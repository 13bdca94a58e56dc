import net from 'node:net';
import { expect, test } from 'vitest';
import { PortAllocator } from './port-allocator.ts';

const host = '127.0.0.1';

/** A range that nobody else's tests use, with as many free ports as are asked for. */
async function freeRange(count: number): Promise<{ readonly first: number; readonly last: number }> {
  for (let first = 40_000 + Math.floor(Math.random() * 2_000); ; first += count) {
    const probe = new PortAllocator({ first, last: first + count - 1 });
    const got = await Promise.all(Array.from({ length: count }, () => probe.reserve(host).catch(() => null)));
    if (got.every((each) => each !== null)) return { first, last: first + count - 1 };
  }
}

test('each port is given to one at a time, whoever asks at once, and again when it is given back', async () => {
  const range = await freeRange(3);
  const ports = new PortAllocator(range);
  const all = await Promise.all([ports.reserve(host), ports.reserve(host), ports.reserve(host)]);
  expect(new Set(all.map(({ port }) => port)).size).toBe(3);
  await expect(ports.reserve(host)).rejects.toThrow(`unable to find an unused port in range 'migration' (${range.first}-${range.last})`);
  await all[1]?.[Symbol.asyncDispose]();
  expect(ports.taken).toHaveLength(2);
  expect((await ports.reserve(host)).port).toBe(all[1]?.port);
});

test('a port that a process of somebody else listens on is passed over', async () => {
  const range = await freeRange(2);
  const server = net.createServer();
  await new Promise<void>((resolve) => void server.listen({ host, port: range.first }, () => resolve()));
  try {
    const ports = new PortAllocator(range);
    expect((await ports.reserve(host)).port).toBe(range.last);
    expect(ports.taken).toEqual([range.last]);
  } finally {
    await new Promise<void>((resolve) => void server.close(() => resolve()));
  }
});
