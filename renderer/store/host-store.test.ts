import { afterEach, describe, expect, it } from 'vitest';
import { type Channel, channelPair } from '../../core/api/channel.ts';
import { domainSummary } from '../testing/domains.ts';
import { type FakeScene, createFakeHost } from '../testing/fake-host.ts';
import { status } from '../testing/scenes.ts';
import { type Failure, createActions, pendingOf } from './action-store.ts';
import { type Host, createHost } from './host-store.ts';

const sample = domainSummary();
const soon = (): AbortSignal => AbortSignal.timeout(5_000);
const hosts: Host[] = [];

afterEach(() => hosts.splice(0).forEach((host) => host[Symbol.dispose]()));

function connected(scene: Partial<FakeScene> = {}): { host: Host; fake: ReturnType<typeof createFakeHost>; channels: Channel[] } {
  const fake = createFakeHost({ status, domains: [sample], ...scene });
  const channels: Channel[] = [];
  const openChannel = async (): Promise<Channel> => {
    const [near, far] = channelPair();
    fake.serve(far);
    channels.push(near);
    return near;
  };
  const host = createHost({ label: 'test', openChannel });
  hosts.push(host);
  return { host, fake, channels };
}

describe('a window and its host', () => {
  it('knows the domains, and hears when one changes', async () => {
    const { host, fake } = connected();
    await host.domainWhen(sample.uuid, (summary) => summary !== null, soon());
    fake.change(sample.uuid, { state: 'running' }, { type: 'lifecycle', event: 'started', detail: 'booted' });
    await host.domainWhen(sample.uuid, (summary) => summary?.state === 'running', soon());
    expect(host.store.getState().lastEvents.get(sample.uuid)).toMatchObject({ event: 'started', detail: 'booted' });
  });

  it('keeps the list while the host is unreachable, and is true again after it connects', async () => {
    const { host, fake, channels } = connected();
    await host.domainWhen(sample.uuid, (summary) => summary !== null, soon());
    channels[0]?.close();
    fake.change(sample.uuid, { state: 'paused' });
    await host.domainWhen(sample.uuid, () => host.store.getState().link.phase === 'unreachable', soon());
    expect(host.domain(sample.uuid)?.state).toBe('shut off');
    host.retryNow();
    await host.domainWhen(sample.uuid, (summary) => summary?.state === 'paused', soon());
    expect([host.store.getState().link.phase, channels.length]).toEqual(['connected', 2]);
  });
});

describe('actions', () => {
  it('are busy from the click to the answer, and a second click asks for nothing', async () => {
    const { host } = connected();
    await host.domainWhen(sample.uuid, (summary) => summary !== null, soon());
    const actions = createActions(host, () => {});
    const first = actions.run(sample.uuid, 'start');
    await actions.run(sample.uuid, 'start');
    expect(pendingOf(actions.store.getState(), sample.uuid).get('start')).toBe('busy');
    await first;
    expect(actions.store.getState().pending.size).toBe(0);
  });

  it('tell what did not happen', async () => {
    const { host } = connected({ trouble: 'failing' });
    await host.domainWhen(sample.uuid, (summary) => summary !== null, soon());
    const failures: Failure[] = [];
    await createActions(host, (failure) => failures.push(failure)).run(sample.uuid, 'start');
    expect(failures.map(({ title, error }) => [title, error.code])).toEqual([['sample was not started', 'OPERATION_FAILED']]);
  });

  it('that are refused because of a holder ask the person instead of failing', async () => {
    const { host } = connected({ trouble: 'held' });
    await host.domainWhen(sample.uuid, (summary) => summary !== null, soon());
    const failures: Failure[] = [];
    const actions = createActions(host, (failure) => failures.push(failure));
    await actions.run(sample.uuid, 'start');
    expect([failures.length, actions.store.getState().held?.holders[0]?.owner]).toEqual([0, 'remoteDispatchDomainCreate']);
  });

  it('remember why a start failed until the guest runs', async () => {
    const { host, fake } = connected({ trouble: 'failing' });
    await host.domainWhen(sample.uuid, (summary) => summary !== null, soon());
    const actions = createActions(host, () => {});
    await actions.run(sample.uuid, 'start');
    expect(actions.store.getState().failedStarts.get(sample.uuid)?.error.code).toBe('OPERATION_FAILED');
    fake.change(sample.uuid, { state: 'running' });
    await host.domainWhen(sample.uuid, (summary) => summary?.state === 'running', soon());
    expect(actions.store.getState().failedStarts.size).toBe(0);
  });

  it('forget that a guest was asked to shut down once it has', async () => {
    const { host, fake } = connected({ domains: [{ ...sample, state: 'running' }] });
    await host.domainWhen(sample.uuid, (summary) => summary !== null, soon());
    const actions = createActions(host, () => {});
    await actions.run(sample.uuid, 'shutdown');
    fake.change(sample.uuid, { state: 'shut off' });
    await host.domainWhen(sample.uuid, (summary) => summary?.state === 'shut off', soon());
    expect(actions.store.getState().askedToShutDown.size).toBe(0);
  });
});
