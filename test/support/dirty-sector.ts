/**
 * A guest of 512 bytes that changes its memory without end: it writes the number of the pass into every page from 2 MiB on,
 * looks first whether the page still holds the number of the pass before, and says a dot on COM1 after each pass, or `!`
 * for a page that does not. A migration of it lasts as long as a test limits its speed.
 *
 * Assembled with GNU as; the listing beside the bytes is what they mean.
 */
const code = [
  // start: real mode, flat descriptors, then 32 bits
  'fa', // 7c00 cli
  '31c0', // 7c01 xor ax,ax
  '8ed8', // 7c03 mov ds,ax
  'e492', // 7c05 in al,0x92
  '0c02', // 7c07 or al,2
  'e692', // 7c09 out 0x92,al
  '660f0116987c', // 7c0b lgdtl [0x7c98]
  '0f20c0', // 7c11 mov eax,cr0
  '0c01', // 7c14 or al,1
  '0f22c0', // 7c16 mov cr0,eax
  '66ea217c00000800', // 7c19 jmp 8:0x7c21
  // flat
  '66b81000', // 7c21 mov ax,0x10
  '8ed8', // 7c25 mov ds,eax
  '8ec0', // 7c27 mov es,eax
  '8ed0', // 7c29 mov ss,eax
  'bc007c0000', // 7c2b mov esp,0x7c00
  '31f6', // 7c30 xor esi,esi
  // pass
  '46', // 7c32 inc esi
  'bf00002000', // 7c33 mov edi,0x200000
  // page
  '8d46ff', // 7c38 lea eax,[esi-1]
  '3907', // 7c3b cmp [edi],eax
  '7407', // 7c3d je 7c46
  'b021', // 7c3f mov al,'!'
  'e825000000', // 7c41 call 7c6b
  '8937', // 7c46 mov [edi],esi
  'b911111111', // 7c48 mov ecx, how long to wait after each page
  'e305', // 7c4d jecxz 7c54
  'e680', // 7c4f out 0x80,al
  '49', // 7c51 dec ecx
  'ebf9', // 7c52 jmp 7c4d
  '81c700100000', // 7c54 add edi,4096
  '81ff22222222', // 7c5a cmp edi, where the memory ends
  '72d6', // 7c60 jb 7c38
  'b02e', // 7c62 mov al,'.'
  'e802000000', // 7c64 call 7c6b
  'ebc7', // 7c69 jmp 7c32
  // putc
  '89c3', // 7c6b mov ebx,eax
  '66bafd03', // 7c6d mov dx,0x3fd
  'ec', // 7c71 in al,dx
  'a820', // 7c72 test al,0x20
  '74fb', // 7c74 je 7c71
  '89d8', // 7c76 mov eax,ebx
  '66baf803', // 7c78 mov dx,0x3f8
  'ee', // 7c7c out dx,al
  'c3', // 7c7d ret
  '0000', // 7c7e
  // the descriptors, and where they are
  '0000000000000000', // 7c80
  'ffff0000009acf00', // 7c88 code
  'ffff00000092cf00', // 7c90 data
  '1700807c0000', // 7c98
].join('');

const waitAt = code.indexOf('11111111') / 2;
const endAt = code.indexOf('22222222') / 2;

export interface DirtyOptions {
  /** How much of its memory it changes, from 2 MiB on. */
  readonly dirtyMiB?: number;
  /** Writes to an unused port after each page: each takes the better part of a microsecond. */
  readonly pauses?: number;
}

/** A raw disk image that boots. */
export function dirtySectorImage({ dirtyMiB = 24, pauses = 20 }: DirtyOptions = {}): Buffer {
  const image = Buffer.alloc(1_048_576);
  const program = Buffer.from(code, 'hex');
  program.writeUInt32LE(pauses, waitAt);
  program.writeUInt32LE((2 + dirtyMiB) * 2 ** 20, endAt);
  program.copy(image);
  image.writeUInt16LE(0xaa55, 510);
  return image;
}
