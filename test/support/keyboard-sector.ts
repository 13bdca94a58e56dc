/**
 * A guest of 512 bytes with a screen and a keyboard: it paints a pattern of 320 by 200 points, greets on COM1, and then
 * prints every byte that its PS/2 keyboard sends there, in hexadecimal (`1e ` and `9e ` for A pressed and let go), and
 * paints eight lines in the colour of that number. So a test sees what reached the guest, and the picture changes.
 *
 * Assembled with GNU as; the listing beside the bytes is what they mean.
 */
export const keyboardGreeting = 'KEYBOARD-READY\r\n';

const code = [
  // start: a stack, and flat segments
  'fa', // 7c00 cli
  '31c0', // 7c01 xor ax,ax
  '8ed8', // 7c03 mov ds,ax
  '8ed0', // 7c05 mov ss,ax
  'bc007c', // 7c07 mov sp,0x7c00
  // the timer at 1 kHz, so that a key is seen soon
  'b034', // 7c0a mov al,0x34
  'e643', // 7c0c out 0x43,al
  'b0a9', // 7c0e mov al,0xa9
  'e640', // 7c10 out 0x40,al
  'b004', // 7c12 mov al,0x4
  'e640', // 7c14 out 0x40,al
  // 320 by 200 in 256 colours, with a pattern in all of them
  'b81300', // 7c16 mov ax,0x13
  'cd10', // 7c19 int 0x10
  'fa', // 7c1b cli
  '6800a0', // 7c1c push 0xa000
  '07', // 7c1f pop es
  '31ff', // 7c20 xor di,di
  '89f8', // 7c22 mov ax,di
  '30e0', // 7c24 xor al,ah
  'aa', // 7c26 stos BYTE PTR es:[di],al
  '81ff00fa', // 7c27 cmp di,0xfa00
  '75f5', // 7c2b jne 0x7c22
  // the BIOS gets no keys: its interrupt is masked
  'e421', // 7c2d in al,0x21
  '0c02', // 7c2f or al,0x2
  'e621', // 7c31 out 0x21,al
  // print the greeting
  'be907c', // 7c33 mov si,0x7c90
  'ac', // 7c36 lods al,BYTE PTR ds:[si]
  '84c0', // 7c37 test al,al
  '7405', // 7c39 je 0x7c40
  'e84300', // 7c3b call 0x7c81
  'ebf6', // 7c3e jmp 0x7c36
  // idle: sleep until the timer ticks
  '31ff', // 7c40 xor di,di
  'fb', // 7c42 sti
  'f4', // 7c43 hlt
  'fa', // 7c44 cli
  // poll: what the keyboard sent; the mouse is not ours
  'e464', // 7c45 in al,0x64
  'a801', // 7c47 test al,0x1
  '74f7', // 7c49 je 0x7c42
  '88c4', // 7c4b mov ah,al
  'e460', // 7c4d in al,0x60
  'f6c420', // 7c4f test ah,0x20
  '75f1', // 7c52 jne 0x7c45
  // eight lines of the picture in the colour of the code
  '88c3', // 7c54 mov bl,al
  'b9000a', // 7c56 mov cx,0xa00
  'f3aa', // 7c59 rep stos BYTE PTR es:[di],al
  '81ff00f0', // 7c5b cmp di,0xf000
  '7202', // 7c5f jb 0x7c63
  '31ff', // 7c61 xor di,di
  // print it: two hexadecimal digits and a space
  '88d8', // 7c63 mov al,bl
  'c0e804', // 7c65 shr al,0x4
  'e80e00', // 7c68 call 0x7c79
  '88d8', // 7c6b mov al,bl
  '240f', // 7c6d and al,0xf
  'e80700', // 7c6f call 0x7c79
  'b020', // 7c72 mov al,0x20
  'e80a00', // 7c74 call 0x7c81
  'ebcc', // 7c77 jmp 0x7c45
  // digit
  '0430', // 7c79 add al,0x30
  '3c39', // 7c7b cmp al,0x39
  '7602', // 7c7d jbe 0x7c81
  '0427', // 7c7f add al,0x27
  // putc: wait for room, then send
  '50', // 7c81 push ax
  'bafd03', // 7c82 mov dx,0x3fd
  'ec', // 7c85 in al,dx
  'a820', // 7c86 test al,0x20
  '74fb', // 7c88 je 0x7c85
  '58', // 7c8a pop ax
  'baf803', // 7c8b mov dx,0x3f8
  'ee', // 7c8e out dx,al
  'c3', // 7c8f ret
].join('');

/** A raw disk image that boots. */
export function keyboardSectorImage(): Buffer {
  const image = Buffer.alloc(1_048_576);
  const program = Buffer.from(code, 'hex');
  program.copy(image);
  image.write(`${keyboardGreeting}\0`, program.length, 'latin1');
  image.writeUInt16LE(0xaa55, 510);
  return image;
}
