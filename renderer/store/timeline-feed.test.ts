import { expect, test } from 'vitest';
import { channelPair } from '../../core/api/channel.ts';
import { type Client, connect } from '../../core/api/client.ts';
import type { TimelineEntry } from '../../core/timeline/timeline-entry.ts';
import { createFakeHost } from '../testing/fake-host.ts';
import { domainSummary } from '../testing/domains.ts';
import { status } from '../testing/scenes.ts';
import { TimelineFeed } from './timeline-feed.ts';

const entry = (seq: number): TimelineEntry => ({ seq, atMs: seq, run: null, kind: seq % 2 === 0 ? 'qmp' : 'lifecycle', what: 'started', details: {}, by: null, outcome: null, account: null });
const domain = domainSummary();

function clientOf(timeline: readonly TimelineEntry[]): Client {
  const [near, far] = channelPair();
  createFakeHost({ status, domains: [domain], timeline }).serve(far);
  return connect(near, 'test');
}

test('a feed has the newest page, then older ones until there are none, without holes', async () => {
  const feed = new TimelineFeed(clientOf(Array.from({ length: 450 }, (_, index) => entry(450 - index))), domain.uuid, { kinds: [], text: '' });
  using _reading = feed.start();
  await expect.poll(() => feed.store.getState().entries?.length).toBe(200);
  await Promise.all([feed.loadOlder(), feed.loadOlder()]); // a scroll asks more than once
  expect(feed.store.getState().entries).toHaveLength(400);
  await feed.loadOlder();
  await feed.loadOlder();
  expect(feed.store.getState()).toMatchObject({ next: null, error: null });
  expect(feed.store.getState().entries?.map(({ seq }) => seq)).toEqual(Array.from({ length: 450 }, (_, index) => 450 - index));
});

test('grows when it is told that there is more, with its filter', async () => {
  const timeline = [entry(2), entry(1)];
  const feed = new TimelineFeed(clientOf(timeline), domain.uuid, { kinds: ['qmp'], text: '' });
  using _reading = feed.start();
  await expect.poll(() => feed.store.getState().entries?.length).toBe(1);
  timeline.unshift(entry(4), entry(3));
  feed.refresh();
  await expect.poll(() => feed.store.getState().entries?.map(({ seq }) => seq), { timeout: 5_000 }).toEqual([4, 2]);
});

test('tells why it could not read', async () => {
  const feed = new TimelineFeed(clientOf([]), '00000000-0000-4000-8000-00000000dead', { kinds: [], text: '' });
  using _reading = feed.start();
  await expect.poll(() => feed.store.getState().error?.code).toBe('NO_DOMAIN');
  expect(feed.store.getState().entries).toBeNull();
});
