/**
 * A guest of 512 bytes that talks on COM1 and is up in a tenth of a second. It greets with `greeting`, then obeys
 * single characters: F floods counted lines until S comes, B sends every byte value once, Q powers off; every other
 * one it echoes. The bytes 1 to 5 are for hardware, see `outByte` and the others below; each is acknowledged with a dot.
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
  'be287d', // 7c18 mov si,0x7d28
  'ac', // 7c1b lods al,BYTE PTR ds:[si]
  '84c0', // 7c1c test al,al
  '7405', // 7c1e je 7c25
  'e8f200', // 7c20 call 7d15
  'ebf6', // 7c23 jmp 7c1b
  // ready: the counter is zero
  '6631db', // 7c25 xor ebx,ebx
  'fb', // 7c28 sti
  // idle: sleep until the timer ticks
  'f4', // 7c29 hlt
  // poll
  'e8d800', // 7c2a call 7d05
  '74fa', // 7c2d je 7c29
  '3c46', // 7c2f cmp al,0x46
  '7415', // 7c31 je 7c48
  '3c42', // 7c33 cmp al,0x42
  '7447', // 7c35 je 7c7e
  '3c51', // 7c37 cmp al,0x51
  '744e', // 7c39 je 7c89
  '84c0', // 7c3b test al,al
  '7404', // 7c3d je 7c43
  '3c05', // 7c3f cmp al,0x5
  '764f', // 7c41 jbe 7c92
  // echo
  'e8cf00', // 7c43 call 7d15
  'ebe2', // 7c46 jmp 7c2a
  // flood: lines until an S comes
  'e80b00', // 7c48 call 7c56
  'e8b700', // 7c4b call 7d05
  '74f8', // 7c4e je 7c48
  '3c53', // 7c50 cmp al,0x53
  '75f4', // 7c52 jne 7c48
  'ebd4', // 7c54 jmp 7c2a
  // line: the counter in eight hexadecimal digits, CR, LF
  '6643', // 7c56 inc ebx
  '6689da', // 7c58 mov edx,ebx
  'b90800', // 7c5b mov cx,0x8
  '66c1c204', // 7c5e rol edx,0x4
  '88d0', // 7c62 mov al,dl
  '240f', // 7c64 and al,0xf
  '0430', // 7c66 add al,0x30
  '3c39', // 7c68 cmp al,0x39
  '7602', // 7c6a jbe 7c6e
  '0427', // 7c6c add al,0x27
  'e8a400', // 7c6e call 7d15
  'e2eb', // 7c71 loop 7c5e
  'b00d', // 7c73 mov al,0xd
  'e89d00', // 7c75 call 7d15
  'b00a', // 7c78 mov al,0xa
  'e89800', // 7c7a call 7d15
  'c3', // 7c7d ret
  // binary: every byte value once
  '30c0', // 7c7e xor al,al
  'e89200', // 7c80 call 7d15
  'fec0', // 7c83 inc al
  '75f9', // 7c85 jne 7c80
  'eba1', // 7c87 jmp 7c2a
  // off: ACPI power-off of QEMU's q35
  'ba0406', // 7c89 mov dx,0x604
  'b80020', // 7c8c mov ax,0x2000
  'ef', // 7c8f out dx,ax
  'eb97', // 7c90 jmp 7c29
  // device: an address of two bytes and a value of four, then 1 and 2 and 3 write it to a port as a byte, a word, a double word
  '88c1', // 7c92 mov cl,al
  'e85700', // 7c94 call 7cee
  '89c7', // 7c97 mov di,ax
  'e85200', // 7c99 call 7cee
  '50', // 7c9c push ax
  'e84e00', // 7c9d call 7cee
  '50', // 7ca0 push ax
  '6658', // 7ca1 pop eax
  '66c1c010', // 7ca3 rol eax,0x10
  '89fa', // 7ca7 mov dx,di
  '80f902', // 7ca9 cmp cl,0x2
  '7708', // 7cac ja 7cb6
  '7403', // 7cae je 7cb3
  'ee', // 7cb0 out dx,al
  'eb36', // 7cb1 jmp 7ce9
  'ef', // 7cb3 out dx,ax
  'eb33', // 7cb4 jmp 7ce9
  '80f904', // 7cb6 cmp cl,0x4
  '7712', // 7cb9 ja 7ccd
  '7404', // 7cbb je 7cc1
  '66ef', // 7cbd out dx,eax
  'eb28', // 7cbf jmp 7ce9
  // 4 stores it at that place above 0xa0000
  '6800a0', // 7cc1 push 0xa000
  '07', // 7cc4 pop es
  '26668905', // 7cc5 mov DWORD PTR es:[di],eax
  '1e', // 7cc9 push ds
  '07', // 7cca pop es
  'eb1c', // 7ccb jmp 7ce9
  // 5 writes 64 sectors of the second disk, beginning with that one: an address packet for the BIOS on the stack
  '6a00', // 7ccd push 0x0
  '6a00', // 7ccf push 0x0
  '6650', // 7cd1 push eax
  '680010', // 7cd3 push 0x1000
  '6a00', // 7cd6 push 0x0
  '6a40', // 7cd8 push 0x40
  '6a10', // 7cda push 0x10
  '89e6', // 7cdc mov si,sp
  'b80043', // 7cde mov ax,0x4300
  'b281', // 7ce1 mov dl,0x81
  'cd13', // 7ce3 int 0x13
  'bc007c', // 7ce5 mov sp,0x7c00
  'fb', // 7ce8 sti
  // done: it is acknowledged
  'b02e', // 7ce9 mov al,0x2e
  'e955ff', // 7ceb jmp 7c43
  // getw: two bytes, the low one first
  'e80e00', // 7cee call 7cff
  '88c4', // 7cf1 mov ah,al
  '50', // 7cf3 push ax
  'e80800', // 7cf4 call 7cff
  '88c5', // 7cf7 mov ch,al
  '58', // 7cf9 pop ax
  '88e0', // 7cfa mov al,ah
  '88ec', // 7cfc mov ah,ch
  'c3', // 7cfe ret
  // getb: the next byte, however long it takes
  'e80300', // 7cff call 7d05
  '74fb', // 7d02 je 7cff
  'c3', // 7d04 ret
  // getc: the byte that waits in COM1, or the zero flag
  'bafd03', // 7d05 mov dx,0x3fd
  'ec', // 7d08 in al,dx
  'a801', // 7d09 test al,0x1
  '7407', // 7d0b je 7d14
  'baf803', // 7d0d mov dx,0x3f8
  'ec', // 7d10 in al,dx
  '80cc01', // 7d11 or ah,0x1
  'c3', // 7d14 ret
  // putc: wait for room, then send
  '6652', // 7d15 push edx
  '50', // 7d17 push ax
  'bafd03', // 7d18 mov dx,0x3fd
  'ec', // 7d1b in al,dx
  'a820', // 7d1c test al,0x20
  '74fb', // 7d1e je 7d1b
  '58', // 7d20 pop ax
  'baf803', // 7d21 mov dx,0x3f8
  'ee', // 7d24 out dx,al
  '665a', // 7d25 pop edx
  'c3', // 7d27 ret
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

function deviceCommand(command: number, place: number, value: number): Buffer {
  const bytes = Buffer.alloc(7);
  bytes.writeUInt8(command);
  bytes.writeUInt16LE(place, 1);
  bytes.writeUInt32LE(value, 3);
  return bytes;
}

/** Typed on its console, these make the guest write to a port of its machine. */
export const outByte = (port: number, value: number): Buffer => deviceCommand(1, port, value);
export const outWord = (port: number, value: number): Buffer => deviceCommand(2, port, value);
export const outLong = (port: number, value: number): Buffer => deviceCommand(3, port, value);

/** Stores a double word so many bytes above 0xa0000, where nothing is but what `mapDevice` puts there. */
export const storeLong = (offset: number, value: number): Buffer => deviceCommand(4, offset, value);

/** Writes 32 KiB to the second disk, beginning at this sector. */
export const writeSectors = (sector: number): Buffer => deviceCommand(5, 0, sector);

/** Writes to the configuration of the PCI device in this slot of the first bus. */
export const configure = (slot: number, register: number, value: number): Buffer => Buffer.concat([outLong(0xcf8, 0x80000000 + slot * 0x800 + (register & 0xfc)), outLong(0xcfc, value)]);

/** Puts the first memory window of the PCI device in this slot to 0xa0000, where real mode reaches it. */
export const mapDevice = (slot: number): Buffer => Buffer.concat([configure(slot, 0x10, 0xa0000), configure(slot, 0x04, 0x0002)]);
