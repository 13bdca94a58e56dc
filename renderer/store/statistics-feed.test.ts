import { describe, expect, it } from 'vitest';
import type { Client } from '../../core/api/client.ts';
import { VireoError } from '../../core/base/errors.ts';
import { UsageHistories, followUsage } from './statistics-feed.ts';

/** Answers each question with the next record, or an error. */
function clientThat(answer: (number: number) => unknown): { readonly client: Client; readonly asked: () => number; readonly domains: readonly string[][] } {
  const domains: string[][] = [];
  const call = (_method: string, params: { domains: string[] }): Promise<unknown> => {
    domains.push(params.domains);
    return Promise.resolve().then(() => answer(domains.length));
  };
  return { client: { call } as unknown as Client, asked: () => domains.length, domains };
}

const record = (number: number): unknown => ({ records: [{ domain: { uuid: 'u', name: 'web', id: 1 }, sampledAtMs: number * 1_000, parameters: { 'cpu.time': number * 1e8 }, incomplete: null }] });

describe('sampling a domain', () => {
  it('asks for that one domain, has a rate soon, and stops when nobody looks', async () => {
    const { client, asked, domains } = clientThat(record);
    const store = new UsageHistories().of('u');
    const following = followUsage(client, 'u', store);
    await expect.poll(() => store.getState().points.length, { timeout: 5_000 }).toBe(1);
    expect(store.getState().points[0]?.rates?.cpuPercent).toBe(10);
    expect(domains).toEqual([['u'], ['u']]);
    following[Symbol.dispose]();
    const before = asked();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(asked()).toBe(before);
  });

  it('keeps what it knew when a sample fails, and says why', async () => {
    const { client } = clientThat((number) => {
      if (number > 1) throw new VireoError('OPERATION_TIMEOUT', 'nobody answers');
      return record(1);
    });
    const store = new UsageHistories().of('u');
    using _following = followUsage(client, 'u', store);
    await expect.poll(() => store.getState().error?.code, { timeout: 5_000 }).toBe('OPERATION_TIMEOUT');
    expect(store.getState().last?.sampledAtMs).toBe(1_000);
  });

  it('forgets the domain that was looked at longest ago', () => {
    const histories = new UsageHistories(2);
    const [first, second] = [histories.of('a'), histories.of('b')];
    expect(histories.of('a')).toBe(first);
    histories.of('c');
    expect(histories.of('a')).toBe(first);
    expect(histories.of('b')).not.toBe(second);
  });
});
