import { expect, test } from 'vitest';
import type { DomainSummary } from '../core/domain/domain-summary.ts';
import { type TrayActions, trayHeader, trayMenu, trayState } from './tray-menu.ts';

const noActions: TrayActions = { openMain() {}, openConsole() {}, cancel() {}, act() {}, isQuiet: () => false, setQuiet() {}, onQuit: () => 'ask', setOnQuit() {}, quit() {} };

function domain(name: string, own: Partial<DomainSummary> = {}): DomainSummary {
  return {
    uuid: name, name, title: null, id: null, state: 'shut off', reason: 'unknown', stateSinceMs: null, persistent: true, autostart: false, hasManagedSave: false, pendingChanges: false,
    memoryKiB: 1, currentMemoryKiB: 1, vcpus: 1, arch: 'x86_64', machine: 'q35', accelerator: null, emulator: null, qemuVersion: null, pid: null, taints: [], agent: 'not configured',
    jobs: { sync: null, async: null, agent: null, waiting: 0 }, control: { state: 'ok', details: null, sinceMs: 0 }, migration: null, consoles: [], displays: [], diskErrors: [], devices: [], ...own,
  };
}

const job = { kind: 'start', owner: 'remoteDispatchDomainCreate', client: 'window 1', sinceMs: 0, phase: null, parkedUntilMs: null, abortRequested: false };
const running = domain('web', { state: 'running', reason: 'booted' });
const crashed = domain('old', { reason: 'crashed' });

test('the icon is idle, busy while a long job runs, and asks for attention when a domain is in trouble', () => {
  const busy = domain('db', { state: 'running', jobs: { sync: null, async: job, agent: null, waiting: 0 } });
  expect([trayState([]), trayState([running]), trayState([running, busy]), trayState([busy, crashed])]).toEqual(['idle', 'idle', 'busy', 'attention']);
});

test('the header counts', () => {
  expect([trayHeader([]), trayHeader([running]), trayHeader([running, crashed, domain('a')])]).toEqual(['No domains', '1 running, 1 in all', '1 running, 3 in all, 1 in trouble']);
});

test('a running domain can be paused and shut down, one that is off started', () => {
  const labels = (menu: ReturnType<typeof trayMenu>): unknown => menu.map(({ label, submenu }) => (Array.isArray(submenu) ? [label, ...submenu.map((item) => item.label)] : label));
  expect(labels(trayMenu([domain('a'), running, crashed], noActions))).toEqual([
    '1 running, 3 in all, 1 in trouble',
    'Open Vireo',
    undefined,
    ['old (shut off)', 'Open', 'Start'],
    ['web (running)', 'Open', 'Console', undefined, 'Pause', 'Shut down'],
    ['a (shut off)', 'Open', 'Start'],
    undefined,
    'Do not disturb',
    ['When quitting', 'Ask about guests', 'Keep guests running', 'Shut guests down'],
    'Quit…',
  ]);
});

test('a migration that runs has its own line, with per cent and Cancel where it is led from', () => {
  const glance = { side: 'source' as const, peer: 'rack-2', activity: 'Copying memory, pass 2', percent: 63, outcome: 'running' as const, error: null, startedAtMs: 0, endedAtMs: null, downtimeMs: null };
  const out = { ...job, kind: 'migration-out' };
  const moving = domain('db', { state: 'running', migration: glance, jobs: { sync: null, async: out, agent: null, waiting: 0 } });
  const arriving = domain('mail', { state: 'paused', migration: { ...glance, side: 'destination', percent: null }, jobs: { sync: null, async: { ...out, kind: 'migration-in' }, agent: null, waiting: 0 } });
  const asked: string[] = [];
  const menu = trayMenu([moving, arriving, domain('moved', { migration: { ...glance, outcome: 'completed' } })], { ...noActions, cancel: ({ name }) => void asked.push(name) });
  const lines = menu.filter(({ label }) => /migrating|receiving/.test(label ?? ''));
  expect(lines.map(({ label, submenu }) => [label, ...(Array.isArray(submenu) ? submenu.map((item) => item.label) : [])])).toEqual([['db: migrating, 63 %', 'Open', 'Cancel migration'], ['mail: receiving', 'Open']]);
  const [line] = lines;
  if (Array.isArray(line?.submenu)) line.submenu.at(-1)?.click?.({} as never, undefined, {} as never);
  expect(asked).toEqual(['db']);
});

test('Quit says what becomes of guests that run', () => {
  const quit = (domains: readonly DomainSummary[], choice: 'ask' | 'keep' | 'shutdown'): unknown => trayMenu(domains, { ...noActions, onQuit: () => choice }).at(-1)?.label;
  expect([quit([domain('a')], 'shutdown'), quit([running], 'ask'), quit([running], 'keep'), quit([running], 'shutdown')]).toEqual(['Quit', 'Quit…', 'Quit (guests keep running)', 'Quit (guests are shut down)']);
});

test('eight domains are shown and the rest is counted', () => {
  const many = Array.from({ length: 11 }, (_, index) => domain(`d${index}`));
  const menu = trayMenu(many, noActions);
  expect([menu.filter((item) => item.submenu && item.label !== 'When quitting').length, menu.find((item) => item.label?.includes('more'))?.label]).toEqual([8, '3 more']);
});
