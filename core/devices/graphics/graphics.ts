/** `<graphics type='vnc'>`: a display that is looked at from outside; on a private Unix socket unless asked otherwise. */
import { VireoError } from '../../base/errors.ts';
import { attribute, children, type Infer, liveOnly, object, optional, secret, union } from '../../conf/codec/codec.ts';
import { anyText, integer, oneOf, pattern, someText, yesNo } from '../../conf/codec/scalar.ts';
import { deviceFields } from '../../conf/device-address.ts';
import { type DeviceOf, devicesOf } from '../../conf/device-definition.ts';
import { type CommandFragment, keyed } from '../command-fragment.ts';
import type { DeviceModule, DomainSurroundings } from '../device-module.ts';
import type { LaunchContext } from '../launch-context.ts';

const graphicsCodec = object({
  backend: union('type', {
    vnc: object({
      port: optional(attribute('port', integer(-1, 65_535))),
      autoport: optional(attribute('autoport', yesNo)),
      listenAddress: optional(attribute('listen', pattern(/^[0-9A-Za-z.:%-]{1,255}$/, 'an address or a host name'))),
      keymap: optional(attribute('keymap', pattern(/^[A-Za-z0-9_-]{1,32}$/, "the name of one of QEMU's key maps"))),
      sharePolicy: optional(attribute('sharePolicy', oneOf(['allow-exclusive', 'force-shared', 'ignore']))),
      /** QEMU uses the first eight characters only (RFB's DES authentication). */
      password: secret(optional(attribute('passwd', anyText))),
      listens: children('listen', union('type', {
        socket: object({ socket: liveOnly(optional(attribute('socket', someText))) }),
        address: object({ address: optional(attribute('address', pattern(/^[0-9A-Za-z.:%-]{1,255}$/, 'an address or a host name'))) }),
        none: object({}),
      })),
    }),
  }),
  ...deviceFields,
});

declare module '../../conf/device-definition.ts' {
  interface DeviceDefinitions {
    graphics: Infer<typeof graphicsCodec>;
  }
}

type Graphics = DeviceOf<'graphics'>;

/** VNC displays are counted from this TCP port. */
const firstVncPort = 5900;

export const graphicsModule: DeviceModule<'graphics'> = {
  kind: 'graphics',
  codec: graphicsCodec,
  defaults: completeGraphics,
  domainDefaults: 'none',
  validate: validateGraphics,
  address: () => ({ type: 'none' }),
  alias: (_, number) => number('graphics'),
  abi: { backend: 'may-change', alias: 'may-change', address: 'may-change' },
  prepare: prepareGraphics,
  commandLine,
  boots: () => 'none',
  hostNeeds: 'none',
  sideProcesses: 'none',
  hotplug: 'unsupported',
  live: 'none',
  label: (graphics) => `VNC display, ${describeListen(graphics)}`,
};

/** Where nothing is said, nobody but this user reaches the display: a socket in the run's private folder. */
function completeGraphics(graphics: Graphics): Graphics {
  const { backend } = graphics;
  if (backend.listens.length > 0) return graphics;
  const asksForTcp = backend.listenAddress !== null || (backend.port !== null && backend.port > 0);
  const listen = asksForTcp ? { type: 'address' as const, address: backend.listenAddress ?? '127.0.0.1' } : { type: 'socket' as const, socket: null };
  return { ...graphics, backend: { ...backend, listens: [listen] } };
}

function validateGraphics(graphics: Graphics, { definition }: DomainSurroundings): void {
  const { listens, port, password } = graphics.backend;
  if (devicesOf(definition.devices, 'graphics').length > 1) throw new VireoError('CONFIG_UNSUPPORTED', 'only one graphics device of type vnc is supported');
  if (listens.length > 1) throw new VireoError('CONFIG_UNSUPPORTED', 'graphics vnc: only one <listen> is supported');
  const [listen] = listens;
  if (listen?.type === 'address' && (port === null || port === -1)) {
    throw new VireoError('CONFIG_UNSUPPORTED', 'graphics vnc: an address needs a port; automatic ports are not supported, a private socket (<listen type="socket"/>) needs none');
  }
  if (listen?.type === 'address' && port !== null && port < firstVncPort) throw new VireoError('CONFIG_UNSUPPORTED', `graphics vnc: port ${port} is below ${firstVncPort}, QEMU's first`);
  if (password !== null) throw new VireoError('CONFIG_UNSUPPORTED', 'graphics vnc: passwords are not supported by this version; the private socket keeps others out');
}

function prepareGraphics(graphics: Graphics, launch: LaunchContext): Graphics {
  const listens = graphics.backend.listens.map((listen) => (listen.type === 'socket' ? { ...listen, socket: `${launch.runFolder}/v` } : listen));
  return { ...graphics, backend: { ...graphics.backend, listens } };
}

function commandLine(graphics: Graphics): readonly CommandFragment[] {
  const { listens, port, sharePolicy, keymap } = graphics.backend;
  const [listen] = listens;
  const first =
    listen?.type === 'socket' && listen.socket !== null ? `unix:${listen.socket}`
    : listen?.type === 'address' ? `${bracketed(listen.address ?? '127.0.0.1')}:${(port ?? firstVncPort) - firstVncPort}`
    : 'none';
  const vnc = keyed('vnc', first, { share: sharePolicy });
  return keymap === null ? [vnc] : [vnc, { form: 'plain', option: 'k', value: keymap }];
}

function bracketed(address: string): string {
  return address.includes(':') ? `[${address}]` : address;
}

function describeListen({ backend }: Graphics): string {
  const [listen] = backend.listens;
  if (listen?.type === 'address') return `${listen.address ?? '127.0.0.1'}:${backend.port ?? firstVncPort}`;
  return listen?.type === 'none' ? 'not listening' : 'private socket';
}
