/** RFB's password check: the challenge encrypted by DES with the password as its key (RFC 6143, 7.2.2). */
import { createCipheriv } from 'node:crypto';

const blockBytes = 8;

/**
 * The answer to a challenge of 16 bytes; the password's first eight bytes count. OpenSSL 3 and Electron's BoringSSL no
 * longer have plain DES in common: triple DES with one key three times is the same, and so is one block chained to zero.
 */
export function answerChallenge(challenge: Uint8Array, password: string): Buffer {
  const key = Buffer.alloc(blockBytes);
  Buffer.from(password).copy(key, 0, 0, blockBytes);
  const mirrored = key.map(mirrorBits);
  const encrypt = (block: Uint8Array): Buffer => {
    const cipher = createCipheriv('des-ede3-cbc', Buffer.concat([mirrored, mirrored, mirrored]), Buffer.alloc(blockBytes)).setAutoPadding(false);
    return Buffer.concat([cipher.update(block), cipher.final()]);
  };
  return Buffer.concat([encrypt(challenge.subarray(0, blockBytes)), encrypt(challenge.subarray(blockBytes, 2 * blockBytes))]);
}

/** VNC reads a key's bits from the other end of each byte. */
function mirrorBits(byte: number): number {
  let mirrored = 0;
  for (let bit = 0; bit < 8; bit += 1) if (byte & (1 << bit)) mirrored |= 0x80 >> bit;
  return mirrored;
}
