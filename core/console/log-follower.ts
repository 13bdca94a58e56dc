/**
 * Keeps the truth about where in the log each byte of the stream lies, by comparing them.
 *
 * The two are not copies of each other. QEMU 7.2 (chardev/char.c, qemu_chr_write_buffer) writes the connection first
 * and then logs what was taken; when the connection is full and the write fails with EAGAIN, it logs the whole buffer
 * although the device will send it again. So a serial port's log has a byte twice for each time the reader was a
 * millisecond late, a virtio console's log has bytes that the connection lost, and a full disk makes a log that lacks
 * some. The stream is what the connection gave; the log serves only where it was seen to hold the same bytes.
 *
 * One thing cannot be told: whether bytes that stand twice at the very end of a lost connection were doubled by QEMU or
 * said again by the guest afterwards. They are kept: a byte too many can be seen, one too few cannot.
 */
import type { ConsoleLog } from './console-log.ts';
import type { HistoryRing } from './history-ring.ts';
import { LogMap } from './log-map.ts';

/**
 * Compared in one piece: a turn of the thread pool for each, and the event loop may have read 2 MiB of a port before it
 * sees the answer. Comparing it takes a fraction of a millisecond.
 */
const stepBytes = 1_048_576;
/** How far from where they part stream and log are searched for each other; QEMU doubles 32 KiB of a port at most. */
const searchBytes = 65_536;
/** The stream's bytes while they are searched, which no other turn of the event loop sees. */
const searched = Buffer.allocUnsafeSlow(searchBytes);
/** What the log was read into, for the next who reads one: allocating it for each pass made the garbage collector the slowest part. */
const spareMemory: Buffer[] = [];
/** Equal bytes in a row that make us believe that stream and log are together again. */
const agreementBytes = 32;
/** The less agreement there is, the nearer it must be: bytes doubled in quick succession leave little of it between. */
const sure = [{ proof: agreementBytes, within: searchBytes }];
const attempts = [...sure, { proof: 12, within: 512 }, { proof: 4, within: 64 }];
/** Bytes of the stream given up at once, to go on behind a stretch that cannot be told apart. */
const maximumSkipped = 2_048;
/** Compared when this part of the memory is new: often enough to hold nothing more, and seldom enough to cost a flood little. */
const dueFraction = 2;
const tailBytes = 64;
/** Searches in one piece before others get their turn: each looks through the whole piece. */
const maximumSearches = 64;

export class LogFollower {
  readonly #log: ConsoleLog;
  readonly #ring: HistoryRing;
  readonly #map = new LogMap();
  /** Everything before `#verified` was compared; its next byte is expected in the log at `#logAt`. */
  #verified = 0;
  #logAt = 0;
  /** The last bytes compared, with their places in the log: they tell a log that was cut, though it has grown again. */
  #tail: readonly { readonly logEnd: number; readonly bytes: Buffer }[] = [];
  /** The byte of the stream before the next one to compare, where that is known: the one that a log may hold again. */
  #lastByte: number | undefined;
  /** How often the log was found cut; what was read across a cut is worth nothing. */
  #cuts = 0;
  #advancing: Promise<void> | null = null;
  #dueAt: number;

  constructor(log: ConsoleLog, ring: HistoryRing) {
    this.#log = log;
    this.#ring = ring;
    this.#dueAt = ring.capacity / dueFraction;
    ring.hold(0);
  }

  get log(): ConsoleLog {
    return this.#log;
  }

  /** Bytes of the stream not compared yet. */
  get unverified(): number {
    return this.#ring.end - this.#verified;
  }

  /** Enough has come since the last comparing to be worth the next one, also where that had to wait for more. */
  get isDue(): boolean {
    return this.#ring.end > this.#dueAt;
  }

  /** Where in the log the next byte of the stream is expected. */
  get expected(): number {
    return this.#logAt + this.unverified;
  }

  /**
   * Takes the log's bytes up to `to` as the next ones of the stream: what QEMU wrote while nobody was connected. Only
   * the last of them come to memory, the rest stays where it is. Whole or cut, the log is at `to` afterwards.
   */
  async absorb(to: number): Promise<void> {
    const from = this.expected;
    if (to < (this.#tail.at(-1)?.logEnd ?? 0)) this.#forgetLog(); // cut while nobody was connected
    if (to <= from) return this.#continueAt(to);
    const kept = Math.min(to - from, this.#ring.capacity);
    const bytes = await this.#log.read(to - kept, kept);
    const at = this.#ring.end;
    if (bytes.length < kept) {
      // Cut while we read: nothing of it can be trusted to be what it was.
      this.#forgetLog();
      this.#ring.skipTo(at + (to - from));
      return this.#continueAt(to);
    }
    this.#map.add({ streamFrom: at, logFrom: from, length: to - from });
    if (to - from > kept) this.#ring.skipTo(at + (to - from) - kept);
    this.#ring.append(bytes);
    this.#continueAt(to);
    this.#remember(bytes);
  }

  /**
   * Compares what came since; cheap when little did. A call while one runs waits for that one. `at the end` nothing
   * more comes for now, so that fewer bytes have to be proof enough.
   */
  async advance(when: 'in the middle' | 'at the end' = 'in the middle'): Promise<void> {
    if (this.#advancing) return await this.#advancing;
    this.#advancing = this.#advance(when === 'at the end');
    try {
      await this.#advancing;
    } finally {
      this.#advancing = null;
      this.#dueAt = this.#ring.end + this.#ring.capacity / dueFraction;
    }
  }

  /** Bytes of the stream from the log, or null where it is not known to hold them. */
  async read(offset: number, length: number): Promise<Buffer | null> {
    const stretch = this.#map.find(offset);
    if (!stretch || this.#log.keptFrom(stretch.logFrom) > stretch.logFrom) return null;
    const cuts = this.#cuts;
    const bytes = await this.#log.read(stretch.logFrom, Math.min(length, stretch.length));
    // Looked at after reading, so that a cut in between is seen as well.
    const intact = await this.#intact();
    if (cuts !== this.#cuts) return null;
    if (intact && bytes.length > 0) return bytes;
    if (intact && this.#log.keptFrom(stretch.logFrom) > stretch.logFrom) return null; // its archive went while we read
    this.#forgetLog();
    return null;
  }

  /** The first offset after `offset` that the log holds, or null. */
  nextAfter(offset: number): number | null {
    for (let at: number | null = offset; at !== null; at = this.#map.nextAfter(at)) {
      const stretch = this.#map.find(at);
      const lost = stretch ? this.#log.keptFrom(stretch.logFrom) - stretch.logFrom : 0;
      if (stretch && lost < stretch.length && at + lost > offset) return at + lost;
    }
    return null;
  }

  /** About where in the stream the log's byte at `logOffset` lies. */
  streamAt(logOffset: number): number {
    return Math.min(this.#map.streamAt(logOffset), this.#ring.end);
  }

  async #advance(atEnd: boolean): Promise<void> {
    if (this.unverified === 0) return;
    const memory = spareMemory.pop() ?? Buffer.allocUnsafeSlow(tailBytes + stepBytes + searchBytes);
    try {
      await this.#advanceIn(memory, atEnd);
    } finally {
      if (spareMemory.length === 0) spareMemory.push(memory);
    }
  }

  async #advanceIn(memory: Buffer, atEnd: boolean): Promise<void> {
    // One pass over what the ring may hold is enough: a writer faster than this loop is met again at the next call.
    for (let steps = Math.ceil(this.#ring.maximum / stepBytes) + 1; steps > 0; steps--) {
      const logFrom = this.#skipForgotten();
      if (this.unverified === 0) return;
      // More than there is to compare: the log may have so much that the stream has not.
      const wanted = Math.min(stepBytes, this.unverified) + searchBytes;
      const logged = await this.#readOn(logFrom, wanted, memory);
      if (logged === null) return await this.#searchTail();
      if (this.#skipForgotten() !== logFrom) continue; // the ring moved on while we read
      if (logged.length === 0) {
        if ((await this.#log.size()) < this.#logAt) await this.#searchTail();
        return;
      }
      if ((await this.#compare(logged, { atEnd, logEnds: logged.length < wanted })) === 'wait') return;
      if (!atEnd && this.unverified < this.#ring.capacity / dueFraction) return; // what came meanwhile is for the next call
    }
  }

  /**
   * The log's bytes from `from` on, read into `memory`; null when the log was cut: nothing of it is compared as if it
   * went on from where we were. The proof is the last bytes compared, mostly in the same read, since each turn of the
   * thread pool costs a flood more than the reading.
   */
  async #readOn(from: number, length: number, memory: Buffer): Promise<Buffer | null> {
    const [last, ...others] = this.#tail;
    if (last && others.length === 0 && last.logEnd === from) {
      const proof = last.bytes.length;
      const read = await this.#log.readInto(memory.subarray(0, proof + length), from - proof);
      const isProof = memory.subarray(0, Math.min(read, proof)).equals(last.bytes);
      // Of a proof that was archived, before or meanwhile, no more than that was read; nobody cuts an archive.
      if (isProof || from - proof >= this.#log.archives.mark) return isProof ? memory.subarray(proof, read) : null;
    }
    const read = await this.#log.readInto(memory.subarray(0, length), from);
    return (await this.#intact()) ? memory.subarray(0, read) : null;
  }

  /** Compares what lies at the expected place; `wait` when more must come before it makes sense to go on. */
  async #compare(logged: Buffer, { atEnd, logEnds }: { readonly atEnd: boolean; readonly logEnds: boolean }): Promise<'go on' | 'wait'> {
    let rest = logged;
    for (let searches = maximumSearches; searches > 0; ) {
      const same = this.#ring.commonLength(this.#verified, rest);
      this.#accept(rest.subarray(0, same));
      rest = rest.subarray(same);
      if (this.unverified === 0 || rest.length === 0) return 'go on';
      const again = doublings(rest, this.#lastByte);
      if (again > 0 && again < rest.length && this.#ring.commonLength(this.#verified, rest.subarray(again, again + 1)) === 1) {
        this.#goOn(0, again);
        rest = rest.subarray(again);
        continue;
      }
      searches--;
      const moved = rest.length < logged.length;
      // Read again from here, as far as is searched: a port's buffer that stands twice is longer than this rest.
      if (moved && !logEnds && rest.length < searchBytes) return 'go on';
      // The connection is written before the log: what is looked for may be about to come, and little proves little.
      const patient = logEnds && !atEnd && this.unverified < Math.min(searchBytes, this.#ring.capacity / 4);
      const given = searched.subarray(0, this.#ring.copy(this.#verified, searched));
      const apart = parting(given, rest.subarray(0, searchBytes), atEnd, patient ? sure : attempts);
      if (apart === 'unclear' || (apart === null && (moved || patient))) return moved ? 'go on' : 'wait';
      if (apart === null) {
        await this.#searchTail();
        return 'wait';
      }
      this.#goOn(apart.given, apart.logged);
      this.#lastByte = undefined;
      rest = rest.subarray(apart.logged);
    }
    return 'go on';
  }

  /** Bytes that left memory before they were compared are not mapped; the log is assumed to have gone on beside them. */
  #skipForgotten(): number {
    const forgotten = this.#ring.start - this.#verified;
    if (forgotten > 0) {
      this.#goOn(forgotten, forgotten);
      this.#lastByte = undefined;
    }
    return this.#logAt;
  }

  #accept(bytes: Buffer): void {
    if (bytes.length === 0) return;
    this.#map.add({ streamFrom: this.#verified, logFrom: this.#logAt, length: bytes.length });
    this.#goOn(bytes.length, bytes.length);
    this.#lastByte = bytes.at(-1);
    this.#remember(bytes);
  }

  /** Notes `bytes`, which end at `#logAt`, as the last ones compared, and lets go of what is then too many. */
  #remember(bytes: Buffer): void {
    const last = this.#tail.at(-1);
    const follows = last?.logEnd === this.#logAt - bytes.length;
    const joined = follows ? Buffer.concat([last.bytes, bytes.subarray(-tailBytes)]) : bytes;
    const pieces = [...(follows ? this.#tail.slice(0, -1) : this.#tail), { logEnd: this.#logAt, bytes: Buffer.from(joined.subarray(-tailBytes)) }];
    let kept = 0;
    const enough = pieces.findLastIndex((piece) => (kept += piece.bytes.length) >= tailBytes);
    this.#tail = pieces.slice(Math.max(0, enough));
  }

  #forgetLog(): void {
    this.#cuts++;
    this.#map.clear();
    this.#tail = [];
  }

  /** Whether the log still holds, where they were, the bytes that were compared last. */
  async #intact(): Promise<boolean> {
    for (const { logEnd, bytes } of this.#tail) {
      if (logEnd - bytes.length < this.#log.archives.mark) continue; // in an archive, which nobody cuts
      if (!(await this.#log.read(logEnd - bytes.length, bytes.length)).equals(bytes)) return false;
    }
    return true;
  }

  /**
   * Finds the newest bytes of the stream near the end of a log that was cut, or went another way for too long. What
   * lies between is not mapped. A miss leaves a guess that the next comparison confirms or throws away.
   */
  async #searchTail(): Promise<void> {
    let size: number;
    let from: number;
    let logged: Buffer;
    // Again from the beginning when what was read turns out to be of a log that was cut; then nothing is left to check.
    for (;;) {
      size = await this.#log.size();
      from = Math.max(size - searchBytes, this.#tail.at(-1)?.logEnd ?? 0);
      logged = await this.#log.read(from, Math.max(0, size - from));
      if (await this.#intact()) break;
      this.#forgetLog();
    }
    const { end } = this.#ring;
    const key = this.#ring.read(Math.max(this.#ring.start, end - tailBytes), tailBytes);
    const found = logged.lastIndexOf(key);
    this.#goOn(end - this.#verified, (found < 0 ? size : from + found + key.length) - this.#logAt);
    this.#lastByte = undefined;
    if (found >= 0) this.#remember(key);
  }

  #continueAt(logAt: number): void {
    this.#goOn(this.unverified, logAt - this.#logAt);
    this.#lastByte = undefined;
  }

  /** Memory may let go of what was compared. */
  #goOn(given: number, logged: number): void {
    this.#verified += given;
    this.#logAt += logged;
    this.#ring.hold(this.#verified);
  }
}

/**
 * How often `last`, the byte before, stands again at the beginning. A device that writes byte by byte leaves many of
 * these in the log, and no long agreement between them.
 */
function doublings(logged: Buffer, last: number | undefined): number {
  if (last === undefined) return 0;
  let count = 0;
  while (count < logged.length && logged[count] === last) count++;
  return count;
}

/**
 * How much of either side must be left out so that both go on alike: the shorter way of the two, sure before near,
 * and of the stream as little as can be. Whatever the answer, only equal bytes are ever mapped. `unclear` while too few
 * bytes are there to say, null when no way is found.
 */
function parting(given: Buffer, logged: Buffer, atEnd: boolean, tried: typeof attempts): { given: number; logged: number } | 'unclear' | null {
  if (!atEnd && Math.min(given.length, logged.length) < agreementBytes) return 'unclear';
  for (const { proof, within } of tried) {
    if (Math.min(given.length, logged.length) < proof) continue;
    const extra = logged.subarray(0, within).indexOf(given.subarray(0, proof));
    const missing = given.subarray(0, within).indexOf(logged.subarray(0, proof));
    if (extra >= 0 && (missing < 0 || extra <= missing)) return { given: 0, logged: extra };
    if (missing >= 0) return { given: missing, logged: 0 };
  }
  if (tried === sure) return null;
  for (let skipped = agreementBytes; skipped + agreementBytes <= Math.min(given.length, maximumSkipped); skipped += agreementBytes) {
    const at = logged.indexOf(given.subarray(skipped, skipped + agreementBytes));
    if (at >= 0) return { given: skipped, logged: at };
  }
  return null;
}
