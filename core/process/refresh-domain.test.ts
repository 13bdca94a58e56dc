import { expect, test } from 'vitest';
import type { DomainEvent } from '../domain/domain-summary.ts';
import type { StateAndReason } from '../domain/domain-state.ts';
import { foundRun } from '../../test/support/found-run.ts';
import { refreshDomain } from './refresh-domain.ts';

const user: StateAndReason = { state: 'paused', reason: 'user' };
const running: StateAndReason = { state: 'running', reason: 'booted' };
const inShutdown: StateAndReason = { state: 'in shutdown', reason: 'unknown' };
const asleep: StateAndReason = { state: 'pmsuspended', reason: 'unknown' };
const crashed: StateAndReason = { state: 'crashed', reason: 'panicked' };

const lifecycle = ({ event, detail }: DomainEvent): string => `${event}/${detail}`;

test.each<[StateAndReason, string, StateAndReason, string[], string | null]>([
  [running, 'running', running, [], null],
  [running, 'paused', { state: 'paused', reason: 'unknown' }, ['suspended/paused'], null],
  [running, 'io-error', { state: 'paused', reason: 'I/O error' }, ['suspended/ioerror'], null],
  [running, 'watchdog', { state: 'paused', reason: 'watchdog' }, ['suspended/watchdog'], 'stopped by its watchdog'],
  [running, 'guest-panicked', crashed, ['crashed/panicked'], 'panicked'],
  [running, 'suspended', asleep, ['pmsuspended/memory'], null],
  [running, 'shutdown', inShutdown, ['shutdown/finished'], 'shut down'],
  [running, 'internal-error', { state: 'paused', reason: 'unknown' }, ['suspended/paused'], null],
  [user, 'paused', user, [], null],
  [user, 'prelaunch', user, [], null],
  [user, 'running', { state: 'running', reason: 'unpaused' }, ['resumed/unpaused'], null],
  [user, 'io-error', { state: 'paused', reason: 'I/O error' }, [], null],
  [{ state: 'paused', reason: 'I/O error' }, 'io-error', { state: 'paused', reason: 'I/O error' }, [], null],
  [{ state: 'paused', reason: 'watchdog' }, 'watchdog', { state: 'paused', reason: 'watchdog' }, [], null],
  [asleep, 'suspended', asleep, [], null],
  [asleep, 'running', { state: 'running', reason: 'event wakeup' }, ['started/wakeup'], null],
  [crashed, 'guest-panicked', crashed, [], 'panicked'],
  [inShutdown, 'shutdown', inShutdown, [], 'shut down'],
  [inShutdown, 'running', { state: 'running', reason: 'booted' }, ['resumed/unpaused'], null],
])('a domain that was %j and whose QEMU says %s is %j', async (recorded, status, state, told, found) => {
  const run = foundRun({ 'query-status': { status }, 'query-chardev': [], 'query-cpus-fast': [], 'query-block': [] });
  run.domain.restoreState(recorded, null);
  expect(await refreshDomain(run.domain, run.live, run.monitor)).toBe(found);
  expect(run.domain.stateAndReason).toEqual(state);
  expect(run.events.filter(({ type }) => type === 'lifecycle').map(lifecycle)).toEqual(told);
});

test('a reboot of which only the reset was done is finished', async () => {
  const run = foundRun({ 'query-status': { status: 'paused' }, 'query-chardev': [], 'query-cpus-fast': [], cont: {} });
  run.domain.restoreState(inShutdown, null);
  run.live.rebootOnShutdown = true;
  expect(await refreshDomain(run.domain, run.live, run.monitor)).toBeNull();
  expect(run.asked).toContain('cont');
  expect(run.live.rebootOnShutdown).toBe(false);
  expect(run.domain.stateAndReason).toEqual({ state: 'running', reason: 'booted' });
});

test('the threads of its CPUs, its channels and its agent are as QEMU has them now', async () => {
  const run = foundRun({
    'query-status': { status: 'running' },
    'query-chardev': [{ label: 'charchannel0', filename: 'unix:/x', 'frontend-open': true }],
    'query-cpus-fast': [{ 'cpu-index': 0, 'thread-id': 4711 }],
  }, "<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0' state='disconnected'/><alias name='channel0'/></channel>");
  run.domain.restoreState(running, null);
  await refreshDomain(run.domain, run.live, run.monitor);
  expect(run.live.threads?.vcpus).toEqual(new Map([[0, 4711]]));
  expect(run.live.agent).toBe('connected');
  expect(run.live.definition.devices.find(({ kind }) => kind === 'channel')).toMatchObject({ target: { state: 'connected' } });
});
