/** What a guest says of itself through its agent: guestinfo, domhostname, domtime, guestvcpus. */
import type { GuestFact } from '../../core/agent/guest-words.ts';
import type { MethodResult } from '../../core/api/contract.ts';
import { type Command, command, domainOption } from '../command.ts';
import { CommandError } from '../command-error.ts';
import { lookUp } from '../domain-call.ts';
import { assertExclusive } from '../option-grammar.ts';

export const guestinfo: Command = command({
  name: 'guestinfo',
  group: 'domain',
  summary: 'query information about the guest (via agent)',
  description: "Use the guest agent to query various information from guest's point of view. Without options everything that this agent knows.",
  options: {
    domain: domainOption,
    user: { type: 'boolean', help: 'report active users' },
    os: { type: 'boolean', help: 'report operating system information' },
    timezone: { type: 'boolean', help: 'report timezone information' },
    hostname: { type: 'boolean', help: 'report hostname' },
    filesystem: { type: 'boolean', help: 'report filesystem information' },
    disk: { type: 'boolean', help: 'report disk information' },
    interface: { type: 'boolean', help: 'report interface information' },
    load: { type: 'boolean', help: 'report load averages information' },
  },
  async run({ client, output, interrupted }, values) {
    const asked: readonly [boolean, GuestFact][] = [
      [values.user, 'users'], [values.os, 'os'], [values.timezone, 'timezone'], [values.hostname, 'hostname'],
      [values.filesystem, 'filesystems'], [values.disk, 'disks'], [values.interface, 'interfaces'], [values.load, 'load'],
    ]; // prettier-ignore
    const host = await client();
    const { uuid } = await lookUp(host, values.domain, interrupted);
    const report = await host.call('domainGetGuestInfo', { domain: uuid, types: asked.filter(([given]) => given).map(([, fact]) => fact) }, { signal: interrupted });
    output.result(report, () => formatReport(report));
  },
});

type Report = MethodResult<'domainGetGuestInfo'>;
type Field = readonly [name: string, value: string | number | null];

/** libvirt's names of fields, in virsh's columns. */
function formatReport(report: Report): readonly string[] {
  const fields: readonly Field[] = [
    ...list('user', report.users, (user) => [['name', user.name], ['domain', user.domain], ['login-time', user.loginTimeMs]]),
    ...osFields(report.os),
    ...(report.timezone ? ([['timezone.name', report.timezone.name], ['timezone.offset', report.timezone.offsetSeconds]] as const) : []),
    ['hostname', report.hostname],
    ...list('fs', report.filesystems, (system) => [
      ['name', system.name], ['mountpoint', system.mountpoint], ['fstype', system.type], ['total-bytes', system.totalBytes], ['used-bytes', system.usedBytes],
      ...list('disk', system.disks, (disk) => [['alias', disk.target], ['serial', disk.serial], ['device', disk.device]]),
    ]),
    ...list('disk', report.disks, (disk) => [
      ['name', disk.name], ['partition', disk.isPartition ? 'yes' : 'no'], ...(disk.dependencies.length === 0 ? [] : list('dependency', disk.dependencies, (name) => [['name', name]])),
      ['serial', disk.serial], ['alias', disk.target], ['guest_bus', disk.guestBus], ['guest_alias', disk.guestAlias],
    ]),
    ...list('if', report.interfaces, (found) => [['name', found.name], ['hwaddr', found.mac], ...list('addr', found.addresses, (ip) => [['type', ip.type], ['addr', ip.address], ['prefix', ip.prefix]])]),
    ...(report.load ? ([['load.1m', report.load.one.toFixed(6)], ['load.5m', report.load.five.toFixed(6)], ['load.15m', report.load.fifteen.toFixed(6)]] as const) : []),
  ]; // prettier-ignore
  return fields.filter(([, value]) => value !== null).map(([name, value]) => `${name.padEnd(20)}: ${value}`);
}

/** `fs.count`, and `fs.0.name` for each; nothing for a list that there is not. */
function list<T>(prefix: string, items: readonly T[] | null, fieldsOf: (item: T) => readonly Field[]): readonly Field[] {
  if (!items) return [];
  return [[`${prefix}.count`, items.length], ...items.flatMap((item, at) => fieldsOf(item).map(([name, value]): Field => [`${prefix}.${at}.${name}`, value]))];
}

function osFields(os: Report['os']): readonly Field[] {
  if (!os) return [];
  return [
    ['os.id', os.id], ['os.name', os.name], ['os.pretty-name', os.prettyName], ['os.version', os.version], ['os.version-id', os.versionId], ['os.machine', os.machine],
    ['os.variant', os.variant], ['os.variant-id', os.variantId], ['os.kernel-release', os.kernelRelease], ['os.kernel-version', os.kernelVersion],
  ]; // prettier-ignore
}

export const domhostname: Command = command({
  name: 'domhostname',
  group: 'domain',
  summary: "print the domain's hostname",
  description: "print the domain's hostname",
  options: { domain: domainOption, source: { type: 'string', named: true, help: "address source: 'lease' or 'agent'" } },
  async run({ client, output, interrupted }, values) {
    const source = values.source ?? 'agent';
    if (source !== 'agent' && source !== 'lease') throw new CommandError('INVALID_ARG', `Unknown data source '${source}'`);
    const host = await client();
    const { uuid } = await lookUp(host, values.domain, interrupted);
    const answer = await host.call('domainGetHostname', { domain: uuid, source }, { signal: interrupted });
    output.result(answer, () => [answer.hostname]);
  },
});

export const domtime: Command = command({
  name: 'domtime',
  group: 'monitor',
  summary: 'domain time',
  description: "Gets or sets the domain's system time",
  options: {
    domain: domainOption,
    now: { type: 'boolean', help: 'set to the time of the host that runs this command' },
    pretty: { type: 'boolean', help: "print domain's time in human readable form" },
    sync: { type: 'boolean', help: "instead of setting given time, synchronize from domain's RTC" },
    time: { type: 'string', named: true, help: 'time to set, in seconds since 1970 (UTC)' },
  },
  async run({ client, output, interrupted, clock }, values) {
    for (const [one, other] of [['time', 'now'], ['time', 'sync'], ['now', 'sync']] as const) assertExclusive(values, one, other);
    if (values.time !== null && !/^\d{1,15}$/.test(values.time)) throw new CommandError('INVALID_ARG', `Numeric value '${values.time}' for <time> option is malformed or out of range`);
    const host = await client();
    const { uuid } = await lookUp(host, values.domain, interrupted);
    const call = { signal: interrupted };
    if (values.sync || values.now || values.time !== null) {
      const seconds = values.now ? Math.floor(clock.wallTime() / 1_000) : Number(values.time);
      await host.call('domainSetTime', { domain: uuid, time: values.sync ? null : { seconds } }, call);
      return output.result(null, () => []); // virsh says nothing
    }
    const time = await host.call('domainGetTime', { domain: uuid }, call);
    output.result(time, () => [`Time: ${values.pretty ? readable(time.seconds) : time.seconds}`]);
  },
});

function readable(seconds: number): string {
  const date = new Date(seconds * 1_000);
  return Number.isNaN(date.getTime()) ? String(seconds) : date.toISOString().slice(0, 19).replace('T', ' ');
}

export const guestvcpus: Command = command({
  name: 'guestvcpus',
  group: 'domain',
  summary: 'query or modify state of vcpu in the guest (via agent)',
  description: 'Use the guest agent to query or set cpu state from guest\'s point of view',
  options: {
    domain: domainOption,
    cpulist: { type: 'string', help: 'list of cpus to enable or disable' },
    enable: { type: 'boolean', help: 'enable cpus specified by cpulist' },
    disable: { type: 'boolean', help: 'disable cpus specified by cpulist' },
  },
  async run({ client, output, interrupted }, values) {
    assertExclusive(values, 'enable', 'disable');
    const isChange = values.enable || values.disable;
    if (values.cpulist === null && isChange) throw new CommandError('INVALID_ARG', `Option --cpulist is required by option --${values.enable ? 'enable' : 'disable'}`);
    if (values.cpulist !== null && !isChange) throw new CommandError('INVALID_ARG', 'One of options --enable or --disable is required by option --cpulist');
    const host = await client();
    const { uuid } = await lookUp(host, values.domain, interrupted);
    if (values.cpulist !== null) {
      await host.call('domainSetGuestVcpus', { domain: uuid, cpus: values.cpulist, online: values.enable }, { signal: interrupted });
      return output.result(null, () => []); // virsh says nothing
    }
    const answer = await host.call('domainGetGuestVcpus', { domain: uuid }, { signal: interrupted });
    output.result(answer, () => [`vcpus          : ${answer.vcpus}`, `online         : ${answer.online}`, `offlinable     : ${answer.offlinable}`]);
  },
});
