/** The guest's file systems through its agent: domfsinfo, domfsfreeze, domfsthaw, domfstrim. */
import type { MethodResult } from '../../core/api/contract.ts';
import { type Command, command, domainOption } from '../command.ts';
import { CommandError } from '../command-error.ts';
import { attempt, lookUp } from '../domain-call.ts';
import { formatTable } from '../table.ts';

export const domfsinfo: Command = command({
  name: 'domfsinfo',
  group: 'domain',
  summary: "Get information of domain's mounted filesystems.",
  description: "Get information of domain's mounted filesystems.",
  options: { domain: domainOption },
  async run({ client, output, interrupted }, values) {
    const host = await client();
    const { uuid } = await lookUp(host, values.domain, interrupted);
    const answer = await attempt(host, 'Unable to get filesystem information', 'domainGetFSInfo', { domain: uuid }, interrupted);
    const rows = answer.filesystems.map(({ mountpoint, name, type, disks }) => [mountpoint, name, type, disks.flatMap(({ target }) => target ?? []).join(',')]);
    output.result(answer, () => {
      if (rows.length === 0) return output.quiet ? [] : ['No filesystems are mounted in the domain'];
      return formatTable(['Mountpoint', 'Name', 'Type', 'Target'], rows, { withHead: !output.quiet });
    });
  },
});

export const domfsfreeze: Command = command({
  name: 'domfsfreeze',
  group: 'domain',
  summary: "Freeze domain's mounted filesystems.",
  description: "Freeze domain's mounted filesystems. Until domfsthaw the guest cannot write to them.",
  options: {
    domain: domainOption,
    mountpoint: { type: 'strings', help: 'mountpoint path to be frozen' },
    status: { type: 'boolean', help: 'only tell whether they are frozen' },
  },
  async run({ client, output, interrupted }, values) {
    const host = await client();
    const { uuid } = await lookUp(host, values.domain, interrupted);
    if (values.status) {
      const answer = await host.call('domainFSFreezeStatus', { domain: uuid }, { signal: interrupted });
      return output.result(answer, () => [answer.status]);
    }
    const answer = await attempt(host, 'Unable to freeze filesystems', 'domainFSFreeze', { domain: uuid, mountpoints: [...values.mountpoint] }, interrupted);
    output.done(answer, `Froze ${answer.frozen} filesystem(s)`);
  },
});

export const domfsthaw: Command = command({
  name: 'domfsthaw',
  group: 'domain',
  summary: "Thaw domain's mounted filesystems.",
  description: "Thaw domain's mounted filesystems.",
  options: { domain: domainOption, mountpoint: { type: 'strings', help: 'not supported: everything is thawed at once' } },
  async run({ client, output, interrupted }, values) {
    if (values.mountpoint.length > 0) throw new CommandError('ARGUMENT_UNSUPPORTED', 'specifying mountpoints is not supported');
    const host = await client();
    const { uuid } = await lookUp(host, values.domain, interrupted);
    const answer = await attempt(host, 'Unable to thaw filesystems', 'domainFSThaw', { domain: uuid }, interrupted);
    output.done(answer, `Thawed ${answer.thawed} filesystem(s)`);
  },
});

export const domfstrim: Command = command({
  name: 'domfstrim',
  group: 'domain',
  summary: 'Invoke fstrim on domain\'s mounted filesystems.',
  description: "Invoke fstrim on domain's mounted filesystems.",
  options: {
    domain: domainOption,
    minimum: { type: 'string', named: true, help: 'Just a hint to ignore contiguous free ranges smaller than this (Bytes)' },
    mountpoint: { type: 'string', named: true, help: 'not supported: every filesystem is trimmed' },
  },
  async run({ client, output, interrupted }, values) {
    if (values.mountpoint !== null) throw new CommandError('ARGUMENT_UNSUPPORTED', 'Specifying mount point is not supported for now');
    if (values.minimum !== null && !/^\d{1,15}$/.test(values.minimum)) throw new CommandError('INVALID_ARG', `Numeric value '${values.minimum}' for <minimum> option is malformed or out of range`);
    const host = await client();
    const { uuid } = await lookUp(host, values.domain, interrupted);
    const answer = await attempt(host, 'Unable to invoke fstrim', 'domainFSTrim', { domain: uuid, minimumBytes: Number(values.minimum ?? 0) }, interrupted);
    output.result(answer, () => []); // virsh says nothing
    for (const line of failures(answer)) output.notice(line);
  },
});

function failures({ paths }: MethodResult<'domainFSTrim'>): readonly string[] {
  return paths.flatMap(({ path, error }) => (error === null ? [] : [`${path} was not trimmed: ${error}`]));
}
