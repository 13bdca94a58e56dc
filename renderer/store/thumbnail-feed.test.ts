import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { AnyMethodInput, AnyMethodResult, Client } from '../../core/api/client.ts';
import { VireoError } from '../../core/base/errors.ts';
import { ThumbnailFeed, thumbnailKey } from './thumbnail-feed.ts';

type Asked = AnyMethodInput<'domainGetThumbnail'>;
type Answer = AnyMethodResult<'domainGetThumbnail'>;

const asked: Asked[] = [];
let answer: (params: Asked) => Promise<Answer>;
const client = {
  call: (_method: string, params: Asked) => {
    asked.push(params);
    return answer(params);
  },
} as unknown as Client;

const picture = (version: string): Answer => ({ version, picture: { widthPixels: 4, heightPixels: 3, screenWidthPixels: 640, screenHeightPixels: 480, image: version } });
const place = (uuid: string, run = 1): { uuid: string; run: number; widthPixels: number } => ({ uuid, run, widthPixels: 320 });

beforeEach(() => {
  vi.useFakeTimers();
  asked.length = 0;
  answer = async ({ known }) => (known === 'one' ? { version: 'one', picture: null } : picture('one'));
});
afterEach(() => {
  vi.useRealTimers();
});

const shown = (feed: ThumbnailFeed, uuid: string, run = 1): string | undefined => feed.store.getState().pictures.get(thumbnailKey(place(uuid, run)))?.url;

test('a picture is asked for at once and on every beat, with what is known of it', async () => {
  const feed = new ThumbnailFeed(client);
  using _watching = feed.watch(place('a'));
  await vi.advanceTimersByTimeAsync(0);
  expect(shown(feed, 'a')).toBe('data:image/png;base64,one');
  await vi.advanceTimersByTimeAsync(10_000);
  expect(asked.map(({ known }) => known)).toEqual([null, 'one', 'one']);
  expect(shown(feed, 'a')).toBe('data:image/png;base64,one');
});

test('nobody is asked for what nobody looks at any more, and a row that comes back asks no sooner', async () => {
  const feed = new ThumbnailFeed(client);
  const first = feed.watch(place('a'));
  const second = feed.watch(place('a'));
  await vi.advanceTimersByTimeAsync(0);
  first[Symbol.dispose]();
  first[Symbol.dispose]();
  await vi.advanceTimersByTimeAsync(5_000);
  expect(asked).toHaveLength(2);
  second[Symbol.dispose]();
  await vi.advanceTimersByTimeAsync(3_000);
  using _again = feed.watch(place('a'));
  await vi.advanceTimersByTimeAsync(1_000);
  expect(asked).toHaveLength(2);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(asked).toHaveLength(3);
  expect(vi.getTimerCount()).toBe(1);
});

test('two are asked at a time, and each has its turn', async () => {
  const answers: (() => void)[] = [];
  answer = () => new Promise((resolve) => answers.push(() => resolve(picture('one'))));
  const feed = new ThumbnailFeed(client);
  for (const uuid of ['a', 'b', 'c']) feed.watch(place(uuid));
  await vi.advanceTimersByTimeAsync(0);
  expect(asked.map(({ domain }) => domain)).toEqual(['a', 'b']);
  answers.shift()?.();
  await vi.advanceTimersByTimeAsync(0);
  expect(asked.map(({ domain }) => domain)).toEqual(['a', 'b', 'c']);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(asked).toHaveLength(3); // b and c hang and keep the two places
  answers.shift()?.();
  await vi.advanceTimersByTimeAsync(0);
  expect(asked.at(-1)?.domain).toBe('a');
});

test('a domain that is busy keeps its picture and is asked again soon, one in trouble later', async () => {
  const feed = new ThumbnailFeed(client);
  using _watching = feed.watch(place('a'));
  await vi.advanceTimersByTimeAsync(0);
  answer = () => Promise.reject(new VireoError('RESOURCE_BUSY', 'QEMU cannot be asked during modify'));
  await vi.advanceTimersByTimeAsync(5_000);
  answer = () => Promise.reject(new VireoError('OPERATION_TIMEOUT', 'no picture'));
  await vi.advanceTimersByTimeAsync(1_000);
  expect([asked.length, shown(feed, 'a')]).toEqual([3, 'data:image/png;base64,one']);
  await vi.advanceTimersByTimeAsync(29_000);
  expect(asked).toHaveLength(3);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(asked).toHaveLength(4);
});

test('the next run of a domain begins without a picture, and old ones make room', async () => {
  const feed = new ThumbnailFeed(client, { maximumPictures: 2 });
  using _first = feed.watch(place('a', 1));
  await vi.advanceTimersByTimeAsync(0);
  expect(shown(feed, 'a', 2)).toBeUndefined();
  _first[Symbol.dispose]();
  using _others = feed.watch(place('a', 2));
  using _third = feed.watch(place('b', 3));
  await vi.advanceTimersByTimeAsync(0);
  expect([...feed.store.getState().pictures.keys()]).toEqual([thumbnailKey(place('a', 2)), thumbnailKey(place('b', 3))]);
});
