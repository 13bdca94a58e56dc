/** `vireo version`: of the command, of the host that answers, and of the QEMU it uses. */
import { type Command, command } from '../command.ts';

export const version: Command = command({
  name: 'version',
  group: 'host',
  summary: 'show version',
  description: 'Display the system version information.',
  options: { daemon: { type: 'boolean', help: 'report the version of the running host too' } },
  async run({ client, output, version: own, interrupted }, values) {
    const status = await (await client()).call('hostGetStatus', {}, { signal: interrupted });
    output.result({ command: own, ...status }, () => [
      `Compiled against library: vireo ${own}`,
      `Using library: vireo ${own}`,
      `Using API: QEMU ${status.version}`,
      status.qemu.found ? `Running hypervisor: QEMU ${status.qemu.version}` : 'Running hypervisor: none',
      ...(values.daemon ? [`Running against daemon: ${status.version}`] : []),
    ]);
    if (!status.qemu.found) output.notice(`${status.qemu.reason}; ${status.qemu.remedy}`);
  },
});
