/** The form of `<interface>` in a definition. */
import { attribute, child, children, childText, type Codec, type Infer, liveOnly, mapped, object, optional } from '../../conf/codec/codec.ts';
import { anyText, integer, macAddress, oneOf, onOff, pattern, positive, someText, unsigned, uuid, yesNo } from '../../conf/codec/scalar.ts';
import { section } from '../../conf/codec/shorthands.ts';
import { bootField } from '../../conf/device-address.ts';
import type { DeviceOf } from '../../conf/device-definition.ts';
import { romFields } from '../pci-fields.ts';
import { virtioFields } from '../virtio/virtio-device.ts';
import { interfaceSourceCodec, ipFields, portForwardCodec } from './interface-source.ts';

const onOffAttribute = (name: string) => optional(attribute(name, onOff));

const vlanCodec = object({
  // Absent and 'no' are the same, and only the other one is written.
  trunk: mapped(optional(attribute('trunk', yesNo)), (trunk) => trunk === true, (trunk) => (trunk ? true : null)),
  tags: children('tag', object({ id: attribute('id', integer(0, 4095)), nativeMode: optional(attribute('nativeMode', oneOf(['tagged', 'untagged']))) })),
});

const virtualPortCodec = object({
  type: optional(attribute('type', oneOf(['802.1Qbg', '802.1Qbh', 'openvswitch', 'midonet']))),
  parameters: optional(
    child('parameters', object({
      managerid: optional(attribute('managerid', integer(0, 0xff))),
      typeid: optional(attribute('typeid', integer(0, 0xff_ffff))),
      typeidversion: optional(attribute('typeidversion', integer(0, 0xff))),
      instanceid: optional(attribute('instanceid', uuid)),
      interfaceid: optional(attribute('interfaceid', uuid)),
      profileid: optional(attribute('profileid', pattern(/^[^\0]{1,39}$/, 'a name of up to 39 characters'))),
    })),
  ),
});

/** In KiB, per second or, for a burst, at once. */
const speed = integer(1, Number.MAX_SAFE_INTEGER);
const rateCodec = object({
  averageKiB: optional(attribute('average', speed)),
  peakKiB: optional(attribute('peak', speed)),
  floorKiB: optional(attribute('floor', speed)),
  burstKiB: optional(attribute('burst', positive)),
});

const bandwidthCodec = object({
  classId: optional(attribute('classID', positive)),
  inbound: optional(child('inbound', rateCodec)),
  outbound: optional(child('outbound', rateCodec)),
});

const driverElement = section('driver', {
  name: optional(attribute('name', oneOf(['qemu', 'vhost']))),
  txmode: optional(attribute('txmode', oneOf(['iothread', 'timer']))),
  ioeventfd: onOffAttribute('ioeventfd'),
  eventIdx: onOffAttribute('event_idx'),
  /** Far more than any host has, and few enough to count them out: definitions on disk are not validated again. */
  queues: optional(attribute('queues', integer(0, 65_535))),
  rxQueueSize: optional(attribute('rx_queue_size', unsigned)),
  txQueueSize: optional(attribute('tx_queue_size', unsigned)),
  rss: onOffAttribute('rss'),
  rssHashReport: onOffAttribute('rss_hash_report'),
  ...virtioFields,
  host: optional(child('host', object({
    csum: onOffAttribute('csum'), gso: onOffAttribute('gso'), tso4: onOffAttribute('tso4'), tso6: onOffAttribute('tso6'),
    ecn: onOffAttribute('ecn'), ufo: onOffAttribute('ufo'), mrgRxbuf: onOffAttribute('mrg_rxbuf'),
  }))),
  guest: optional(child('guest', object({
    csum: onOffAttribute('csum'), tso4: onOffAttribute('tso4'), tso6: onOffAttribute('tso6'), ecn: onOffAttribute('ecn'), ufo: onOffAttribute('ufo'),
  }))),
});

/** The same element of a card that is handed through means the host's driver, and interface-source.ts has it. */
const driverField: typeof driverElement = { ...driverElement, read: (cursor) => (cursor.attribute('type') === 'hostdev' ? null : driverElement.read(cursor)) };

/** Names that a driver made up for one run: they do not belong to the definition of the next one. */
const madeUpName = /^(vnet|macvtap|macvlan)/;

/** `<target>`: the host's end of the card. */
const targetField = (() => {
  const target = section('target', { dev: optional(attribute('dev', someText)), managed: optional(attribute('managed', yesNo)) });
  type Target = Infer<typeof target>;
  const lasting = (value: Target): Target => {
    if (!value?.dev || value.managed === false || !madeUpName.test(value.dev)) return value;
    return value.managed === null ? null : { ...value, dev: null };
  };
  const codec: Codec<Target> = {
    ...target,
    read(cursor) {
      const value = target.read(cursor);
      return cursor.context.form === 'live' ? value : lasting(value);
    },
    write: (value, builder) => target.write(builder.context.form === 'live' ? value : lasting(value), builder),
  };
  return codec;
})();

const scriptField = (name: string) => optional(child(name, object({ path: attribute('path', someText) })));

const fields = {
  mac: optional(
    child('mac', object({
      address: attribute('address', macAddress),
      type: optional(attribute('type', oneOf(['generated', 'static']))),
      check: optional(attribute('check', yesNo)),
      /** What the guest gave itself; output only. */
      currentAddress: liveOnly(optional(attribute('currentAddress', macAddress))),
    })),
  ),
  backend: interfaceSourceCodec,
  trustGuestRxFilters: optional(attribute('trustGuestRxFilters', yesNo)),
  vlan: optional(child('vlan', vlanCodec)),
  virtualPort: optional(child('virtualport', virtualPortCodec)),
  bandwidth: optional(child('bandwidth', bandwidthCodec)),
  port: section('port', { isolated: optional(attribute('isolated', yesNo)) }),
  /** The guest's side. */
  ...ipFields,
  portForwards: children('portForward', portForwardCodec),
  script: scriptField('script'),
  downscript: scriptField('downscript'),
  backendDomain: optional(child('backenddomain', object({ name: attribute('name', someText) }))),
  target: targetField,
  guest: section('guest', { dev: optional(attribute('dev', someText)), actual: optional(attribute('actual', someText)) }),
  model: optional(child('model', object({ type: attribute('type', pattern(/^[A-Za-z0-9_-]{1,64}$/, 'letters, digits, "-" and "_"')) }))),
  driver: driverField,
  /** `<backend>`: the programs and device nodes behind the source. */
  helper: section('backend', {
    type: optional(attribute('type', oneOf(['default', 'passt']))),
    tap: optional(attribute('tap', someText)),
    vhost: optional(attribute('vhost', someText)),
    logFile: optional(attribute('logFile', someText)),
  }),
  filter: optional(
    child('filterref', object({
      filter: attribute('filter', someText),
      parameters: children('parameter', object({ name: attribute('name', someText), value: attribute('value', anyText) })),
    })),
  ),
  tune: section('tune', { sndbufBytes: optional(childText('sndbuf', unsigned)) }),
  teaming: optional(child('teaming', object({ type: attribute('type', oneOf(['persistent', 'transient'])), persistent: optional(attribute('persistent', someText)) }))),
  link: optional(child('link', object({ state: attribute('state', oneOf(['up', 'down'])) }))),
  mtu: optional(child('mtu', object({ size: attribute('size', integer(1, 65_535)) }))),
  coalesce: section('coalesce', { rx: section('rx', { frames: section('frames', { maximum: optional(attribute('max', unsigned)) }) }) }),
  ...bootField,
  ...romFields,
} as const;

export const interfaceCodec = mapped(
  object(fields),
  (card) => (card.backend.type === 'hostdev' ? { ...card, driver: null } : card),
  (card) => card,
);

declare module '../../conf/device-definition.ts' {
  interface DeviceDefinitions {
    interface: Infer<typeof interfaceCodec>;
  }
}

export type Interface = DeviceOf<'interface'>;
export type InterfaceType = Interface['backend']['type'];
