/**
 * What must be true once a host has died, whatever it was doing: no guest lost, none doubled, none unmanaged; nothing of
 * the dead stays that anybody could meet; and everything goes on.
 */
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import type { Client } from '../../core/api/client.ts';
import { type Host, openHost } from '../../core/api/host.ts';
import { systemClock } from '../../core/base/clock.ts';
import { silentLog } from '../../core/base/log.ts';
import { type DomainList, type DomainSummary, applyDomainEvent } from '../../core/domain/domain-summary.ts';
import { runFolderName, stateLayout } from '../../core/status/state-folder.ts';
import { processesOf } from './processes.ts';
import type { Expected, Scenario } from './scenario.ts';

export interface Inspection {
  readonly home: string;
  readonly scenario: Scenario;
  /** Whose QEMU ran before the act, by the domain's name. */
  readonly pidsBefore: ReadonlyMap<string, number>;
}

const settleLimitMs = 20_000;

/** Opens the next host on the folder and looks at everything; @returns what is wrong. */
export async function inspect(inspection: Inspection): Promise<readonly string[]> {
  const { home } = inspection;
  const host = await openHost({ layout: stateLayout(home), role: 'in process', clock: systemClock, log: silentLog, version: '0.0.0-test' });
  const client = host.client('the next host');
  try {
    const window = await followList(client);
    await Promise.all([host.driver.reconnected, host.driver.autostarted]);
    const domains = await settle(client);
    const { problems } = await client.call('hostGetStatus', {});
    const wrong = [
      ...problems.map(({ what }) => `a problem is told: ${what}`),
      ...(await asExpected(inspection, client, domains)),
      ...(await managed(inspection, domains)),
      ...(await onDisk(home, domains)),
      ...sameList(window, domains),
    ];
    return wrong.length > 0 ? wrong : await goesOn(host, client, inspection, domains);
  } finally {
    client.close();
    await host.close();
  }
}

async function list(client: Client): Promise<readonly DomainSummary[]> {
  return (await client.call('connectListAllDomains', {})).domains;
}

/** Waits until nothing is under way: a job that never ends is found by never getting here. */
async function settle(client: Client): Promise<readonly DomainSummary[]> {
  const untilMs = Date.now() + settleLimitMs;
  for (;;) {
    const domains = await list(client);
    if (domains.every(({ jobs, state, control }) => !jobs.sync && !jobs.async && !jobs.agent && state !== 'in shutdown' && control.state === 'ok')) return domains;
    if (Date.now() > untilMs) throw new Error(`the domains do not settle: ${JSON.stringify(domains.map(({ name, state, jobs, control }) => ({ name, state, jobs, control })))}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

async function asExpected({ scenario, pidsBefore }: Inspection, client: Client, domains: readonly DomainSummary[]): Promise<string[]> {
  const wrong: string[] = [];
  const known = new Set(scenario.expected.map(({ domain }) => domain));
  for (const { name } of domains) if (!known.has(name)) wrong.push(`a domain '${name}' that nobody made`);
  for (const expected of scenario.expected) {
    const found = domains.find(({ name }) => name === expected.domain);
    if (found) wrong.push(...foundAs(expected, found, pidsBefore), ...(await definitionWhole(expected, found, client)), ...(await sameState(found, client)));
    else if (expected.defined === 'always' || expected.runs === 'always') wrong.push(`'${expected.domain}' is lost`);
  }
  return wrong;
}

function foundAs({ runs, states, defined, autostart = 'never' }: Expected, found: DomainSummary, pidsBefore: ReadonlyMap<string, number>): string[] {
  const wrong: string[] = [];
  const { name, pid, state, reason, persistent } = found;
  const must = (what: string, isSo: boolean, when: 'always' | 'maybe' | 'never'): void => {
    if (when !== 'maybe' && isSo !== (when === 'always')) wrong.push(`'${name}' ${isSo ? 'is' : 'is not'} ${what}, and ${when} is`);
  };
  must('running a QEMU', pid !== null, runs);
  must('defined', persistent, defined);
  must('marked for autostart', found.autostart, autostart);
  if (!persistent && pid === null) wrong.push(`'${name}' is neither defined nor running, and listed`);
  const before = pidsBefore.get(name);
  if (pid !== null && before !== undefined && pid !== before) wrong.push(`'${name}' runs as process ${pid} and was ${before}`);
  if (!states.includes(state)) wrong.push(`'${name}' is ${state} (${reason}), expected ${states.join(' or ')}`);
  return wrong;
}

async function definitionWhole({ memoryMiB }: Expected, { name, persistent, uuid }: DomainSummary, client: Client): Promise<string[]> {
  if (!persistent || memoryMiB === undefined) return [];
  const { xml } = await client.call('domainGetXMLDesc', { domain: uuid, inactive: true });
  const found = Number(/<memory[^>]*>(\d+)</.exec(xml)?.[1]) / 1024;
  return memoryMiB.includes(found) && xml.includes('</domain>') ? [] : [`'${name}' is defined with ${found} MiB: ${xml}`];
}

const stateOfStatus: Readonly<Record<string, DomainSummary['state']>> = { running: 'running', paused: 'paused', prelaunch: 'paused', 'io-error': 'paused', watchdog: 'paused', shutdown: 'in shutdown', 'guest-panicked': 'crashed', suspended: 'pmsuspended' };

async function sameState({ name, uuid, state, pid }: DomainSummary, client: Client): Promise<string[]> {
  if (pid === null) return [];
  const { result } = await client.call('qemuDomainMonitorCommand', { domain: uuid, command: 'query-status' });
  const { status } = (JSON.parse(result) as { return: { status: string } }).return;
  return stateOfStatus[status] === state ? [] : [`'${name}' is ${state}, and its QEMU ${status}`];
}

/** Each QEMU of this folder belongs to one running domain, and to each running domain belongs one. */
async function managed({ home, scenario }: Inspection, domains: readonly DomainSummary[]): Promise<string[]> {
  const programsOf = ({ name, pid }: DomainSummary): number => (pid === null ? 0 : (scenario.expected.find(({ domain }) => domain === name)?.programs ?? 0));
  const programs = domains.reduce((sum, domain) => sum + programsOf(domain), 0);
  const expected = domains.flatMap(({ pid }) => (pid === null ? [] : [pid])).toSorted((one, other) => one - other);
  const untilMs = Date.now() + 5_000;
  for (;;) {
    const processes = await processesOf(home);
    const found = processes.filter(({ isGuest }) => isGuest).map(({ pid }) => pid);
    if (JSON.stringify(found) === JSON.stringify(expected) && processes.length - found.length === programs) return [];
    if (Date.now() > untilMs) return [`processes ${processes.map(({ pid, argv }) => `${pid} (${argv.slice(0, 3).join(' ')})`).join(', ') || 'none'}; managed are ${expected.join(', ') || 'none'} and ${programs} programs beside`];
    await new Promise((resolve) => setTimeout(resolve, 20)); // what was ended may be on its way out
  }
}

/** Nothing lies in the state folder that belongs to no domain. */
async function onDisk(home: string, domains: readonly DomainSummary[]): Promise<string[]> {
  const names = (folder: string): Promise<string[]> => readdir(path.join(home, folder)).then((found) => found.toSorted(), () => []);
  const running = domains.filter(({ pid }) => pid !== null);
  const expected: Readonly<Record<string, readonly string[]>> = {
    status: running.map(({ uuid }) => `${uuid}.json`),
    run: ['api', ...running.map(({ uuid }) => runFolderName(uuid))],
    domains: domains.flatMap(({ uuid, persistent, autostart }) => [...(persistent ? [`${uuid}.xml`] : []), ...(autostart ? [`${uuid}.autostart`] : [])]),
  };
  const wrong: string[] = [];
  for (const [folder, content] of Object.entries(expected)) {
    // What is written of a run beside its folder belongs to it.
    const found = (await names(folder)).filter((name) => folder !== 'run' || !running.some(({ uuid }) => name.startsWith(`${runFolderName(uuid)}.`)));
    if (JSON.stringify(found) !== JSON.stringify(content.toSorted())) wrong.push(`in ${folder} are ${found.join(', ') || 'no files'} instead of ${content.join(', ') || 'none'}`);
  }
  const unfinished = (await readdir(home, { recursive: true })).filter((name) => /\.(new|part)$/.test(name) || /(^|\/)owner\.[0-9a-f]{16}$/.test(name));
  if (unfinished.length > 0) wrong.push(`unfinished files: ${unfinished.join(', ')}`);
  return wrong;
}

interface Followed {
  current: DomainList | null;
}

/** The list as a window keeps it that was there when the host opened. */
async function followList(client: Client): Promise<Followed> {
  const followed: Followed = { current: null };
  client.on('domain', (event) => {
    if (followed.current) followed.current = applyDomainEvent(followed.current, event);
  });
  const { revision, domains } = await client.call('connectListAllDomains', {});
  followed.current = { revision, domains: new Map(domains.map((each) => [each.uuid, each])) };
  return followed;
}

function sameList({ current }: Followed, domains: readonly DomainSummary[]): string[] {
  const facts = (each: Iterable<DomainSummary>): string => JSON.stringify([...each].map(({ uuid, state, reason, pid, persistent }) => ({ uuid, state, reason, pid, persistent })).toSorted((one, other) => (one.uuid < other.uuid ? -1 : 1)));
  if (current === null) return ['a window missed an event'];
  const [seen, there] = [facts(current.domains.values()), facts(domains)];
  return seen === there ? [] : [`a window shows ${seen} instead of ${there}`];
}

/** Every domain can be ended, started again, and undefined; then nothing is left. */
async function goesOn(host: Host, client: Client, inspection: Inspection, domains: readonly DomainSummary[]): Promise<string[]> {
  const { home } = inspection;
  const wrong: string[] = [];
  const attempt = async (what: string, act: () => Promise<unknown>): Promise<void> => {
    await act().catch((error: unknown) => wrong.push(`${what}: ${String(error)}`));
  };
  for (const { uuid, name, pid, persistent } of domains) {
    if (pid !== null) await attempt(`'${name}' cannot be destroyed`, () => client.call('domainDestroy', { domain: uuid }));
    if (!persistent) continue;
    await attempt(`'${name}' cannot be started again`, () => client.call('domainCreate', { domain: uuid }));
    await attempt(`'${name}' cannot be destroyed at last`, () => client.call('domainDestroy', { domain: uuid }));
    await attempt(`'${name}' cannot be undefined`, () => client.call('domainUndefine', { domain: uuid, nvram: 'remove' }));
  }
  const left = await list(client);
  if (left.length > 0) wrong.push(`${left.length} domains are left at the end`);
  // The empty file of a lease may stay: the kernel gives the lock back a moment after the process is gone. The next host sweeps it.
  const leases = (await readdir(`${home}-leases`, { recursive: true }).catch(() => [])).filter((name) => !name.endsWith('.lease'));
  if (leases.length > 0) wrong.push(`leases are left at the end: ${leases.join(', ')}`);
  return [...wrong, ...(await managed(inspection, left)), ...(await onDisk(home, left))].map((each) => (each.startsWith('processes') || each.startsWith('in ') ? `at the end ${each}` : each)).concat(host.runningDomains().length > 0 ? ['the host counts running domains at the end'] : []);
}
