/**
 * The little of telnet (RFC 854) that QEMU speaks on `telnet=on`. It opens with offers to which it wants no answer, takes
 * IAC IAC for one byte 0xff of input, and sends what the guest says as it is, without doubling anything
 * (QEMU 7.2, chardev/char-socket.c, tcp_chr_telnet_init and tcp_chr_process_IAC_bytes).
 */
export const iac = 0xff;

/** Input as QEMU's telnet server wants it. */
export function escapeTelnet(bytes: Uint8Array): Uint8Array {
  let count = 0;
  for (const byte of bytes) if (byte === iac) count++;
  if (count === 0) return bytes;
  const escaped = new Uint8Array(bytes.length + count);
  let at = 0;
  for (const byte of bytes) {
    escaped[at++] = byte;
    if (byte === iac) escaped[at++] = iac;
  }
  return escaped;
}
