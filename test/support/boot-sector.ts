/**
 * A guest of 512 bytes that talks on COM1 and is up in a tenth of a second. It greets with `greeting`, then obeys
 * single characters: F floods counted lines until S comes, B sends every byte value once, Q powers off; every other
 * one it echoes.
 *
 * Assembled with GNU as; the listing beside the bytes is what they mean.
 */
export const greeting = 'BOOT-SECTOR-READY\r\n';

const code = [
  // start: a stack, and flat segments
  'fa', // 7c00 cli
  '31c0', // 7c01 xor ax,ax
  '8ed8', // 7c03 mov ds,ax
  '8ec0', // 7c05 mov es,ax
  '8ed0', // 7c07 mov ss,ax
  'bc007c', // 7c09 mov sp,0x7c00
  // the timer at 1 kHz instead of 18 Hz, so that an echo does not take 55 ms
  'b034', // 7c0c mov al,0x34
  'e643', // 7c0e out 0x43,al
  'b0a9', // 7c10 mov al,0xa9
  'e640', // 7c12 out 0x40,al
  'b004', // 7c14 mov al,0x4
  'e640', // 7c16 out 0x40,al
  // print the greeting
  'bead7c', // 7c18 mov si,0x7cad
  'ac', // 7c1b lods al,BYTE PTR ds:[si]
  '84c0', // 7c1c test al,al
  '7405', // 7c1e je 7c25
  'e87700', // 7c20 call 7c9a
  'ebf6', // 7c23 jmp 7c1b
  // ready: the counter is zero
  '6631db', // 7c25 xor ebx,ebx
  'fb', // 7c28 sti
  // idle: sleep until the timer ticks
  'f4', // 7c29 hlt
  // poll
  'e85d00', // 7c2a call 7c8a
  '74fa', // 7c2d je 7c29
  '3c46', // 7c2f cmp al,0x46
  '740d', // 7c31 je 7c40
  '3c42', // 7c33 cmp al,0x42
  '743f', // 7c35 je 7c76
  '3c51', // 7c37 cmp al,0x51
  '7446', // 7c39 je 7c81
  // echo
  'e85c00', // 7c3b call 7c9a
  'ebea', // 7c3e jmp 7c2a
  // flood: lines until an S comes
  'e80b00', // 7c40 call 7c4e
  'e84400', // 7c43 call 7c8a
  '74f8', // 7c46 je 7c40
  '3c53', // 7c48 cmp al,0x53
  '75f4', // 7c4a jne 7c40
  'ebdc', // 7c4c jmp 7c2a
  // line: the counter in eight hexadecimal digits, CR, LF
  '6643', // 7c4e inc ebx
  '6689da', // 7c50 mov edx,ebx
  'b90800', // 7c53 mov cx,0x8
  '66c1c204', // 7c56 rol edx,0x4
  '88d0', // 7c5a mov al,dl
  '240f', // 7c5c and al,0xf
  '0430', // 7c5e add al,0x30
  '3c39', // 7c60 cmp al,0x39
  '7602', // 7c62 jbe 7c66
  '0427', // 7c64 add al,0x27
  'e83100', // 7c66 call 7c9a
  'e2eb', // 7c69 loop 7c56
  'b00d', // 7c6b mov al,0xd
  'e82a00', // 7c6d call 7c9a
  'b00a', // 7c70 mov al,0xa
  'e82500', // 7c72 call 7c9a
  'c3', // 7c75 ret
  // binary: every byte value once
  '30c0', // 7c76 xor al,al
  'e81f00', // 7c78 call 7c9a
  'fec0', // 7c7b inc al
  '75f9', // 7c7d jne 7c78
  'eba9', // 7c7f jmp 7c2a
  // off: ACPI power-off of QEMU's q35
  'ba0406', // 7c81 mov dx,0x604
  'b80020', // 7c84 mov ax,0x2000
  'ef', // 7c87 out dx,ax
  'eb9f', // 7c88 jmp 7c29
  // getc: the byte that waits in COM1, or the zero flag
  'bafd03', // 7c8a mov dx,0x3fd
  'ec', // 7c8d in al,dx
  'a801', // 7c8e test al,0x1
  '7407', // 7c90 je 7c99
  'baf803', // 7c92 mov dx,0x3f8
  'ec', // 7c95 in al,dx
  '80cc01', // 7c96 or ah,0x1
  'c3', // 7c99 ret
  // putc: wait for room, then send
  '6652', // 7c9a push edx
  '50', // 7c9c push ax
  'bafd03', // 7c9d mov dx,0x3fd
  'ec', // 7ca0 in al,dx
  'a820', // 7ca1 test al,0x20
  '74fb', // 7ca3 je 7ca0
  '58', // 7ca5 pop ax
  'baf803', // 7ca6 mov dx,0x3f8
  'ee', // 7ca9 out dx,al
  '665a', // 7caa pop edx
  'c3', // 7cac ret
].join('');

/** A raw disk image that boots, 1 MiB because QEMU guesses a geometry from the size. */
export function bootSectorImage(): Buffer {
  const image = Buffer.alloc(1_048_576);
  const program = Buffer.from(code, 'hex');
  program.copy(image);
  image.write(`${greeting}\0`, program.length, 'latin1');
  image.writeUInt16LE(0xaa55, 510);
  return image;
}

/** The first `length` bytes of what F floods. */
export function floodedBytes(length: number): Buffer {
  const lines = Array.from({ length: Math.ceil(length / 10) }, (_, line) => `${(line + 1).toString(16).padStart(8, '0')}\r\n`);
  return Buffer.from(lines.join(''), 'latin1').subarray(0, length);
}
