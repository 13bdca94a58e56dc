/** The other way: what several clients type in turn, each while it has the input, must come to the guest and nothing else. */
import { createHash } from 'node:crypto';
import type { Driver } from '../../core/driver/driver.ts';
import type { ConsoleSession } from '../../core/console/console-types.ts';
import { Call } from '../../core/job/call.ts';
import { silentLog } from '../../core/base/log.ts';
import type { GuestConsole } from '../support/guest-console.ts';
import { Chance } from './chance.ts';
import type { ExactDevice } from './exact-guest.ts';
import type { Source } from './source.ts';

export interface InputOptions {
  readonly device: ExactDevice;
  readonly source: Source;
  readonly driver: Driver;
  readonly shell: GuestConsole;
  readonly seed: number;
}

const writers = 3;
const maximumPiece = 3_000;

/** @returns the digest that the guest computed of what it got, and the one of what was typed. */
export async function typeExactly({ device, source, driver, shell, seed }: InputOptions): Promise<{ guest: string; typed: string }> {
  const chance = new Chance(seed);
  await shell.type(`echo li""stens; head -c ${source.bytes} ${device.file} | md5sum\n`);
  await shell.waitFor(/listens\r?\n/);
  const sessions: ConsoleSession[] = [];
  try {
    for (let index = 0; index < writers; index++) {
      const label = `writer ${index}`;
      const call = new Call({ owner: 'domainOpenConsole', client: label, signal: new AbortController().signal, log: silentLog });
      sessions.push((await driver.openConsole(call, 'exact', device.alias, { client: { id: label, label }, mode: 'watch', force: false, from: 'now' })).session);
    }
    for (let at = 0; at < source.bytes; ) {
      const writer = chance.pick(sessions);
      writer.requestWrite(true);
      const piece = source.read(at, 1 + chance.below(maximumPiece));
      // Somebody who has not got the input is refused, and his bytes are nowhere.
      const other = chance.pick(sessions);
      if (other !== writer) await other.write(Buffer.from('not mine')).then(() => shell.type('a write without the input went through\n'), () => {});
      await writer.write(piece);
      at += piece.length;
    }
  } finally {
    for (const session of sessions) session[Symbol.dispose]();
  }
  await shell.waitFor(/[0-9a-f]{32}  -/);
  const guest = /([0-9a-f]{32})  -\r?\n?[^-]*$/.exec(shell.text())?.[1] ?? '';
  return { guest, typed: createHash('md5').update(source.read(0, source.bytes)).digest('hex') };
}
