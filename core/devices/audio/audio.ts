/** `<audio>`: a backend of sound cards and displays, no device of the guest. */
import { VireoError } from '../../base/errors.ts';
import { devicesOf } from '../../conf/device-definition.ts';
import type { DomainDefinition } from '../../conf/domain-definition.ts';
import type { DeviceModule, DomainSurroundings } from '../device-module.ts';
import { isAtLeast } from '../qemu-at-least.ts';
import { audioCommandLine, audioId } from './audio-command.ts';
import { type Audio, type AudioBackend, audioCodec } from './audio-definition.ts';

export const audioModule: DeviceModule<'audio'> = {
  kind: 'audio',
  codec: audioCodec,
  defaults: (audio) => audio,
  domainDefaults: impliedAudio,
  validate: validateAudio,
  address: () => ({ type: 'none' }),
  alias: (audio) => audioId(audio.id),
  abi: { id: 'same', backend: 'may-change', alias: 'may-change', address: 'may-change' },
  prepare: 'nothing',
  commandLine: audioCommandLine,
  boots: () => 'none',
  hostNeeds: ({ backend }) => (backend.type === 'oss' || backend.type === 'alsa' ? [{ type: 'path', path: '/dev/snd', access: 'read', why: `<audio type='${backend.type}'>` }] : []),
  sideProcesses: 'none',
  hotplug: 'unsupported',
  live: 'none',
  label: ({ id, backend }) => `audio ${id} (${backend.type})`,
};

/**
 * What sound goes to where nobody said: to the client of a spice display, else nowhere: QEMU would otherwise open
 * whatever sound system it finds first.
 */
function impliedAudio({ definition }: DomainSurroundings): readonly Audio[] {
  const { devices } = definition;
  if (devicesOf(devices, 'audio').length > 0) return [];
  const displays = devicesOf(devices, 'graphics').map(({ backend }) => backend.type).filter((type) => type === 'vnc' || type === 'spice');
  if (displays.length === 0 && devicesOf(devices, 'sound').length === 0) return [];
  const nothing = { timerPeriodMicroseconds: null, input: null, output: null };
  const backend: AudioBackend = displays.at(-1) === 'spice' ? { type: 'spice', ...nothing } : { type: 'none', ...nothing };
  return [{ kind: 'audio', id: 1, backend, alias: null, address: null }];
}

function validateAudio({ id, backend }: Audio, { definition, capabilities }: DomainSurroundings): void {
  const refuse = (code: 'XML_ERROR' | 'CONFIG_UNSUPPORTED', text: string): never => {
    throw new VireoError(code, `audio ${id} of type '${backend.type}': ${text}`);
  };
  if (devicesOf(definition.devices, 'audio').filter((audio) => audio.id === id).length > 1) refuse('XML_ERROR', `the id ${id} is used more than once`);
  for (const [name, direction] of [['input', backend.input], ['output', backend.output]] as const) {
    if (!direction) continue;
    if (direction.fixedSettings && direction.mixingEngine !== true) refuse('CONFIG_UNSUPPORTED', `<${name} fixedSettings='yes'> needs mixingEngine='yes'`);
    if (direction.settings && direction.fixedSettings !== true) refuse('CONFIG_UNSUPPORTED', `<settings> in <${name}> needs fixedSettings='yes'`);
  }
  if (backend.type === 'spice' && !devicesOf(definition.devices, 'graphics').some((graphics) => graphics.backend.type === 'spice')) refuse('CONFIG_UNSUPPORTED', "it needs a <graphics type='spice'>, which the domain does not have");
  if (backend.type === 'dbus' && !isAtLeast(capabilities, 7, 0)) refuse('CONFIG_UNSUPPORTED', 'it needs QEMU 7.0 or newer');
  if (backend.type === 'pipewire' && !isAtLeast(capabilities, 8, 1)) refuse('CONFIG_UNSUPPORTED', 'it needs QEMU 8.1 or newer');
}

/** The -audiodev that a card or display with `<audio id=...>` means, the first one where it names none; null where there is none. */
export function audiodevOf(id: number | null, { devices }: DomainDefinition): string | null {
  const first = devicesOf(devices, 'audio')[0]?.id ?? null;
  const chosen = id ?? first;
  return chosen === null ? null : audioId(chosen);
}

/** Throws XML_ERROR where `<audio id=...>` leads nowhere; `name` opens the message. */
export function requireAudio(id: number | null, definition: DomainDefinition, name: string): void {
  if (id === null || devicesOf(definition.devices, 'audio').some((audio) => audio.id === id)) return;
  throw new VireoError('XML_ERROR', `${name}: <audio id='${id}'/> names no <audio> of the domain`);
}
