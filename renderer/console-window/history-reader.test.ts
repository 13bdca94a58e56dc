import { describe, expect, it } from 'vitest';
import { HistoryReader, type LogPage, historyStepBytes } from './history-reader.ts';

/** A log of so many bytes, of which the first are gone, and a hole of a hundred bytes in the middle where asked. */
function log({ start = 0, end = 1_000_000, hole = null as number | null, mostBytes = 1 << 20 } = {}) {
  const asked: number[] = [];
  const state = { failing: false };
  const read = async (from: number, maximumBytes: number): Promise<LogPage> => {
    asked.push(from);
    if (state.failing) throw new Error('the host is gone');
    const at = Math.max(from, start);
    if (hole !== null && at >= hole && at < hole + 100) return { start, end, from: at, to: hole + 100, bytes: new Uint8Array() };
    const limit = Math.min(end, at + Math.min(maximumBytes, mostBytes), hole !== null && at < hole ? hole : end);
    return { start, end, from: at, to: limit, bytes: new Uint8Array(limit - at).fill(at % 251) };
  };
  return { reader: new HistoryReader(read), asked, state };
}

describe('reading a place of the log', () => {
  it('reads some before it and more after', async () => {
    const { reader } = log();
    await reader.open(500_000);
    expect(reader.store.getState()).toMatchObject({ from: 500_000 - (64 << 10), to: 500_000 + (128 << 10), start: 0, end: 1_000_000, busy: null });
  });

  it('begins and ends where the log does', async () => {
    const { reader } = log({ start: 990_000 });
    await reader.open(990_010);
    expect(reader.store.getState()).toMatchObject({ from: 990_000, to: 1_000_000 });
    await reader.earlier();
    expect(reader.store.getState().from).toBe(990_000);
  });

  it('goes on at either end without a byte twice', async () => {
    const { reader } = log({ mostBytes: 100_000 });
    await reader.open(500_000);
    await reader.earlier();
    await reader.later();
    const { pieces, from, to } = reader.store.getState();
    expect([from, to]).toEqual([500_000 - (64 << 10) - historyStepBytes, 500_000 + (128 << 10) + historyStepBytes]);
    for (const [index, piece] of pieces.entries()) if (index > 0) expect(piece.from).toBe(pieces[index - 1]!.to);
  });

  it('has a hole where nothing is kept', async () => {
    const { reader } = log({ hole: 500_050 });
    await reader.open(500_000);
    expect(reader.store.getState().pieces.map(({ from, to, bytes }) => [to - from, bytes.length])).toContainEqual([100, 0]);
  });

  it('lets go of what is far away', async () => {
    const { reader } = log({ end: 64 << 20 });
    await reader.open(32 << 20);
    for (let step = 0; step < 60; step += 1) await reader.earlier();
    const { from, to } = reader.store.getState();
    expect(to - from).toBeLessThanOrEqual(8 << 20);
    expect(from).toBeLessThan(20 << 20);
  });

  it('says why it could not read, and keeps what it has', async () => {
    const { reader, state } = log();
    await reader.open(500_000);
    state.failing = true;
    await reader.earlier();
    expect(reader.store.getState()).toMatchObject({ busy: null, from: 500_000 - (64 << 10) });
    expect(reader.store.getState().error?.message).toContain('the host is gone');
  });
});
