import { describe, expect, it } from 'vitest';
import { VirtualClock, settled } from '../../test/support/virtual-clock.ts';
import { TerminalRenderer } from './terminal-renderer.ts';

function bench(works = true) {
  const clock = new VirtualClock();
  const state = { loads: 0, open: 0, works, lose: () => {} };
  const kinds: string[] = [];
  const renderer = new TerminalRenderer({
    clock,
    onKind: (kind) => kinds.push(kind),
    load(onLost) {
      if (!state.works) throw new Error('WebGL2 not supported');
      state.loads += 1;
      state.open += 1;
      state.lose = onLost;
      return { [Symbol.dispose]: () => void (state.open -= 1) };
    },
  });
  const pass = async (ms: number): Promise<void> => {
    clock.advance(ms);
    await settled();
  };
  return { renderer, state, kinds, pass, clock };
}

describe('the renderer of a terminal', () => {
  it('is WebGL for a terminal that can be seen, and gives its context back when it cannot', async () => {
    const { renderer, state, pass } = bench();
    expect(renderer.kind).toBe('dom');
    renderer.setVisible(true);
    expect([renderer.kind, state.open]).toEqual(['webgl', 1]);
    renderer.setVisible(false);
    await pass(999);
    expect(state.open).toBe(1);
    await pass(1);
    expect([renderer.kind, state.open]).toEqual(['dom', 0]);
  });

  it('keeps its context while somebody goes through the tabs', async () => {
    const { renderer, state, pass } = bench();
    renderer.setVisible(true);
    renderer.setVisible(false);
    await pass(500);
    renderer.setVisible(true);
    await pass(5_000);
    expect([state.loads, state.open]).toEqual([1, 1]);
  });

  it('falls back at once when the context is lost, and tries three times more at most', async () => {
    const { renderer, state, pass } = bench();
    renderer.setVisible(true);
    for (const waitMs of [2_000, 8_000, 32_000]) {
      state.lose();
      expect([renderer.kind, state.open]).toEqual(['dom', 0]);
      await pass(waitMs - 1);
      expect(renderer.kind).toBe('dom');
      await pass(1);
      expect(renderer.kind).toBe('webgl');
    }
    state.lose();
    await pass(3_600_000);
    renderer.setVisible(false);
    await pass(2_000);
    renderer.setVisible(true);
    expect([renderer.kind, state.loads, state.open]).toEqual(['dom', 4, 0]);
  });

  it('forgets losses after a context that lived long', async () => {
    const { renderer, state, pass } = bench();
    renderer.setVisible(true);
    for (let time = 0; time < 6; time += 1) {
      await pass(300_000);
      state.lose();
      await pass(2_000);
    }
    expect(renderer.kind).toBe('webgl');
  });

  it('asks once where WebGL does not work', async () => {
    const { renderer, state, pass, kinds } = bench(false);
    renderer.setVisible(true);
    renderer.setVisible(false);
    await pass(2_000);
    state.works = true;
    renderer.setVisible(true);
    expect([renderer.kind, state.loads, kinds]).toEqual(['dom', 0, ['dom']]);
  });

  it('leaves neither a context nor a timer behind', async () => {
    const { renderer, state, clock } = bench();
    renderer.setVisible(true);
    state.lose();
    renderer[Symbol.dispose]();
    await settled();
    expect([state.open, clock.sleeping, state.loads]).toEqual([0, 0, 1]);
  });
});
