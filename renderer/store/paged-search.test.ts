import { describe, expect, it } from 'vitest';
import { VireoError } from '../../core/base/errors.ts';
import { settled } from '../../test/support/virtual-clock.ts';
import { PagedSearch, type SearchPage } from './paged-search.ts';

type Page = SearchPage<number, number>;

function searching(pages: readonly (Page | Error)[]) {
  const asked: (number | null)[] = [];
  const search = new PagedSearch<number, number>(async (cursor, signal) => {
    asked.push(cursor);
    const page = pages[asked.length - 1];
    if (page instanceof Error) throw page;
    if (!page) return new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('aborted')), { once: true }));
    return page;
  });
  return { search, asked, state: () => search.store.getState() };
}

const page = (count: number, next: number | null): Page => ({ hits: Array.from({ length: count }, (_, index) => index), next, searchedBytes: 10 });

describe('a search by pages', () => {
  it('asks on by itself while there is nothing to show', async () => {
    const { search, asked, state } = searching([page(0, 1), page(0, 2), page(3, null)]);
    await search.more();
    expect([asked, state().phase, state().hits.length, state().searchedBytes]).toEqual([[null, 1, 2], 'done', 3, 30]);
  });

  it('stops when there is a screenful, and goes on where it ended', async () => {
    const { search, asked, state } = searching([page(60, 7), page(60, null)]);
    await search.more();
    expect([state().phase, state().hits.length]).toEqual(['more', 60]);
    await search.more();
    expect([asked, state().phase, state().hits.length]).toEqual([[null, 7], 'done', 120]);
    await search.more();
    expect(asked).toHaveLength(2);
  });

  it('keeps what it found when it is cancelled', async () => {
    const { search, state } = searching([page(5, 1)]);
    const running = search.more();
    await settled();
    search.cancel();
    await running;
    expect([state().phase, state().hits.length, state().error]).toEqual(['cancelled', 5, null]);
  });

  it('tells why it failed, and can try that page again', async () => {
    const { search, asked, state } = searching([page(1, 9), new VireoError('INVALID_ARG', 'the pattern takes too long'), page(1, null)]);
    await search.more();
    expect([state().phase, state().error?.code]).toEqual(['failed', 'INVALID_ARG']);
    await search.more();
    expect([asked, state().phase, state().hits.length, state().error]).toEqual([[null, 9, 9], 'done', 2, null]);
  });
});
