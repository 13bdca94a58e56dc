import { expect, test } from 'vitest';
import type { CommandFragment } from '../command-fragment.ts';
import { audioCommandLine } from './audio-command.ts';
import type { Audio } from './audio-definition.ts';

const nothing = { timerPeriodMicroseconds: null, input: null, output: null };
const audio = (backend: Audio['backend']): Audio => ({ kind: 'audio', id: 1, backend, alias: null, address: null });
const pulse = audio({ type: 'pulseaudio', serverName: null, ...nothing });
const pipewire = audio({ type: 'pipewire', runtimeDir: null, ...nothing });

const variablesOf = (fragments: readonly CommandFragment[]): readonly string[] => fragments.flatMap((fragment) => (fragment.form === 'environment' ? [`${fragment.name}=${fragment.value}`] : []));

test("the sound servers of the user's session are named to a QEMU that does not have its variables", () => {
  const session = { sessionFolder: '/run/user/1000' };
  expect([pulse, pipewire].map((each) => variablesOf(audioCommandLine(each, session)))).toEqual([['PULSE_SERVER=unix:/run/user/1000/pulse/native'], ['PIPEWIRE_RUNTIME_DIR=/run/user/1000']]);
});

test('what the definition names counts first, and another user than this is given nothing of the session', () => {
  const session = { sessionFolder: '/run/user/1000', qemuUserId: 107 };
  const named = [audio({ type: 'pulseaudio', serverName: 'tcp:h', ...nothing }), audio({ type: 'pipewire', runtimeDir: '/run/p', ...nothing })];
  expect(named.map((each) => variablesOf(audioCommandLine(each, { sessionFolder: '/run/user/1000' })))).toEqual([[], ['PIPEWIRE_RUNTIME_DIR=/run/p']]);
  expect([pulse, pipewire].map((each) => variablesOf(audioCommandLine(each, session)))).toEqual([[], []]);
  expect([pulse, pipewire].map((each) => variablesOf(audioCommandLine(each)))).toEqual([[], []]);
});
