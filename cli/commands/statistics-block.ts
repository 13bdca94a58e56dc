/** Disks in numbers: domblkstat, domblkinfo, domblklist. */
import type { MethodResult } from '../../core/api/contract.ts';
import type { XmlElement } from '../../core/xml/xml-element.ts';
import { type Command, command, domainOption } from '../command.ts';
import { CommandError } from '../command-error.ts';
import { childrenNamed, describedDevices } from '../device-xml.ts';
import { attempt, lookUp } from '../domain-call.ts';
import { assertExclusive } from '../option-grammar.ts';
import { formatTable } from '../table.ts';

type BlockStatistics = MethodResult<'domainBlockStats'>;

/** In virsh's order: its field, its words with --human, and ours. */
const counters = [
  ['rd_req', 'number of read operations:', 'readRequests'],
  ['rd_bytes', 'number of bytes read:', 'readBytes'],
  ['wr_req', 'number of write operations:', 'writeRequests'],
  ['wr_bytes', 'number of bytes written:', 'writeBytes'],
  ['flush_operations', 'number of flush operations:', 'flushRequests'],
  ['rd_total_times', 'total duration of reads (ns):', 'readTimeNs'],
  ['wr_total_times', 'total duration of writes (ns):', 'writeTimeNs'],
  ['flush_total_times', 'total duration of flushes (ns):', 'flushTimeNs'],
] as const satisfies readonly (readonly [string, string, keyof BlockStatistics])[];

export const domblkstat: Command = command({
  name: 'domblkstat',
  group: 'monitor',
  summary: 'get device block stats for a domain',
  description: 'Get device block stats for a running domain, of all its disks together where none is named. Use --human for explanation of fields',
  options: {
    domain: domainOption,
    device: { type: 'string', help: 'block device' },
    human: { type: 'boolean', help: 'print a more human readable output' },
  },
  async run({ client, output, interrupted }, values) {
    const host = await client();
    const { uuid, name } = await lookUp(host, values.domain, interrupted);
    const device = values.device ?? '';
    const answer = await attempt(host, `Failed to get block stats for domain '${name}' device '${device}'`, 'domainBlockStats', { domain: uuid, device: values.device }, interrupted);
    output.result(answer, () => {
      if (values.human) return [`Device: ${device}`, ...counters.map(([, words, field]) => ` ${words.padEnd(31)} ${answer[field]}`)];
      return counters.map(([tag, , field]) => `${device} ${tag} ${answer[field]}`);
    });
  },
});

type BlockSizes = MethodResult<'domainGetBlockInfo'>['disks'][number];

export const domblkinfo: Command = command({
  name: 'domblkinfo',
  group: 'monitor',
  summary: 'domain block device size information',
  description: 'Get block device size info for a domain.',
  options: {
    domain: domainOption,
    device: { type: 'string', help: 'block device' },
    human: { type: 'boolean', help: 'Human readable output' },
    all: { type: 'boolean', help: 'display all block devices info' },
  },
  async run({ client, output, interrupted }, values) {
    assertExclusive(values, 'all', 'device');
    if (!values.all && values.device === null) throw new CommandError('INVALID_ARG', "command 'domblkinfo' requires <device> option");
    const host = await client();
    const { uuid } = await lookUp(host, values.domain, interrupted);
    const { disks } = await host.call('domainGetBlockInfo', { domain: uuid, device: values.all ? null : values.device }, { signal: interrupted });
    const [disk] = disks;
    if (!values.all && disk?.error) throw new CommandError('OPERATION_FAILED', disk.error);
    output.result({ disks }, () => {
      if (values.all) return formatTable(['Target', 'Capacity', 'Allocation', 'Physical'], disks.map((each) => [each.target, ...sizes(each, values.human)]), { withHead: !output.quiet });
      return disk ? ['Capacity:', 'Allocation:', 'Physical:'].map((label, column) => `${label.padEnd(15)} ${sizes(disk, values.human)[column]}`) : [];
    });
    if (values.all && !output.json) for (const { target, error } of disks) if (error !== null) output.notice(`the size of ${target} is not known: ${error}`);
  },
});

function sizes({ capacityBytes, allocationBytes, physicalBytes }: BlockSizes, human: boolean): readonly string[] {
  return [capacityBytes, allocationBytes, physicalBytes].map((bytes) => (bytes === null ? '-' : human ? prettyBytes(bytes) : String(bytes)));
}

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'] as const;

function prettyBytes(bytes: number): string {
  let unit = 0;
  let value = bytes;
  for (; value >= 1024 && unit < units.length - 1; unit += 1) value /= 1024;
  return `${value.toFixed(3)} ${units[unit]}`;
}

export const domblklist: Command = command({
  name: 'domblklist',
  group: 'monitor',
  summary: 'list all domain blocks',
  description: 'Get the summary of block devices for a domain.',
  options: {
    domain: domainOption,
    inactive: { type: 'boolean', help: 'get inactive rather than running configuration' },
    details: { type: 'boolean', help: 'additionally display the type and device value' },
  },
  async run(context, values) {
    const disks = await describedDevices(context, values.domain, 'disk', { inactive: values.inactive });
    const rows = disks.map((disk) => ({ type: disk.attributes.get('type') ?? '', device: disk.attributes.get('device') ?? 'disk', target: childrenNamed(disk, 'target')[0]?.attributes.get('dev') ?? '', source: sourceOf(disk) }));
    const { output } = context;
    output.result({ disks: rows }, () => {
      const withHead = !output.quiet;
      if (values.details) return formatTable(['Type', 'Device', 'Target', 'Source'], rows.map(({ type, device, target, source }) => [type, device, target, source ?? '-']), { withHead });
      return formatTable(['Target', 'Source'], rows.map(({ target, source }) => [target, source ?? '-']), { withHead });
    });
  },
});

/** What virsh looks for, in its order; an NVMe disk by its place on the bus. */
function sourceOf(disk: XmlElement): string | null {
  const [source] = childrenNamed(disk, 'source');
  if (!source) return null;
  if (disk.attributes.get('type') === 'nvme') {
    const address = childrenNamed(source, 'address')[0]?.attributes;
    const digits = (name: string, width: number): string => Number(address?.get(name) ?? 0).toString(16).padStart(width, '0');
    return `nvme://${digits('domain', 4)}:${digits('bus', 2)}:${digits('slot', 2)}.${Number(address?.get('function') ?? 0)}/${source.attributes.get('namespace') ?? ''}`;
  }
  return ['file', 'dev', 'dir', 'name', 'volume', 'path'].map((name) => source.attributes.get(name)).find((value) => value !== undefined) ?? null;
}
