/** Everything that changes a domain's life, each as one act during which the host may die at any moment. */
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { guestConsole } from '../support/guest-console.ts';
import type { Expected, Scenario, Stage } from './scenario.ts';

const domain = 'guest';
const uuid = '5a0d4b3c-2b1a-4d5e-8f60-718293a4b5c6';

const define = async ({ client, guestXml }: Stage): Promise<void> => void (await client.call('domainDefineXML', { xml: guestXml({ uuid }) }));
const start = async ({ client }: Stage): Promise<void> => void (await client.call('domainCreate', { domain }));
const both = (...acts: readonly ((stage: Stage) => Promise<void>)[]) => async (stage: Stage): Promise<void> => {
  for (const act of acts) await act(stage);
};
const defineWithTpm = async ({ client, guestXml }: Stage): Promise<void> => void (await client.call('domainDefineXML', { xml: guestXml({ uuid, tpm: true }) }));
const running = both(define, start);
const paused = both(running, async ({ client }) => void (await client.call('domainSuspend', { domain })));
const transient = async ({ client, guestXml }: Stage): Promise<void> => void (await client.call('domainCreateXML', { xml: guestXml({ uuid }) }));

const dump = (afterwards: 'nothing' | 'crash' | 'reset') => async ({ client, home }: Stage): Promise<void> =>
  void (await client.call('domainCoreDumpWithFormat', { domain, to: path.join(home, 'guest.dump'), afterwards }));

/** The guest turns itself off. */
const powerOff = async ({ client }: Stage): Promise<void> => {
  await using serial = await guestConsole(client, domain, null);
  await serial.waitFor(/BOOT-SECTOR-READY/);
  await serial.type('Q');
};

async function until({ client }: Stage, isSo: (state: string | null) => boolean): Promise<void> {
  const endMs = Date.now() + 20_000;
  for (;;) {
    const { domains } = await client.call('connectListAllDomains', {});
    const state = domains.find(({ name }) => name === domain)?.state ?? null;
    if (isSo(state)) return;
    if (Date.now() > endMs) throw new Error(`the guest stays ${state}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

const runs: Expected = { domain, runs: 'always', states: ['running'], defined: 'always', memoryMiB: [16] };
const off: Expected = { domain, runs: 'never', states: ['shut off'], defined: 'always', memoryMiB: [16] };
const mayRun: Expected = { domain, runs: 'maybe', states: ['running', 'shut off'], defined: 'always', memoryMiB: [16] };
const passing: Expected = { domain, runs: 'maybe', states: ['running'], defined: 'never' };

export const scenarios: readonly Scenario[] = [
  { name: 'define', act: define, expected: [{ ...off, defined: 'maybe' }] },
  {
    name: 'redefine while it runs',
    prepare: running,
    act: async ({ client, guestXml }) => void (await client.call('domainDefineXML', { xml: guestXml({ uuid, memoryMiB: 17 }) })),
    expected: [{ ...runs, memoryMiB: [16, 17] }],
  },
  { name: 'undefine', prepare: define, act: async ({ client }) => void (await client.call('domainUndefine', { domain })), expected: [{ ...off, defined: 'maybe' }] },
  { name: 'undefine while it runs', prepare: running, act: async ({ client }) => void (await client.call('domainUndefine', { domain })), expected: [{ ...runs, defined: 'maybe' }] },
  { name: 'start', prepare: define, act: start, expected: [mayRun] },
  {
    name: 'start paused',
    prepare: define,
    act: async ({ client }) => void (await client.call('domainCreate', { domain, paused: true })),
    expected: [{ ...mayRun, states: ['paused', 'shut off'] }],
  },
  { name: 'start of a transient domain', act: transient, expected: [passing] },
  { name: 'start with a program beside QEMU', needs: 'swtpm', prepare: defineWithTpm, act: start, expected: [{ ...mayRun, programs: 1 }] },
  {
    name: 'destroy with a program beside QEMU',
    needs: 'swtpm',
    prepare: both(defineWithTpm, start),
    act: async ({ client }) => void (await client.call('domainDestroy', { domain })),
    expected: [{ ...mayRun, programs: 1 }],
  },
  { name: 'destroy', prepare: running, act: async ({ client }) => void (await client.call('domainDestroy', { domain })), expected: [mayRun] },
  { name: 'destroy of a transient domain', prepare: transient, act: async ({ client }) => void (await client.call('domainDestroy', { domain })), expected: [passing] },
  { name: 'shutdown by signal', prepare: running, act: both(async ({ client }) => void (await client.call('domainShutdown', { domain, mode: 'signal' })), (stage) => until(stage, (state) => state === 'shut off')), expected: [mayRun] },
  {
    name: 'shutdown by the power button',
    prepare: running,
    act: both(async ({ client }) => void (await client.call('domainShutdown', { domain, mode: 'acpi' })), powerOff, (stage) => until(stage, (state) => state === 'shut off')),
    expected: [mayRun],
  },
  { name: 'shutdown of a transient domain', prepare: transient, act: both(powerOff, (stage) => until(stage, (state) => state === null)), expected: [passing] },
  {
    name: 'faked reboot',
    prepare: running,
    act: async (stage) => {
      await stage.client.call('domainReboot', { domain, mode: 'acpi' });
      const rebooted = new Promise<void>((resolve) => stage.client.on('domain', ({ event }) => void (event === 'resumed' && resolve())));
      await powerOff(stage);
      await rebooted;
    },
    expected: [runs],
  },
  { name: 'suspend', prepare: running, act: async ({ client }) => void (await client.call('domainSuspend', { domain })), expected: [{ ...runs, states: ['running', 'paused'] }] },
  { name: 'resume', prepare: paused, act: async ({ client }) => void (await client.call('domainResume', { domain })), expected: [{ ...runs, states: ['running', 'paused'] }] },
  { name: 'dump', prepare: running, act: dump('nothing'), expected: [runs] },
  { name: 'dump of a paused guest', prepare: paused, act: dump('nothing'), expected: [{ ...runs, states: ['paused'] }] },
  { name: 'dump and end', prepare: running, act: dump('crash'), expected: [mayRun] },
  { name: 'dump and reset', prepare: running, act: dump('reset'), expected: [runs] },
  { name: 'reset', prepare: running, act: async ({ client }) => void (await client.call('domainReset', { domain })), expected: [runs] },
  {
    name: 'autostart mark',
    prepare: define,
    act: async ({ client }) => {
      await client.call('domainSetAutostart', { domain, autostart: true });
      await client.call('domainSetAutostart', { domain, autostart: false });
    },
    expected: [{ ...off, autostart: 'maybe' }],
  },
  {
    name: 'autostart at the opening',
    prepare: both(define, async ({ client }) => void (await client.call('domainSetAutostart', { domain, autostart: true }))),
    meanwhile: (home) => rm(path.join(home, 'autostart-done.json'), { force: true }),
    act: 'open',
    expected: [{ ...mayRun, autostart: 'always' }],
  },
  { name: 'reconnect', prepare: running, act: 'open', expected: [runs] },
  { name: 'reconnect to a paused guest', prepare: paused, act: 'open', expected: [{ ...runs, states: ['paused'] }] },
  { name: 'reconnect to a transient guest', prepare: transient, act: 'open', expected: [{ ...passing, runs: 'always' }] },
  {
    name: 'reconnect to a guest that died',
    prepare: running,
    meanwhile: async (_home, pids) => void process.kill(pids.get(domain) as number, 'SIGKILL'),
    act: 'open',
    expected: [off],
  },
  { name: 'hand-over: giving', prepare: running, act: ({ host }) => host.close(), closesHost: true, expected: [runs] },
  { name: 'hand-over: taking', prepare: running, endOfFirst: 'closed', act: 'open', expected: [runs] },
];
