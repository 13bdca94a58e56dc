/** Where programs outside find a domain's terminal and its display: ttyconsole, vncdisplay. Read from the live XML. */
import { VireoError } from '../../core/base/errors.ts';
import { parseXml } from '../../core/xml/parse-xml.ts';
import { type XmlElement, childElements } from '../../core/xml/xml-element.ts';
import { type Command, type CommandContext, command, domainOption } from '../command.ts';
import { CommandError } from '../command-error.ts';
import { lookUp } from '../domain-call.ts';

/** The domain's devices of a kind as it runs. @throws `Domain is not running`, in virsh's words. */
async function liveDevices(context: CommandContext, reference: string, kinds: readonly string[]): Promise<readonly XmlElement[]> {
  const { interrupted } = context;
  const host = await context.client();
  const { id, name, uuid } = await lookUp(host, reference, interrupted);
  if (id === null) throw new CommandError('OPERATION_INVALID', 'Domain is not running', { domain: { name, uuid } });
  const { xml } = await host.call('domainGetXMLDesc', { domain: uuid }, { signal: interrupted });
  const [devices] = children(parseXml(xml, { source: `the XML of ${name}` }), 'devices');
  return devices ? kinds.flatMap((kind) => children(devices, kind)) : [];
}

function children(element: XmlElement, name: string): readonly XmlElement[] {
  return childElements(element).filter((child) => child.name === name);
}

export const ttyconsole: Command = command({
  name: 'ttyconsole',
  group: 'domain',
  summary: 'tty console',
  description: 'Output the device for the TTY console.',
  options: { domain: domainOption },
  async run(context, values) {
    const [device] = await liveDevices(context, values.domain, ['console', 'serial']);
    if (!device) throw new CommandError('DEVICE_MISSING', 'Domain has no console');
    const tty = device.attributes.get('type') === 'pty' ? (device.attributes.get('tty') ?? children(device, 'source')[0]?.attributes.get('path') ?? null) : null;
    const alias = children(device, 'alias')[0]?.attributes.get('name') ?? device.name;
    // virsh fails here without a word; why it does is of more use, and how the console is opened all the same.
    if (tty === null) throw new VireoError('OPERATION_UNSUPPORTED', `character device ${alias} is not using a PTY`, { details: { remedy: `vireo console ${values.domain} opens it` } });
    context.output.result({ tty }, () => [tty]);
  },
});

/** VNC displays are counted from this TCP port. */
const firstVncPort = 5900;
const wildcards: readonly string[] = ['', '0.0.0.0', '::'];

export const vncdisplay: Command = command({
  name: 'vncdisplay',
  group: 'domain',
  summary: 'vnc display',
  description: 'Output the IP address and port number for the VNC display, or unix: and the path of its private socket.',
  options: { domain: domainOption },
  async run(context, values) {
    const graphics = await liveDevices(context, values.domain, ['graphics']);
    const display = vncDisplay(graphics.find(({ attributes }) => attributes.get('type') === 'vnc'));
    if (display === null) throw new CommandError('OPERATION_FAILED', 'Failed to get VNC port. Is this domain using VNC?');
    context.output.result({ display }, () => [display]);
  },
});

/** As virsh prints it; a socket, which virsh has no form for, as QEMU and most viewers take it. */
function vncDisplay(vnc: XmlElement | undefined): string | null {
  if (!vnc) return null;
  const [listen] = children(vnc, 'listen');
  const socket = listen?.attributes.get('socket') ?? vnc.attributes.get('socket');
  if (socket !== undefined) return `unix:${socket}`;
  const port = Number(vnc.attributes.get('port') ?? Number.NaN);
  if (!Number.isInteger(port) || port < firstVncPort) return null;
  const address = vnc.attributes.get('listen') ?? listen?.attributes.get('address') ?? '';
  return `${wildcards.includes(address) ? '' : address}:${port - firstVncPort}`;
}
