/**
 * Which frames a guest's network card is to receive (M3): a guest that is trusted with it may change its MAC address,
 * join multicast groups and listen to everything, and the macvtap behind the card is made to follow. QEMU tells of a
 * change once and is silent until it is asked, so that a guest that is not trusted costs one event a run.
 */
import { z } from 'zod';
import { asVireoError, VireoError } from '../base/errors.ts';
import { devicesOf, type DeviceOf } from '../conf/device-definition.ts';
import type { HostCommand } from '../devices/device-module.ts';
import type { Domain } from '../domain/domain.ts';
import type { LiveDomain } from '../domain/live-domain.ts';
import type { QmpResult } from '../monitor/commands.ts';
import { asSoonAsFree } from './event-worker.ts';
import { runHostCommand } from './host-command.ts';
import type { ProcessContext } from './process-context.ts';

export type GuestFilter = QmpResult<'query-rx-filter'>[number];

/** What the host's device receives now. */
export interface HostFilter {
  readonly address: string;
  readonly promiscuous: boolean;
  readonly multicast: boolean;
  readonly allMulticast: boolean;
  /** Groups that were joined by hand; those of the host's own protocols are not ours to leave. */
  readonly joined: readonly string[];
}

/**
 * Reads the filter of the card that the event names and makes the host follow. It waits for its turn as a query does.
 * What the host refuses is logged, and the rest is done all the same.
 */
export async function onRxFilterChanged(context: ProcessContext, domain: Domain, live: LiveDomain, event: { readonly name?: string }): Promise<void> {
  const card = devicesOf(live.definition.devices, 'interface').find(({ alias }) => alias !== null && alias === event.name);
  if (!card?.alias || card.trustGuestRxFilters !== true) return; // not asked, so that QEMU says no more
  await follow(context, domain, live, card.alias);
}

/** For a driver that was away: what the guests changed meanwhile was told to nobody. */
export async function refreshRxFilters(context: ProcessContext, domain: Domain, live: LiveDomain): Promise<void> {
  const trusted = devicesOf(live.definition.devices, 'interface').filter(({ trustGuestRxFilters }) => trustGuestRxFilters === true);
  for (const { alias } of trusted) if (alias !== null) await follow(context, domain, live, alias);
}

async function follow(context: ProcessContext, domain: Domain, live: LiveDomain, alias: string): Promise<void> {
  const guest = await askGuest(context, domain, live, alias);
  const card = devicesOf(live.definition.devices, 'interface').find((each) => each.alias === alias);
  if (!guest || !card || domain.live !== live) return;
  const dev = card.target?.dev;
  if (card.backend.type === 'direct' && dev) await applyToHost(context, domain, dev, guest);
  await rememberAddress(context, domain, live, card, guest['main-mac'].toLowerCase());
}

/** Null for a card that is gone, or that has no filter. */
async function askGuest(context: ProcessContext, domain: Domain, live: LiveDomain, name: string): Promise<GuestFilter | null> {
  let answer: GuestFilter | null = null;
  await asSoonAsFree(context, 'processNicRxFilterChanged', domain, live, async (call) => {
    await using job = await domain.jobs.begin(call, 'query');
    if (domain.live === live) answer = (await job.monitor().query('query-rx-filter', { name }))[0] ?? null;
  });
  return answer;
}

async function applyToHost({ log }: ProcessContext, domain: Domain, dev: string, guest: GuestFilter): Promise<void> {
  const failed = (error: unknown): void => log.write('warning', 'a network device of the host does not follow its guest', { domain: domain.name, dev, error: asVireoError(error).message });
  const host = await readHostFilter(dev).catch(failed);
  if (!host) return;
  for (const command of rxFilterCommands(dev, guest, host)) await runHostCommand(`the filter of '${dev}'`, command).catch(failed);
}

async function rememberAddress(context: ProcessContext, domain: Domain, live: LiveDomain, card: DeviceOf<'interface'>, address: string): Promise<void> {
  const { mac, alias } = card;
  const before = mac?.currentAddress ?? mac?.address;
  if (!mac || !isAddress(address) || address === before) return;
  const current = { ...card, mac: { ...mac, currentAddress: address === mac.address ? null : address } };
  live.definition = { ...live.definition, devices: live.definition.devices.map((device) => (device.kind === 'interface' && device.alias === alias ? current : device)) };
  await context.saveStatus(domain);
  context.hub.happened(domain, 'nic-mac-change', alias, { alias, oldMac: before ?? null, newMac: address });
}

/** More than QEMU keeps for a card; it sets `overflow` where the guest has more. */
const maximumGroups = 256;

/**
 * The commands that make a device of the host receive what the guest's card is to receive, those left out that would
 * change nothing. A guest with VLANs gets every frame: the device would keep those of a VLAN from it.
 */
export function rxFilterCommands(dev: string, guest: GuestFilter, host: HostFilter): readonly HostCommand[] {
  const address = guest['main-mac'].toLowerCase();
  const groups = guest['multicast-table'].slice(0, maximumGroups).map((group) => group.toLowerCase()).filter(isGroup);
  const promiscuous = guest.promiscuous || guest['vlan-table'].length > 0;
  const overflows = guest['multicast-overflow'];
  const allMulticast = guest.multicast === 'all' || (guest.multicast === 'normal' && overflows);
  const multicast = guest.multicast === 'all' ? host.multicast : guest.multicast === 'normal';
  const link = (...change: string[]): HostCommand => ['ip', 'link', 'set', 'dev', dev, ...change];
  const onOff = (value: boolean): string => (value ? 'on' : 'off');
  return [
    ...(isAddress(address) && address !== host.address ? [link('address', address)] : []),
    ...groups.filter((group) => !host.joined.includes(group)).map((group): HostCommand => ['ip', 'maddress', 'add', group, 'dev', dev]),
    ...host.joined.filter((group) => !groups.includes(group)).map((group): HostCommand => ['ip', 'maddress', 'del', group, 'dev', dev]),
    ...(promiscuous === host.promiscuous ? [] : [link('promisc', onOff(promiscuous))]),
    ...(multicast === host.multicast ? [] : [link('multicast', onOff(multicast))]),
    ...(allMulticast === host.allMulticast ? [] : [link('allmulticast', onOff(allMulticast))]),
  ];
}

const sixBytes = /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/;

/** QEMU's word is not taken for more than it is: an address of one card, not of a group and not of none. */
function isAddress(text: string): boolean {
  return sixBytes.test(text) && !isGroup(text) && text !== '00:00:00:00:00:00';
}

function isGroup(text: string): boolean {
  return sixBytes.test(text) && (Number.parseInt(text.slice(0, 2), 16) & 1) === 1;
}

const linkSchema = z.array(z.object({ address: z.string(), flags: z.array(z.string()) })).min(1);
const groupsSchema = z.array(z.object({ maddr: z.array(z.object({ link: z.string().optional(), features: z.string().optional() })).default([]) }));

/** @throws OPERATION_FAILED where the device is gone or iproute2 says what nobody expects. */
async function readHostFilter(dev: string): Promise<HostFilter> {
  const what = `the filter of '${dev}'`;
  const [link, groups] = await Promise.all([runHostCommand(what, ['ip', '-j', 'link', 'show', 'dev', dev]), runHostCommand(what, ['ip', '-j', 'maddress', 'show', 'dev', dev])]);
  const [shown] = parsed(what, linkSchema, link);
  const joined = parsed(what, groupsSchema, groups).flatMap(({ maddr }) => maddr.flatMap((each) => (each.link && each.features?.split(/\s+/).includes('static') ? [each.link.toLowerCase()] : [])));
  const { address = '', flags = [] } = shown ?? {};
  return { address: address.toLowerCase(), promiscuous: flags.includes('PROMISC'), multicast: flags.includes('MULTICAST'), allMulticast: flags.includes('ALLMULTI'), joined };
}

function parsed<T>(what: string, schema: z.ZodType<T>, text: string): T {
  try {
    return schema.parse(JSON.parse(text));
  } catch (error) {
    throw new VireoError('OPERATION_FAILED', `${what}: what ip shows of it is not understood`, { cause: error });
  }
}
