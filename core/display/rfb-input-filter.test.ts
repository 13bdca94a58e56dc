import { expect, test } from 'vitest';
import { Random } from '../../test/fuzz/random.ts';
import { propertyRuns } from '../../test/support/property-runs.ts';
import { HeldInput } from './held-input.ts';
import { RfbInputFilter, type ViewerMessage } from './rfb-input-filter.ts';

const u16 = (value: number): number[] => [(value >> 8) & 0xff, value & 0xff];
const u32 = (value: number): number[] => [...u16(value >>> 16), ...u16(value & 0xffff)];
const bytes = (length: number, random: Random): number[] => Array.from({ length }, () => random.below(256));

/** One message of each kind that a viewer sends, with whatever in it. */
const makers: Readonly<Record<string, (random: Random) => number[]>> = {
  'SetPixelFormat': (random) => [0, ...bytes(19, random)],
  'SetEncodings': (random) => {
    const count = random.below(30);
    return [2, 0, ...u16(count), ...Array.from({ length: count }, () => u32(random.below(2) ? -random.below(300) : random.below(50))).flat()];
  },
  'FramebufferUpdateRequest': (random) => [3, ...bytes(9, random)],
  'KeyEvent': (random) => [4, random.below(2), 0, 0, ...u32(random.below(60))],
  'PointerEvent': (random) => [5, ...bytes(5, random)],
  'ClientCutText': (random) => {
    const length = random.below(300);
    return [6, 0, 0, 0, ...u32(random.below(2) ? length : -length), ...bytes(length, random)];
  },
  'xvp': (random) => [250, 0, 1, 2 + random.below(3)],
  'SetDesktopSize': (random) => {
    const screens = random.below(4);
    return [251, 0, ...u16(800), ...u16(600), screens, 0, ...bytes(16 * screens, random)];
  },
  'QEMU key': (random) => [255, 0, 0, random.below(2), ...u32(0), ...u32(random.below(100))],
  'QEMU audio': (random) => {
    const operation = random.below(3);
    return [255, 1, 0, operation, ...(operation === 2 ? bytes(6, random) : [])];
  },
};

const kinds: Readonly<Record<string, ViewerMessage['kind']>> = { KeyEvent: 'key', 'QEMU key': 'key', PointerEvent: 'pointer', ClientCutText: 'act', xvp: 'act', SetDesktopSize: 'act' };

test('however a stream is cut into pieces, it is the same messages, and those that act on the guest are known', () => {
  for (let run = 0; run < propertyRuns(200); run += 1) {
    const seed = Math.floor(Math.random() * 2 ** 32);
    const random = new Random(seed);
    const sent = Array.from({ length: 1 + random.below(40) }, () => {
      const name = random.pick(Object.keys(makers));
      return { kind: kinds[name] ?? 'own', bytes: Buffer.from(makers[name]!(random)) };
    });
    const stream = Buffer.concat(sent.map((message) => message.bytes));
    const filter = new RfbInputFilter();
    const found: ViewerMessage[] = [];
    for (let at = 0; at < stream.length; ) {
      const length = random.below(8) === 0 ? 1 + random.below(400) : 1 + random.below(5);
      found.push(...filter.push(stream.subarray(at, at + length)));
      at += length;
    }
    expect(found.map(({ kind, bytes: own }) => [kind, own.toString('hex')]), `seed ${seed}`).toEqual(sent.map(({ kind, bytes: own }) => [kind, own.toString('hex')]));
  }
});

test('what is no message of a viewer ends in an error, and never in more than a message being kept', () => {
  for (let run = 0; run < propertyRuns(300); run += 1) {
    const seed = Math.floor(Math.random() * 2 ** 32);
    const random = new Random(seed);
    const filter = new RfbInputFilter();
    const push = (): unknown => {
      try {
        for (let piece = 0; piece < 50; piece += 1) filter.push(Buffer.from(bytes(1 + random.below(60), random)));
        return null;
      } catch (error) {
        return error;
      }
    };
    const error = push();
    if (error !== null) expect(error, `seed ${seed}`).toMatchObject({ name: 'VireoError', code: 'INVALID_ARG' });
  }
  const refused = (...first: number[]): (() => unknown) => () => new RfbInputFilter().push(Uint8Array.from(first));
  expect(refused(1)).toThrow('invalid argument: display: a viewer sends no message of type 1');
  expect(refused(150)).toThrow('no message of type 150');
  expect(refused(248)).toThrow('no message of type 248');
  expect(refused(255, 9)).toThrow('no QEMU message of type 9');
  expect(refused(255, 1, 0, 3)).toThrow('no operation 3 on the sound');
  expect(refused(2, 0, 1, 1)).toThrow('257 encodings are more than the 256 that a viewer may send');
  expect(refused(6, 0, 0, 0, ...u32((1 << 20) + 1))).toThrow('1048577 bytes of cut text are more');
  expect(refused(6, 0, 0, 0, 0x80, 0, 0, 0)).toThrow('2147483648 bytes of cut text are more');
});

test('a long text that comes byte by byte is put together once', () => {
  const filter = new RfbInputFilter();
  const text = 1 << 18;
  let messages = filter.push(Uint8Array.from([6, 0, 0, 0, ...u32(text)]));
  const one = Uint8Array.of(65);
  for (let at = 0; at < text; at += 1) messages = filter.push(one);
  expect(messages.map(({ kind, bytes: own }) => [kind, own.length])).toEqual([['act', text + 8]]);
});

test('the encoding that would make pointer messages longer is not asked for', () => {
  const [message] = new RfbInputFilter().push(Uint8Array.from([2, 0, 0, 3, ...u32(7), ...u32(-316), ...u32(-258)]));
  expect([...message!.bytes]).toEqual([2, 0, 0, 2, ...u32(7), ...u32(-258)]);
});

test('whoever loses the input lets go of each key and button, the newest first', () => {
  const filter = new RfbInputFilter();
  const held = new HeldInput();
  const press = (...message: number[]): void => filter.push(Uint8Array.from(message)).forEach((each) => held.sent(each));
  press(255, 0, 0, 1, ...u32(0), ...u32(0x1d));
  press(4, 1, 0, 0, ...u32(0x61));
  press(255, 0, 0, 1, ...u32(0), ...u32(0x1e));
  press(255, 0, 0, 0, ...u32(0), ...u32(0x1e));
  press(5, 1, 0, 20, 0, 30);
  expect(held.letGo().map((message) => [...message])).toEqual([
    [4, 0, 0, 0, ...u32(0x61)],
    [255, 0, 0, 0, ...u32(0), ...u32(0x1d)],
    [5, 0, 0, 20, 0, 30],
  ]);
  expect(held.letGo()).toEqual([]);
  expect(() => Array.from({ length: 300 }, (_, code) => press(255, 0, 0, 1, ...u32(0), ...u32(code)))).toThrow('a viewer holds more than 256 keys');
});
