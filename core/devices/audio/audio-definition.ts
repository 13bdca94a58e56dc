/** `<audio>` as a value: where the host plays and records what the guest's sound cards send and receive. */
import { absent, attribute, child, type Codec, type Infer, object, optional, union } from '../../conf/codec/codec.ts';
import { integer, oneOf, someText, unsigned, yesNo } from '../../conf/codec/scalar.ts';
import type { Address } from '../../conf/device-address.ts';
import type { DeviceOf } from '../../conf/device-definition.ts';

/** What each direction of every backend has, around what is its backend's own. */
const commonBefore = {
  mixingEngine: optional(attribute('mixingEngine', yesNo)),
  fixedSettings: optional(attribute('fixedSettings', yesNo)),
  voices: optional(attribute('voices', unsigned)),
  bufferLengthMicroseconds: optional(attribute('bufferLength', unsigned)),
} as const;
const commonAfter = {
  settings: optional(child('settings', object({
    frequencyHertz: optional(attribute('frequency', unsigned)),
    channels: optional(attribute('channels', unsigned)),
    format: optional(attribute('format', oneOf(['s8', 'u8', 's16', 'u16', 's32', 'u32', 'f32']))),
  }))),
} as const;

const someValue = (name: string): Codec<string | null> => optional(attribute(name, someText));
const someNumber = (name: string): Codec<number | null> => optional(attribute(name, unsigned));

/** Every backend has an input and an output, alike but for the backend's own attributes. */
function directions<C extends Codec<object>>(codec: C): { readonly input: Codec<Infer<C> | null>; readonly output: Codec<Infer<C> | null> } {
  const direction = (name: string): Codec<Infer<C> | null> => optional(child(name, codec as unknown as Codec<Infer<C>>));
  return { input: direction('input'), output: direction('output') };
}

const timerPeriodMicroseconds = someNumber('timerPeriod');
const plain = object({ timerPeriodMicroseconds, ...directions(object({ ...commonBefore, ...commonAfter })) });
const counted = directions(object({ ...commonBefore, bufferCount: someNumber('bufferCount'), ...commonAfter }));
const streamed = directions(object({ ...commonBefore, name: someValue('name'), streamName: someValue('streamName'), latencyMicroseconds: someNumber('latency'), ...commonAfter }));

const backend = union('type', {
  none: plain,
  alsa: object({ timerPeriodMicroseconds, ...directions(object({ ...commonBefore, dev: someValue('dev'), ...commonAfter })) }),
  coreaudio: object({ timerPeriodMicroseconds, ...counted }),
  jack: object({
    timerPeriodMicroseconds,
    ...directions(object({
      ...commonBefore, serverName: someValue('serverName'), clientName: someValue('clientName'), connectPorts: someValue('connectPorts'), exactName: optional(attribute('exactName', yesNo)), ...commonAfter,
    })),
  }),
  oss: object({
    timerPeriodMicroseconds,
    tryMMap: optional(attribute('tryMMap', yesNo)),
    exclusive: optional(attribute('exclusive', yesNo)),
    dspPolicy: optional(attribute('dspPolicy', integer(-0x8000_0000, 0x7fff_ffff))),
    ...directions(object({ ...commonBefore, dev: someValue('dev'), bufferCount: someNumber('bufferCount'), tryPoll: optional(attribute('tryPoll', yesNo)), ...commonAfter })),
  }),
  pulseaudio: object({ timerPeriodMicroseconds, serverName: someValue('serverName'), ...streamed }),
  sdl: object({ timerPeriodMicroseconds, driver: optional(attribute('driver', oneOf(['esd', 'alsa', 'arts', 'pulseaudio']))), ...counted }),
  spice: plain,
  file: object({ timerPeriodMicroseconds, path: someValue('path'), ...directions(object({ ...commonBefore, ...commonAfter })) }),
  dbus: plain,
  pipewire: object({ timerPeriodMicroseconds, runtimeDir: someValue('runtimeDir'), ...streamed }),
});

export const audioCodec = object({ id: attribute('id', integer(1, 255)), backend, alias: absent<string>(), address: absent<Address>() });

declare module '../../conf/device-definition.ts' {
  interface DeviceDefinitions {
    audio: Infer<typeof audioCodec>;
  }
}

export type Audio = DeviceOf<'audio'>;
export type AudioBackend = Audio['backend'];
