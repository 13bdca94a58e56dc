/** Numbers as C writes them: 0x1f, 037 and 31 are the same. So libvirt reads a host's USB and SCSI addresses; it prints decimal. */
import type { Scalar } from '../../conf/codec/scalar.ts';

export function cNumber(maximum: number): Scalar<number> {
  return {
    parse(text) {
      const value = /^0[0-7]+$/.test(text) ? Number.parseInt(text, 8) : /^(0x[0-9a-f]{1,12}|\d{1,15})$/i.test(text) ? Number(text) : Number.NaN;
      return value <= maximum ? value : undefined;
    },
    format: String,
    allowed: `a number from 0 to ${maximum}`,
    shape: { type: 'integer', minimum: 0, maximum },
  };
}
