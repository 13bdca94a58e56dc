/**
 * What must hold while nothing is under way: each QEMU is managed once, every domain is in the state that its QEMU is in,
 * and nothing is held or left. Each oracle answers with one sentence for each thing that is wrong.
 */
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import type { Client } from '../../core/api/client.ts';
import type { DomainSummary } from '../../core/domain/domain-summary.ts';
import { asVireoError } from '../../core/base/errors.ts';
import { isActiveState } from '../../core/domain/domain-state.ts';
import { stateLayout } from '../../core/status/state-folder.ts';
import { qemuProcessesOf } from '../support/open-test-host.ts';

/** Every QEMU is one domain's, and every active domain has one. */
export async function wrongOwners(home: string, domains: readonly DomainSummary[]): Promise<readonly string[]> {
  const running = new Set(await qemuProcessesOf(home));
  const active = domains.filter(({ state }) => isActiveState(state));
  const pids = active.map(({ pid }) => pid);
  return [
    ...active.filter(({ pid }) => pid === null || !running.has(pid)).map(({ name, state, pid }) => `'${name}' is ${state} with pid ${pid}, which is no QEMU of this host`),
    ...[...running].filter((pid) => !pids.includes(pid)).map((pid) => `QEMU ${pid} runs and no domain has it`),
    ...pids.filter((pid, index) => pids.indexOf(pid) !== index).map((pid) => `QEMU ${pid} belongs to several domains`),
  ];
}

/** QEMU's words for a state, by ours. */
const statusOf: Readonly<Record<string, readonly string[]>> = {
  running: ['running'],
  paused: ['paused', 'prelaunch', 'io-error', 'watchdog'],
  'in shutdown': ['shutdown'],
  crashed: ['guest-panicked'],
  pmsuspended: ['suspended'],
};

export async function wrongStates(client: Client, domains: readonly DomainSummary[]): Promise<readonly string[]> {
  const active = domains.filter(({ state }) => isActiveState(state));
  const answers = await Promise.all(active.map((summary) => wrongState(client, summary)));
  return answers.filter((answer) => answer !== null);
}

async function wrongState(client: Client, { name, uuid }: DomainSummary): Promise<string | null> {
  try {
    const { result } = await client.call('qemuDomainMonitorCommand', { domain: uuid, command: '{"execute":"query-status"}' });
    const { status } = (JSON.parse(result) as { return: { status: string } }).return;
    const { state } = await client.call('domainLookup', { domain: uuid }); // looked at after QEMU was asked: its events came before the answer
    return statusOf[state]?.includes(status) ? null : `'${name}' is ${state}, and its QEMU is ${status}`;
  } catch (error) {
    return `'${name}' does not answer: ${asVireoError(error).message}`;
  }
}

export function heldJobs(domains: readonly DomainSummary[]): readonly string[] {
  return domains
    .filter(({ jobs: { sync, async: long, agent, waiting } }) => sync !== null || long !== null || agent !== null || waiting > 0)
    .map(({ name, jobs }) => `'${name}' is held although nobody does anything: ${JSON.stringify(jobs)}`);
}

/** After everything was ended. */
export async function leftovers(home: string, leaseFolder: string): Promise<readonly string[]> {
  const layout = stateLayout(home);
  const [runs, states, leases] = await Promise.all([entries(layout.run), entries(layout.status), entries(leaseFolder)]);
  const records = (await Promise.all(leases.map((name) => entries(path.join(leaseFolder, name))))).flat();
  return [
    ...(await qemuProcessesOf(home)).map((pid) => `QEMU ${pid} is left`),
    ...runs.filter((name) => name !== 'api').map((name) => `the run folder ${name} is left`),
    ...states.filter((name) => name.endsWith('.json')).map((name) => `the state file ${name} is left`),
    ...records.filter((name) => name !== 'lock').map((name) => `the lease record ${name} is left`),
  ];
}

function entries(folder: string): Promise<readonly string[]> {
  return readdir(folder).catch(() => []);
}
