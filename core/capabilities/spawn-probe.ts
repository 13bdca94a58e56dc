/**
 * Starts a QEMU that is only asked something. It must not outlive whoever asks: a probe whose driver was killed would
 * wait for ever, and a test guest on a broken KVM would turn for ever.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { Spawn } from './probed-process.ts';

/** util-linux 2.33 and newer: sets PR_SET_PDEATHSIG, which the program that follows keeps (prctl(2)). */
const setpriv = '/usr/bin/setpriv';

/** Looked up once, before the first probe. Where there is no such program, a killed driver leaves its probe behind. */
const canBind = process.platform === 'linux' && existsSync(setpriv);

export const spawnProbe: Spawn = (binary, args, options) =>
  canBind ? spawn(setpriv, ['--pdeathsig', 'KILL', '--', binary, ...args], options) : spawn(binary, [...args], options);
