/** `-audiodev`, and the variables that the sound libraries in QEMU read. */
import { type CommandFragment, environment, json, type JsonObject, withoutNulls } from '../command-fragment.ts';
import type { DeviceLaunch } from '../launch-context.ts';
import type { Audio, AudioBackend } from './audio-definition.ts';

/** QEMU's id of the backend with that number. */
export function audioId(id: number): string {
  return `audio${id}`;
}

const drivers: Readonly<Record<AudioBackend['type'], string>> = {
  none: 'none', alsa: 'alsa', coreaudio: 'coreaudio', jack: 'jack', oss: 'oss', pulseaudio: 'pa', sdl: 'sdl', spice: 'spice', file: 'wav', dbus: 'dbus', pipewire: 'pipewire',
};

export function audioCommandLine({ id, backend }: Audio, launch: Pick<DeviceLaunch, 'sessionFolder' | 'qemuUserId'> = {}): readonly CommandFragment[] {
  const common = { id: audioId(id), driver: drivers[backend.type], 'timer-period': backend.timerPeriodMicroseconds || null };
  const directions = { in: directionProperties(backend.input), out: directionProperties(backend.output) };
  return [...variables(backend, launch), json('audiodev', withoutNulls({ ...common, ...backendProperties(backend), ...directions }))];
}

/** QEMU runs without the session's variables: its sound servers are named to it, unless it is another user, whom they would refuse. */
function variables(backend: AudioBackend, { sessionFolder, qemuUserId }: Pick<DeviceLaunch, 'sessionFolder' | 'qemuUserId'>): readonly CommandFragment[] {
  const session = qemuUserId === undefined ? (sessionFolder ?? null) : null;
  if (backend.type === 'sdl' && backend.driver !== null) return [environment('SDL_AUDIODRIVER', backend.driver)];
  if (backend.type === 'pulseaudio' && backend.serverName === null && session !== null) return [environment('PULSE_SERVER', `unix:${session}/pulse/native`)];
  if (backend.type !== 'pipewire') return [];
  const folder = backend.runtimeDir ?? session;
  return folder === null ? [] : [environment('PIPEWIRE_RUNTIME_DIR', folder)];
}

function backendProperties(backend: AudioBackend): JsonObject {
  switch (backend.type) {
    case 'oss':
      return withoutNulls({ 'try-mmap': backend.tryMMap, exclusive: backend.exclusive, 'dsp-policy': backend.dspPolicy });
    case 'pulseaudio':
      return withoutNulls({ server: backend.serverName });
    case 'file':
      return withoutNulls({ path: backend.path });
    default:
      return {};
  }
}

/** Every attribute that a direction of any backend has, by QEMU's name of it. */
const directionNames: Readonly<Record<string, string>> = {
  mixingEngine: 'mixing-engine', fixedSettings: 'fixed-settings', voices: 'voices', bufferLengthMicroseconds: 'buffer-length', dev: 'dev', bufferCount: 'buffer-count', tryPoll: 'try-poll',
  serverName: 'server-name', clientName: 'client-name', connectPorts: 'connect-ports', exactName: 'exact-name', name: 'name', streamName: 'stream-name', latencyMicroseconds: 'latency',
};

/** Null for a direction about which nothing is said. */
function directionProperties(direction: AudioBackend['input']): JsonObject | null {
  if (!direction) return null;
  const own = Object.entries(direction).flatMap(([field, value]) => {
    const name = directionNames[field];
    return name === undefined || value === null ? [] : [[name, value] as const];
  });
  const { frequencyHertz = null, channels = null, format = null } = direction.settings ?? {};
  const properties = { ...Object.fromEntries(own), ...withoutNulls({ frequency: frequencyHertz || null, channels: channels || null, format }) } as JsonObject;
  return Object.keys(properties).length === 0 ? null : properties;
}
