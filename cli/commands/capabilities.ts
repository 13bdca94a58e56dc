/** What the host and its emulators can do, as libvirt's XML documents. */
import { type Command, command } from '../command.ts';
import { attempt } from '../domain-call.ts';

export const capabilities: Command = command({
  name: 'capabilities',
  group: 'host',
  summary: 'capabilities',
  description: 'Returns capabilities of hypervisor/driver.',
  options: {},
  async run({ client, output, interrupted }) {
    const answer = await attempt(await client(), 'failed to get capabilities', 'connectGetCapabilities', {}, interrupted);
    output.result(answer, () => [answer.xml.trimEnd()]);
  },
});

export const domcapabilities: Command = command({
  name: 'domcapabilities',
  group: 'host',
  summary: 'domain capabilities',
  description: 'Returns capabilities of emulator with respect to host and libvirt.',
  options: {
    virttype: { type: 'string', help: 'virtualization type (/domain/@type)' },
    emulatorbin: { type: 'string', help: 'path to emulator binary (/domain/devices/emulator)' },
    arch: { type: 'string', help: 'domain architecture (/domain/os/type/@arch)' },
    machine: { type: 'string', help: 'machine type (/domain/os/type/@machine)' },
  },
  async run({ client, output, interrupted }, { virttype, emulatorbin, arch, machine }) {
    const request = { virttype, emulator: emulatorbin, arch, machine };
    const answer = await attempt(await client(), 'failed to get emulator capabilities', 'connectGetDomainCapabilities', request, interrupted);
    output.result(answer, () => [answer.xml.trimEnd()]);
  },
});
