import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { VireoError } from '../base/errors.ts';
import { type ImageHeader, completion, decodeData, decodeHeader, encodeHead, headerBytes, isAligned, stateOffset } from './image-header.ts';

const text = fc.string({ minLength: 1, unit: 'grapheme' }).filter((each) => !each.includes('\0'));

function headOf(image: Partial<Parameters<typeof encodeHead>[0]> = {}): Buffer {
  return encodeHead({ xml: '<domain/>', cookie: null, wasRunning: true, formatNumber: 0, ...image }, 'complete');
}

test('what is written is what is read, in either byte order', () => {
  fc.assert(
    fc.property(text, fc.option(text), fc.boolean(), fc.integer({ min: 0, max: 5 }), fc.constantFrom('LE' as const, 'BE' as const), (xml, cookie, wasRunning, formatNumber, byteOrder) => {
      const room = decodeHeader(headOf({ xml, cookie }));
      const head = encodeHead({ xml, cookie, wasRunning, formatNumber }, 'complete', { ...room, byteOrder });
      const header = decodeHeader(head);
      expect(header).toMatchObject({ isComplete: true, byteOrder, wasRunning, formatNumber, dataBytes: room.dataBytes });
      expect(decodeData(head.subarray(headerBytes), header)).toEqual({ xml, cookie });
    }),
  );
});

test('the state begins where a disk’s block does, with room for a longer definition', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 100_000 }), (length) => {
      const head = headOf({ xml: 'x'.repeat(length) });
      const header = decodeHeader(head);
      expect([head.length, isAligned(header)]).toEqual([stateOffset(header), true]);
      expect(header.dataBytes - length).toBeGreaterThanOrEqual(65_536);
    }),
  );
});

test('the bytes are libvirt’s', () => {
  const head = encodeHead({ xml: '<domain/>', cookie: '<cookie/>', wasRunning: true, formatNumber: 5 }, 'partial', { dataBytes: 64, byteOrder: 'LE' });
  expect(head.toString('latin1', 0, 16)).toBe('LibvirtQemudPart');
  expect(Array.from({ length: 5 }, (_, at) => head.readUInt32LE(16 + 4 * at))).toEqual([2, 64, 1, 5, 10]);
  expect(head.subarray(36, 92).every((byte) => byte === 0)).toBe(true);
  expect(head.toString('latin1', 92, 92 + 20)).toBe('<domain/>\0<cookie/>\0');
  completion().copy(head);
  expect(decodeHeader(head).isComplete).toBe(true);
});

describe('what is no header', () => {
  test('is refused, whatever it is, and nothing else is thrown', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (noise, hasMagic) => {
        const bytes = hasMagic ? Buffer.concat([Buffer.from('LibvirtQemudSave'), noise]) : Buffer.from(noise);
        try {
          const header = decodeHeader(bytes);
          decodeData(bytes.subarray(headerBytes), header);
        } catch (error) {
          expect(error).toBeInstanceOf(VireoError);
          expect((error as VireoError).code).toBe('OPERATION_FAILED');
        }
      }),
    );
  });

  test('a definition that does not fit is refused with what there is room for', () => {
    const room: Pick<ImageHeader, 'dataBytes' | 'byteOrder'> = { dataBytes: 20, byteOrder: 'LE' };
    expect(() => encodeHead({ xml: 'x'.repeat(20), cookie: null, wasRunning: true, formatNumber: 0 }, 'complete', room)).toThrow('new xml too large to fit in file: 21 bytes, and there is room for 20');
  });
});
