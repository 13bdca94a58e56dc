import { expect, test } from 'vitest';
import { makeSummary } from '../../test/support/make-summary.ts';
import { VirtualClock } from '../../test/support/virtual-clock.ts';
import type { DomainEvent, DomainSummary } from './domain-summary.ts';
import { EventHub } from './event-hub.ts';

class Source {
  readonly uuid = 'c7a5fdbd-edaf-9455-926a-d65c16db1809';
  readonly name = 'sample';
  removed = false;
  isBusy = false;
  state: DomainSummary['state'] = 'shut off';

  summary(): DomainSummary {
    if (this.removed) throw new Error('nobody asks for the summary of a domain that is gone');
    return makeSummary({ state: this.state });
  }
}

function setUp(): { clock: VirtualClock; hub: EventHub; source: Source; events: DomainEvent[]; pass: (ms: number) => Promise<void> } {
  const clock = new VirtualClock();
  const hub = new EventHub(clock);
  const events: DomainEvent[] = [];
  hub.events.on((event) => void events.push(event));
  const pass = async (ms: number): Promise<void> => {
    clock.advance(ms);
    await new Promise(setImmediate);
  };
  return { clock, hub, source: new Source(), events, pass };
}

test('revisions rise by one, whatever is told', async () => {
  const { hub, source, events, pass } = setUp();
  hub.lifecycle(source, { event: 'started', detail: 'booted' }, 1);
  hub.changed(source);
  await pass(80);
  hub.happened(source, 'reboot', 'guest');
  expect(events.map(({ revision, type }) => [revision, type])).toEqual([[1, 'lifecycle'], [2, 'changed'], [3, 'reboot']]);
  expect(hub.revision).toBe(3);
});

test('a thousand changes in a moment are one event, with the newest summary', async () => {
  const { hub, source, events, pass } = setUp();
  for (let change = 0; change < 1_000; change++) hub.changed(source);
  source.state = 'running';
  await pass(80);
  expect(events).toMatchObject([{ type: 'changed', summary: { state: 'running' } }]);
});

test('an event that carries the newest summary makes a gathered change needless', async () => {
  const { hub, source, events, pass } = setUp();
  hub.changed(source);
  hub.lifecycle(source, { event: 'started', detail: 'booted' }, 1);
  await pass(80);
  expect(events.map(({ type }) => type)).toEqual(['lifecycle']);
});

test('a domain that is gone is told of without a summary, and changes no more', async () => {
  const { hub, source, events, pass } = setUp();
  hub.changed(source);
  source.removed = true;
  hub.lifecycle(source, { event: 'stopped', detail: 'destroyed' }, 4);
  hub.changed(source);
  await pass(80);
  expect(events).toMatchObject([{ event: 'stopped', summary: null, domain: { id: 4 } }]);
});

test('a hub that is closed gathers nothing', async () => {
  const { hub, source, events, pass } = setUp();
  hub.changed(source);
  hub.close();
  await pass(80);
  expect(events).toEqual([]);
});

test('a job that is over before anybody is told, and that nobody saw, is no change', async () => {
  const { hub, source, events, pass } = setUp();
  source.isBusy = true;
  hub.jobsChanged(source);
  source.isBusy = false;
  hub.jobsChanged(source);
  await pass(80);
  expect(events).toEqual([]);
  source.isBusy = true;
  hub.jobsChanged(source);
  await pass(80);
  expect(events.map(({ type }) => type)).toEqual(['changed']);
});

test('the end of a job that somebody was shown is told, however soon it comes', async () => {
  const { hub, source, events, pass } = setUp();
  source.isBusy = true;
  hub.jobsChanged(source);
  hub.shownBusy(source);
  source.isBusy = false;
  hub.jobsChanged(source);
  await pass(80);
  expect(events.map(({ type }) => type)).toEqual(['changed']);
  source.isBusy = true;
  hub.jobsChanged(source);
  source.isBusy = false;
  hub.jobsChanged(source);
  await pass(80);
  expect(events).toHaveLength(1);
});
