import { beforeEach, expect, test, vi } from 'vitest';
import type { QuitChoice, QuitState } from '../core/api/desktop-contract.ts';
import { systemClock } from '../core/base/clock.ts';
import { VireoError } from '../core/base/errors.ts';
import { silentLog } from '../core/base/log.ts';
import { isActiveState } from '../core/domain/domain-state.ts';
import { FakeHost } from '../test/cli/fake-host.ts';
import { settled } from '../test/support/virtual-clock.ts';
import { Quitting } from './quitting.ts';

let host: FakeHost;
let choice: QuitChoice;
let quitting: Quitting;
let steps: (QuitState['step'] | null)[];
const show = vi.fn<() => void>();
const leave = vi.fn<() => void>();

beforeEach(() => {
  host = new FakeHost();
  choice = 'ask';
  steps = [];
  show.mockClear();
  leave.mockClear();
  quitting = new Quitting({
    client: host.connect('the tray'),
    clock: systemClock,
    log: silentLog,
    choice: () => choice,
    remember: (chosen) => void (choice = chosen),
    deadlineMs: () => 30,
    running: () => [...host.domains.values()].filter(({ state }) => isActiveState(state)),
    show,
    leave,
  });
  quitting.changes.on((state) => {
    if (steps.at(-1) !== (state?.step ?? null)) steps.push(state?.step ?? null);
  });
});

const addRunning = (name: string): void => void host.add({ uuid: name, name, id: 1, state: 'running', reason: 'booted' });

test('without guests, or with the choice to keep them, it quits at once', () => {
  quitting.request();
  expect([leave.mock.calls.length, quitting.state]).toEqual([1, null]);
  addRunning('a');
  choice = 'keep';
  quitting.request();
  expect([leave.mock.calls.length, show.mock.calls.length, steps]).toEqual([2, 0, []]);
});

test('a migration that runs is asked about whatever was chosen before', () => {
  host.add({ uuid: 'a', name: 'a', id: 1, state: 'running', reason: 'booted', migration: { side: 'source', peer: 'rack-2', activity: '', percent: 3, outcome: 'running', error: null, startedAtMs: 0, endedAtMs: null, downtimeMs: null } });
  choice = 'keep';
  quitting.request();
  expect([leave.mock.calls.length, quitting.state?.step]).toEqual([0, 'question']);
});

test('it asks, names the guests by name, and asks once however often it is wanted', () => {
  for (const name of ['b', 'a']) addRunning(name);
  quitting.request();
  quitting.request();
  expect([quitting.state, show.mock.calls.length, leave.mock.calls.length]).toEqual([{ step: 'question', guests: [{ uuid: 'a', name: 'a' }, { uuid: 'b', name: 'b' }] }, 2, 0]);
  quitting.answer('cancel', true);
  expect([quitting.state, choice, leave.mock.calls.length]).toEqual([null, 'ask', 0]);
});

test('an answer is remembered where that is wanted', () => {
  addRunning('a');
  quitting.request();
  quitting.answer('keep', false);
  expect(choice).toBe('ask');
  quitting.request();
  quitting.answer('keep', true);
  expect([choice, leave.mock.calls.length]).toEqual(['keep', 2]);
});

test('an answer that nothing asks for is refused', () => {
  expect(() => quitting.answer('keep', false)).toThrow(VireoError);
  addRunning('a');
  quitting.request();
  expect(() => quitting.answer('force off', false)).toThrow("quitting does not wait for 'force off'");
});

test('guests that stay after the deadline are left to the user, who may force them off', async () => {
  addRunning('a');
  choice = 'shutdown';
  quitting.request();
  await vi.waitFor(() => expect(quitting.state).toMatchObject({ step: 'left over', guests: [{ name: 'a', step: 'asked' }] }));
  quitting.answer('shutdown', false); // wait longer
  await vi.waitFor(() => expect(steps.filter((step) => step === 'left over')).toHaveLength(2));
  quitting.answer('force off', false);
  await vi.waitFor(() => expect(leave).toHaveBeenCalledOnce());
  expect([host.domains.get('a')?.state, steps]).toEqual(['shut off', ['shutting down', 'left over', 'shutting down', 'left over', 'forcing off', null]]);
});

test('a guest that cannot even be forced off is named again', async () => {
  addRunning('a');
  choice = 'shutdown';
  host.failures.set('domainShutdown', new VireoError('OPERATION_INVALID', 'domain is paused'));
  host.failures.set('domainDestroy', new VireoError('SYSTEM_ERROR', 'it waits in the kernel'));
  quitting.request();
  await vi.waitFor(() => expect(quitting.state).toMatchObject({ step: 'left over', guests: [{ step: 'refused', reason: 'Requested operation is not valid: domain is paused' }] }));
  quitting.answer('force off', false);
  await vi.waitFor(() => expect(quitting.state).toMatchObject({ step: 'left over', guests: [{ step: 'refused', reason: expect.stringContaining('it waits in the kernel') }] }));
  expect(leave).not.toHaveBeenCalled();
});

test('cancelled while guests shut down, nothing quits when they are off', async () => {
  addRunning('a');
  choice = 'shutdown';
  quitting.request();
  await vi.waitFor(() => expect(quitting.state).toMatchObject({ guests: [{ step: 'asked' }] }));
  quitting.answer('cancel', false);
  host.tell(host.add({ uuid: 'a', name: 'a' }), 'lifecycle', 'stopped', 'shutdown');
  await settled();
  expect([quitting.state, leave.mock.calls.length]).toEqual([null, 0]);
});

test('a question that nobody can see is taken back', () => {
  addRunning('a');
  quitting.request();
  quitting.unattended();
  expect([quitting.state, leave.mock.calls.length]).toEqual([null, 0]);
});
