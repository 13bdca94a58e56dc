/** Guests that migrate at the same time between the same two hosts: each has a port of its own, and each can be looked at all the while. */
import { stateLayout } from '../../core/status/state-folder.ts';
import type { Client } from '../../core/api/client.ts';
import { connectLocal } from '../../core/api/local-client.ts';
import { type MigrationHosts, migrationOptions, openMigrationHosts } from '../support/migration-hosts.ts';
import { forgetGuests } from '../support/migration-guest.ts';
import { deadlineMs, Reports, startCheckedGuest } from './there-and-back.ts';
import { guestsOf } from './guests-of.ts';

export interface AtOnceResult {
  readonly wrong: readonly string[];
  /** Where the destination said to send the memory, one for each. */
  readonly ports: readonly number[];
  readonly guests: readonly GuestProgress[];
}

export interface GuestProgress {
  readonly name: string;
  /** How often it was seen under way. */
  readonly looks: number;
  /** The longest time in which a look was waited for, and in which no look saw more gone over than the one before. */
  readonly slowestLookMs: number;
  readonly longestGapMs: number;
  readonly tookMs: number;
}

const everyMs = 500;

/** A host whose peers' answers to Prepare are read: where each guest is sent. */
export async function openHostsThatTellPorts(): Promise<{ readonly hosts: MigrationHosts; readonly ports: number[] }> {
  const ports: number[] = [];
  const reachFolder = async (folder: string, label: string, signal: AbortSignal): Promise<Client> => telling(await connectLocal(stateLayout(folder).socket, label, { deadlineMs: 10_000, signal }), ports);
  return { hosts: await openMigrationHosts({ source: { carriers: { reachFolder } }, destination: { carriers: { reachFolder } } }), ports };
}

function telling(client: Client, ports: number[]): Client {
  return {
    call: async (method, params, settings) => {
      const answer = await client.call(method, params, settings);
      if (method === 'domainMigratePrepare3Params') ports.push(Number(/:(\d+)$/.exec((answer as { readonly uri: string }).uri)?.[1]));
      return answer;
    },
    on: (event, listener) => client.on(event, listener),
    openStream: (stream, params, handlers) => client.openStream(stream, params, handlers),
    get closed() {
      return client.closed;
    },
    close: () => client.close(),
  };
}

/** @param bandwidthMiBps of each, so slow that they overlap. */
export async function manyAtOnce(count: number, { bandwidthMiBps }: { readonly bandwidthMiBps: number }): Promise<AtOnceResult> {
  const { hosts, ports } = await openHostsThatTellPorts();
  await using _hosts = hosts;
  const { source, destination } = hosts;
  const names = Array.from({ length: count }, (_, at) => `guest-${at + 1}`);
  for (const name of names) {
    await startCheckedGuest(hosts, name, { memoryMiB: 4, pauses: 20 });
    await using reports = await Reports.watch(source, name);
    await reports.next();
  }
  const guests = await Promise.all(names.map((name) => moveAndLook(hosts, name, bandwidthMiBps)));
  const wrong: string[] = [];
  if (new Set(ports).size !== count || ports.some(Number.isNaN)) wrong.push(`the ports are ${ports.join(', ')}`);
  const [left, arrived] = await Promise.all([source, destination].map(({ home }) => guestsOf(home)));
  if (left?.length !== 0 || arrived?.length !== count) wrong.push(`${left?.length} QEMUs on the source, ${arrived?.length} on the destination`);
  for (const name of names) {
    await using reports = await Reports.watch(destination, name);
    const { diskErrors } = await reports.next();
    if (diskErrors > 0) wrong.push(`${name} found ${diskErrors} wrong blocks`);
  }
  await forgetGuests(hosts);
  return { wrong, ports, guests };
}

async function moveAndLook(hosts: MigrationHosts, domain: string, bandwidthMiBps: number): Promise<GuestProgress> {
  const { source, destination } = hosts;
  const begunMs = performance.now();
  const under = { over: false };
  const moving = source.client.call('domainMigrateToURI3', { domain, uri: hosts.uriOf(destination), options: migrationOptions({ bandwidthMiBps, maxDowntimeMs: 5_000 }) }, { timeoutMs: deadlineMs }).finally(() => (under.over = true));
  moving.catch(() => {}); // told below
  const window = source.host.client(`the window of ${domain}`);
  let [looks, slowestLookMs, longestGapMs, seenBytes, grewAtMs] = [0, 0, 0, -1, begunMs];
  const look = async (): Promise<void> => {
    const askedMs = performance.now();
    const { migration } = await window.call('domainGetMigration', { domain });
    const nowMs = performance.now();
    if (under.over || !migration || migration.outcome !== 'running') return;
    looks += 1;
    slowestLookMs = Math.max(slowestLookMs, nowMs - askedMs);
    longestGapMs = Math.max(longestGapMs, nowMs - grewAtMs);
    if ((migration.transferredBytes ?? 0) > seenBytes) [seenBytes, grewAtMs] = [migration.transferredBytes ?? 0, nowMs];
  };
  while (!under.over) {
    await Promise.all([look(), new Promise((resolve) => setTimeout(resolve, everyMs))]);
  }
  window.close();
  await moving;
  return { name: domain, looks, slowestLookMs, longestGapMs, tookMs: performance.now() - begunMs };
}
