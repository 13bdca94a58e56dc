import { describe, expect, it } from 'vitest';
import type { Client } from '../../core/api/client.ts';
import { VireoError } from '../../core/base/errors.ts';
import { GuestReportFeed } from './guest-report-feed.ts';

/** An agent that answers each question as `answer` says. */
function agentThat(answer: (number: number) => unknown): { readonly feed: GuestReportFeed; readonly asked: () => number } {
  let asked = 0;
  const call = (): Promise<unknown> => Promise.resolve().then(() => answer((asked += 1)));
  return { feed: new GuestReportFeed({ call } as unknown as Client, 'u'), asked: () => asked };
}

describe("a guest's report", () => {
  it('is not asked for anew by who looks away for a moment, but is by who asks again', async () => {
    const { feed, asked } = agentThat((number) => ({ hostname: `web-${number}` }));
    const first = feed.start();
    await expect.poll(() => feed.store.getState().report?.hostname).toBe('web-1');
    first[Symbol.dispose]();
    using _second = feed.start();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(asked()).toBe(1);
    feed.askAgain();
    await expect.poll(() => feed.store.getState().report?.hostname).toBe('web-2');
  });

  it('stays when the agent falls silent, with why', async () => {
    const { feed } = agentThat((number) => {
      if (number > 1) throw new VireoError('AGENT_UNRESPONSIVE', 'no answer');
      return { hostname: 'web' };
    });
    using _asking = feed.start();
    await expect.poll(() => feed.store.getState().report).not.toBeNull();
    feed.askAgain();
    await expect.poll(() => feed.store.getState().error?.code).toBe('AGENT_UNRESPONSIVE');
    expect(feed.store.getState()).toMatchObject({ report: { hostname: 'web' }, asking: false });
  });
});
