/**
 * The proof: a guest says what is known on one device, while a writer and ten watchers, one of them slow, come, go, come
 * back where they were, and take the input from each other. Each is judged byte by byte and gap by gap.
 */
import type { Client } from '../../core/api/client.ts';
import type { GuestConsole } from '../support/guest-console.ts';
import { Chance } from './chance.ts';
import type { ExactDevice } from './exact-guest.ts';
import { Judge, type LeftOut } from './judge.ts';
import { Reader } from './reader.ts';
import type { Source } from './source.ts';

export interface ExactOptions {
  readonly device: ExactDevice;
  readonly source: Source;
  /** What makes the guest say it, typed on its shell. */
  readonly command: string;
  readonly shell: GuestConsole;
  readonly seed: number;
  readonly watchers: number;
  /** Between two things that a client does. */
  readonly pauseMs: number;
  /** A connection of its own for each reader. */
  connect(label: string): Promise<Client>;
  readonly limitMs: number;
}

export interface ExactResult {
  readonly ms: number;
  /** Read by all readers together, and in marked gaps. */
  readonly bytes: number;
  readonly gapBytes: number;
  /** Of the one who never went away. */
  readonly steadyGapBytes: number;
  readonly attached: number;
  readonly acts: number;
  /** What QEMU left out of a virtio console, as the one who read everything saw it. */
  readonly leftOut: readonly LeftOut[];
  /** Empty where every byte was right. */
  readonly wrong: readonly string[];
}

const slownessMs = 40;

export async function proveExact(options: ExactOptions): Promise<ExactResult> {
  const { device, source, shell, seed, watchers } = options;
  const chance = new Chance(seed);
  const clients = await Promise.all(Array.from({ length: watchers + 1 }, (_, index) => options.connect(`reader ${index}`)));
  const place = { domain: 'exact', device: device.alias };
  const probe = new Reader(clients[0]!, 'probe', place, new Judge(source, 0, false));
  const base = await settledPosition(probe);
  const readers = clients.map((client, index) => new Reader(client, `reader ${index}`, place, new Judge(source, base, device.mayLeaveOut)));
  const [steady, slow] = readers as [Reader, Reader];
  slow.slownessMs = slownessMs;
  let acts = 0;
  try {
    await Promise.all(readers.map((reader, index) => reader.attach('now', index === 0 ? 'write' : 'watch')));
    const beganMs = performance.now();
    await shell.type(`${options.command}; echo sa""id\n`);
    const said = shell.waitFor(/said\r?\n/, options.limitMs).then(() => (isSaid = true));
    let isSaid = false;
    said.catch(() => {});
    while (!isSaid && performance.now() - beganMs < options.limitMs) {
      acts++;
      // The first reads everything from its first byte to its last: it says what the guest's device gave at all.
      await act(chance, chance.pick(readers.slice(1)), readers);
      await pause(options.pauseMs);
    }
    await said;
    slow.slownessMs = 0;
    const end = await settledPosition(probe);
    for (const reader of readers) if (!reader.isAttached) await reader.attach(reader.judge.next ?? 'run');
    const caughtUp = await eventually(() => readers.every(({ judge, failure }) => judge.wrong !== null || failure !== null || (device.mayLeaveOut ? (judge.next ?? 0) >= end : judge.isComplete)), options.limitMs);
    const ms = performance.now() - beganMs;
    return {
      ms,
      bytes: sum(readers, ({ judge }) => judge.bytes),
      gapBytes: sum(readers, ({ judge }) => judge.gapBytes),
      steadyGapBytes: steady.judge.gapBytes,
      attached: sum(readers, (reader) => reader.attached),
      acts,
      leftOut: steady.judge.leftOut,
      wrong: [...readers.flatMap((reader) => faultsOf(reader, steady, device)), ...(caughtUp ? [] : [`not all readers came to the end at ${end}: ${readers.map(({ label, judge }) => `${label} ${judge.next}`).join(', ')}`])],
    };
  } finally {
    for (const client of clients) client.close();
  }
}

/** One thing that a client may do at any time. */
async function act(chance: Chance, reader: Reader, readers: readonly Reader[]): Promise<void> {
  const what = chance.below(8);
  if (!reader.isAttached || what === 0) return await reader.attach(reader.judge.next ?? 'run'); // a window that is loaded again
  if (what === 1) return reader.detach();
  if (what === 2) return await reader.attach(chance.pick(['history', 'now', 'run', 'beginning'] as const));
  if (what === 3) return await reader.attach(reader.judge.next ?? 'run', 'write', true);
  if (what === 4) return await reader.attach(reader.judge.next ?? 'run', 'write-or-watch');
  if (what === 5) return reader.say({ type: 'request-write', force: chance.below(2) === 0 });
  if (what === 6) return chance.pick(readers).say({ type: 'release' });
  return reader.say({ type: 'ask' });
}

function faultsOf({ label, judge, failure }: Reader, steady: Reader, { mayLeaveOut }: ExactDevice): string[] {
  const faults = [judge.wrong, failure].filter((text) => text !== null).map((text) => `${label}: ${text}`);
  const known = new Set(steady.judge.leftOut.map(({ at, bytes }) => `${at} ${bytes}`));
  const alone = mayLeaveOut ? judge.leftOut.filter(({ at, bytes }) => !known.has(`${at} ${bytes}`)) : [];
  if (steady.judge.gapBytes === 0) faults.push(...alone.map(({ at, bytes }) => `${label}: lacks ${bytes} bytes at ${at} that another reader has`));
  if (judge.wrong === null && !mayLeaveOut && !judge.isComplete) faults.push(`${label}: did not come to the end of the source`);
  return faults;
}

/** Once nothing more comes: QEMU and the host may have bytes of a guest that has said everything. */
async function settledPosition(probe: Reader): Promise<number> {
  let last = await probe.position();
  for (let same = 0; same < 5; ) {
    await pause(60);
    const position = await probe.position();
    same = position === last ? same + 1 : 0;
    last = position;
  }
  return last;
}

async function eventually(condition: () => boolean, limitMs: number): Promise<boolean> {
  for (const endMs = performance.now() + limitMs; performance.now() < endMs; await pause(20)) if (condition()) return true;
  return condition();
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const sum = (readers: readonly Reader[], of: (reader: Reader) => number): number => readers.reduce((total, reader) => total + of(reader), 0);
