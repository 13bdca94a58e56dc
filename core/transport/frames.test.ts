import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Frame, FrameSplitter, encodeFrame, maximumFrameBytes } from './frames.ts';

const arbitraryFrame: fc.Arbitrary<Frame> = fc.oneof(
  fc.record({ kind: fc.constant('json' as const), value: fc.jsonValue({ noUnicodeString: false }) }),
  fc.record({ kind: fc.constant('bytes' as const), id: fc.nat(0xffff_ffff), offset: fc.nat(Number.MAX_SAFE_INTEGER), bytes: fc.uint8Array({ maxLength: 300 }) }),
);

/** Plain forms that compare whole: a view of a larger buffer is the bytes it shows; -0 is 0 in JSON. */
function plain(frame: Frame): unknown {
  return frame.kind === 'json' ? { kind: 'json', value: JSON.parse(JSON.stringify(frame.value)) as unknown } : { ...frame, bytes: [...frame.bytes] };
}

function encodeAll(frames: readonly Frame[]): Buffer {
  return Buffer.concat(frames.flatMap((frame) => encodeFrame(frame)));
}

function splitAt(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const edges = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).toSorted((left, right) => left - right), bytes.length];
  return edges.slice(1).map((end, index) => bytes.subarray(edges[index], end));
}

describe('frames', () => {
  test('come out as they went in, wherever the stream is cut', () => {
    fc.assert(
      fc.property(fc.array(arbitraryFrame, { maxLength: 8 }), fc.array(fc.nat(), { maxLength: 40 }), (frames, cuts) => {
        const splitter = new FrameSplitter();
        const received = splitAt(encodeAll(frames), cuts).flatMap((piece) => [...splitter.push(piece)]);
        expect(received.map(plain)).toEqual(frames.map(plain));
        expect(splitter.heldBytes).toBe(0);
      }),
      { numRuns: 400 },
    );
  });

  test('come out of single bytes', () => {
    const frames: Frame[] = [{ kind: 'json', value: { t: 'hello', text: 'grüß' } }, { kind: 'bytes', id: 7, offset: 2 ** 40, bytes: new Uint8Array([0, 255, 10]) }];
    const splitter = new FrameSplitter();
    const received = [...encodeAll(frames)].flatMap((byte) => [...splitter.push(Buffer.from([byte]))]);
    expect(received.map(plain)).toEqual(frames.map(plain));
  });

  test('a large one is put together from many pieces', () => {
    const bytes = Buffer.alloc(3 << 20, 'vireo');
    const splitter = new FrameSplitter();
    const whole = encodeAll([{ kind: 'bytes', id: 1, offset: 0, bytes }]);
    const received: Frame[] = [];
    for (let start = 0; start < whole.length; start += 65_536) received.push(...splitter.push(whole.subarray(start, start + 65_536)));
    expect(received).toHaveLength(1);
    expect(received[0]?.kind === 'bytes' && Buffer.compare(received[0].bytes, bytes)).toBe(0);
  });

  test.each([
    ['a length over the limit', Buffer.from([0x7f, 0xff, 0xff, 0xff]), 'a message of 2147483647 bytes is not between'],
    ['a length of zero', Buffer.from([0, 0, 0, 0]), 'a message of 0 bytes is not between'],
    ['an unknown kind', Buffer.from([0, 0, 0, 1, 9]), 'has the unknown kind 9'],
    ['broken JSON', Buffer.from([0, 0, 0, 2, 0, 0x7b]), 'is not JSON'],
    ['bytes without their head', Buffer.from([0, 0, 0, 3, 1, 0, 0]), 'has only 3 bytes'],
  ])('%s is refused by name, before anything is kept for it', (_, bytes, reason) => {
    expect(() => [...new FrameSplitter().push(bytes)]).toThrow(reason);
  });

  test('what the other side would refuse is not sent', () => {
    expect(() => encodeFrame({ kind: 'bytes', id: 1, offset: 0, bytes: new Uint8Array(maximumFrameBytes) })).toThrow('is not between');
  });
});
