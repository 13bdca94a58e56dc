/**
 * What serial and parallel ports, consoles, channels, redirected USB and smart cards share: where their bytes go on the
 * host. The console multiplexer holds the one connection of a socket or pty and fans it out; every other backend is
 * handed to QEMU as it is written.
 */
import { attribute, child, children, childText, type Infer, liveOnly, mapped, object, optional, union, unlessDefault, withDefault } from '../../conf/codec/codec.ts';
import { anyText, oneOf, onOff, someText, unsigned, yesNo } from '../../conf/codec/scalar.ts';

const path = optional(attribute('path', someText));

/** Labels of one file or socket that differ from the domain's. */
const labels = children('seclabel', object({
  model: optional(attribute('model', someText)),
  labelskip: optional(attribute('labelskip', yesNo)),
  relabel: optional(attribute('relabel', yesNo)),
  label: optional(childText('label', someText)),
}));

const reconnect = optional(child('reconnect', object({ enabled: attribute('enabled', yesNo), timeoutSeconds: optional(attribute('timeout', unsigned)) })));

const modes = ['bind', 'connect'] as const;
const mode = attribute('mode', oneOf(modes));
const host = optional(attribute('host', anyText));
const service = optional(attribute('service', anyText));

/** A path belongs to somebody else's socket unless the mode says otherwise; without one the socket is the driver's own. */
const unixSource = mapped(
  object({ mode: optional(mode), path, labels, reconnect }),
  (source) => ({ ...source, mode: source.mode ?? (source.path === null ? ('bind' as const) : ('connect' as const)) }),
  (source) => source,
);

/** libvirt prints where datagrams are received before where they go to. */
const udpSources = mapped(
  children('source', object({ mode: withDefault(mode, 'connect'), host, service })),
  (sources) => sources.toSorted((a, b) => modes.indexOf(a.mode) - modes.indexOf(b.mode)),
  (sources) => sources,
);

const protocol = child('protocol', object({ type: withDefault(attribute('type', oneOf(['raw', 'telnet', 'telnets', 'tls'])), 'raw') }));

export const mouseModes = ['server', 'client'] as const;
const noAgentSource = { clipboard: null, mouse: null };

/** A source that is a file or a device of the host. */
const fileSource = child('source', object({ path, labels }));
const namedSource = unlessDefault(child('source', object({ channel: optional(attribute('channel', anyText)) })), { channel: null });

const backends = {
  null: object({}),
  vc: object({}),
  pty: object({ source: liveOnly(optional(child('source', object({ path, labels })))) }),
  dev: object({ source: fileSource }),
  file: object({ source: child('source', object({ path, append: optional(attribute('append', onOff)), labels })) }),
  pipe: object({ source: fileSource }),
  stdio: object({}),
  udp: object({ sources: udpSources }),
  tcp: object({
    source: child('source', object({ mode: withDefault(mode, 'connect'), host, service, tls: optional(attribute('tls', yesNo)), reconnect })),
    protocol: withDefault(protocol, { type: 'raw' as const }),
  }),
  /** Old definitions name a protocol here too, where it means nothing. */
  unix: object({ source: optional(child('source', unixSource)), protocol: optional(protocol) }),
  spicevmc: object({}),
  spiceport: object({ source: namedSource }),
  nmdm: object({ source: child('source', object({ master: optional(attribute('master', someText)), slave: optional(attribute('slave', someText)) })) }),
  'qemu-vdagent': object({
    source: unlessDefault(
      child('source', object({ clipboard: optional(child('clipboard', attribute('copypaste', yesNo))), mouse: optional(child('mouse', attribute('mode', oneOf(mouseModes)))) })),
      noAgentSource,
    ),
  }),
  dbus: object({ source: namedSource }),
} as const;

/** The attribute `type` and what stands below the element for it; spread it first into a device's codec. */
export const characterFields = {
  backend: union('type', backends, 'pty'),
  /** What the guest says, written by QEMU itself, also while no driver lives. */
  log: optional(child('log', object({ file: attribute('file', someText), append: optional(attribute('append', onOff)) }))),
} as const;

const characterCodec = object(characterFields);
/** The host's side of a character device. */
export type Character = Infer<typeof characterCodec>;
export type CharacterBackend = Character['backend'];
export type BackendOf<T extends CharacterBackend['type']> = Extract<CharacterBackend, { readonly type: T }>;
/** A device with a character backend, in a definition or in a run. */
export type CharacterDevice = Character & { readonly alias: string | null };

/** The id of the backend that belongs to a device, as libvirt forms it. */
export function chardevId(alias: string): string {
  return `char${alias}`;
}
