/**
 * A guest of one sector that checks itself: without end it looks whether each double word of its memory, from 2 MiB on, holds
 * what the pass before wrote there, and writes the next pass's; after each pass it reads the block that it wrote last from its
 * disk, looks at it as well, and writes the next one (IDE, PIO: sector 1024 + number % 1024). Then a line on COM1 says what it
 * has found so far (`reportsIn`). Whatever a migration loses, doubles or brings from an earlier moment is told by the guest.
 *
 * Assembled with GNU as; the listing beside the bytes is what they mean.
 */
const code = [
  // start: real mode, then flat 32 bits
  'fa', // 7c00 cli
  '31c0', // 7c01 xor ax,ax
  '8ed8', // 7c03 mov ds,ax
  'e492', // 7c05 in al,0x92
  '0c02', // 7c07 or al,0x2
  'e692', // 7c09 out 0x92,al
  '660f0116f87d', // 7c0b lgdtd 0x7df8
  '0f20c0', // 7c11 mov eax,cr0
  '0c01', // 7c14 or al,0x1
  '0f22c0', // 7c16 mov cr0,eax
  '66ea217c00000800', // 7c19 jmp 0x8:0x7c21
  // protected
  '66b81000', // 7c21 mov ax,0x10
  '8ed8', // 7c25 mov ds,eax
  '8ec0', // 7c27 mov es,eax
  '8ed0', // 7c29 mov ss,eax
  'bc007c0000', // 7c2b mov esp,0x7c00
  'fc', // 7c30 cld
  '66baf603', // 7c31 mov dx,0x3f6
  'b002', // 7c35 mov al,0x2
  'ee', // 7c37 out dx,al
  '31f6', // 7c38 xor esi,esi
  '31c0', // 7c3a xor eax,eax
  'bf00800000', // 7c3c mov edi,0x8000
  'b920000000', // 7c41 mov ecx,0x20
  'f3ab', // 7c46 rep stos [edi],eax
  // first: what the first pass finds
  'bf00002000', // 7c48 mov edi,0x200000
  '8d043e', // 7c4d lea eax,[esi+edi*1]
  'b900040000', // 7c50 mov ecx,0x400
  'e8eb000000', // 7c55 call 7d45
  '81ff22222222', // 7c5a cmp edi,where the memory ends
  '72eb', // 7c60 jb 7c4d
  // pass
  'bf00002000', // 7c62 mov edi,0x200000
  // page: look at it whole, then change it whole
  '8d043e', // 7c67 lea eax,[esi+edi*1]
  'b900040000', // 7c6a mov ecx,0x400
  '57', // 7c6f push edi
  'e8d9000000', // 7c70 call 7d4e
  '5f', // 7c75 pop edi
  '7406', // 7c76 je 7c7e
  'ff0504800000', // 7c78 inc 0x8004
  '8d443e01', // 7c7e lea eax,[esi+edi*1+0x1]
  'b900040000', // 7c82 mov ecx,0x400
  'e8b9000000', // 7c87 call 7d45
  'b911111111', // 7c8c mov ecx,how long to wait after each page
  'e305', // 7c91 jecxz 7c98
  'e680', // 7c93 out 0x80,al
  '49', // 7c95 dec ecx
  'ebf9', // 7c96 jmp 7c91
  '81ff22222222', // 7c98 cmp edi,where the memory ends
  '72c7', // 7c9e jb 7c67
  '85f6', // 7ca0 test esi,esi
  '742f', // 7ca2 je 7cd3
  '89f0', // 7ca4 mov eax,esi
  'b320', // 7ca6 mov bl,0x20
  'e8c1000000', // 7ca8 call 7d6e
  'bf00900000', // 7cad mov edi,0x9000
  'b900010000', // 7cb2 mov ecx,0x100
  '66f36d', // 7cb7 rep ins [edi],dx
  'bf00900000', // 7cba mov edi,0x9000
  '89f0', // 7cbf mov eax,esi
  'b980000000', // 7cc1 mov ecx,0x80
  'e883000000', // 7cc6 call 7d4e
  '7406', // 7ccb je 7cd3
  'ff0508800000', // 7ccd inc 0x8008
  // write: the next block
  '46', // 7cd3 inc esi
  'bf00900000', // 7cd4 mov edi,0x9000
  '89f0', // 7cd9 mov eax,esi
  'b980000000', // 7cdb mov ecx,0x80
  'e860000000', // 7ce0 call 7d45
  '89f0', // 7ce5 mov eax,esi
  'b330', // 7ce7 mov bl,0x30
  'e880000000', // 7ce9 call 7d6e
  '56', // 7cee push esi
  'be00900000', // 7cef mov esi,0x9000
  'b900010000', // 7cf4 mov ecx,0x100
  '66f36f', // 7cf9 rep outs dx,[esi]
  '5e', // 7cfc pop esi
  'e8a1000000', // 7cfd call 7da3
  '893500800000', // 7d02 mov 0x8000,esi
  'bd00800000', // 7d08 mov ebp,0x8000
  // say: five numbers and the end of the line
  '8b5d00', // 7d0d mov ebx,[ebp+0x0]
  'b908000000', // 7d10 mov ecx,0x8
  'c1c304', // 7d15 rol ebx,0x4
  '88d8', // 7d18 mov al,bl
  '240f', // 7d1a and al,0xf
  '3c0a', // 7d1c cmp al,0xa
  '1c69', // 7d1e sbb al,0x69
  '2f', // 7d20 das
  'e891000000', // 7d21 call 7db7
  'e2ed', // 7d26 loop 7d15
  '83c504', // 7d28 add ebp,0x4
  'b020', // 7d2b mov al,0x20
  '81fd14800000', // 7d2d cmp ebp,0x8014
  '7202', // 7d33 jb 7d37
  'b00a', // 7d35 mov al,0xa
  'e87b000000', // 7d37 call 7db7
  '3c0a', // 7d3c cmp al,0xa
  '75cd', // 7d3e jne 7d0d
  'e91dffffff', // 7d40 jmp 7c62
  // fill ecx double words at edi with what begins with eax
  'ab', // 7d45 stos [edi],eax
  '05b179379e', // 7d46 add eax,0x9e3779b1
  'e2f8', // 7d4b loop 7d45
  'c3', // 7d4d ret
  // check the same: equal, or where it is not and what is there
  '3907', // 7d4e cmp [edi],eax
  '750d', // 7d50 jne 7d5f
  '83c704', // 7d52 add edi,0x4
  '05b179379e', // 7d55 add eax,0x9e3779b1
  'e2f2', // 7d5a loop 7d4e
  '39c0', // 7d5c cmp eax,eax
  'c3', // 7d5e ret
  '893d0c800000', // 7d5f mov 0x800c,edi
  '8b17', // 7d65 mov edx,[edi]
  '891510800000', // 7d67 mov 0x8010,edx
  'c3', // 7d6d ret
  // address: sector 1024 + eax % 1024, command bl
  '25ff030000', // 7d6e and eax,0x3ff
  '0500040000', // 7d73 add eax,0x400
  '50', // 7d78 push eax
  '66baf601', // 7d79 mov dx,0x1f6
  'b0e0', // 7d7d mov al,0xe0
  'ee', // 7d7f out dx,al
  '66baf201', // 7d80 mov dx,0x1f2
  'b001', // 7d84 mov al,0x1
  'ee', // 7d86 out dx,al
  '58', // 7d87 pop eax
  '42', // 7d88 inc edx
  'ee', // 7d89 out dx,al
  '42', // 7d8a inc edx
  '88e0', // 7d8b mov al,ah
  'ee', // 7d8d out dx,al
  '42', // 7d8e inc edx
  'b000', // 7d8f mov al,0x0
  'ee', // 7d91 out dx,al
  '66baf701', // 7d92 mov dx,0x1f7
  '88d8', // 7d96 mov al,bl
  'ee', // 7d98 out dx,al
  'e805000000', // 7d99 call 7da3
  '66baf001', // 7d9e mov dx,0x1f0
  'c3', // 7da2 ret
  // ready
  '66baf701', // 7da3 mov dx,0x1f7
  'ec', // 7da7 in al,dx
  'a880', // 7da8 test al,0x80
  '75fb', // 7daa jne 7da7
  'a821', // 7dac test al,0x21
  '7406', // 7dae je 7db6
  'ff0508800000', // 7db0 inc 0x8008
  'c3', // 7db6 ret
  // putc
  '50', // 7db7 push eax
  '66bafd03', // 7db8 mov dx,0x3fd
  'ec', // 7dbc in al,dx
  'a820', // 7dbd test al,0x20
  '74fb', // 7dbf je 7dbc
  '58', // 7dc1 pop eax
  '66baf803', // 7dc2 mov dx,0x3f8
  'ee', // 7dc6 out dx,al
  'c3', // 7dc7 ret
].join('');

const descriptors = [
  '0000000000000000', // 7de0
  'ffff0000009acf00', // 7de8 code
  'ffff00000092cf00', // 7df0 data
  '1700e07d0000', // 7df8
].join('');

const descriptorsAt = 0x1e0;
const waitAt = code.indexOf('11111111') / 2;
/** Where the pattern ends is named twice: for what fills it first, and for the passes. */
const endsAt = [code.indexOf('22222222') / 2, code.lastIndexOf('22222222') / 2];
const firstSector = 1024;
const sectors = 1024;
const sectorBytes = 512;
const step = 0x9e3779b1;

export interface CheckedSectorOptions {
  /** How much of its memory it checks and changes, from 2 MiB on. */
  readonly memoryMiB?: number;
  /** Writes to an unused port after each page: each takes the better part of a microsecond. */
  readonly pauses?: number;
}

/** A raw disk image that boots. */
export function checkedSectorImage({ memoryMiB = 8, pauses = 0 }: CheckedSectorOptions = {}): Buffer {
  const image = Buffer.alloc((firstSector + sectors) * sectorBytes);
  const program = Buffer.from(code, 'hex');
  program.writeUInt32LE(pauses, waitAt);
  for (const at of endsAt) program.writeUInt32LE((2 + memoryMiB) * 2 ** 20, at);
  program.copy(image);
  Buffer.from(descriptors, 'hex').copy(image, descriptorsAt);
  image.writeUInt16LE(0xaa55, 510);
  return image;
}

/** What the guest has said after a pass. */
export interface GuestReport {
  readonly pass: number;
  /** Pages that did not hold what they should, and blocks likewise, with errors of the disk; each from the start on. */
  readonly memoryErrors: number;
  readonly diskErrors: number;
  /** The last wrong double word, and what was there. */
  readonly wrongAt: number;
  readonly wrongValue: number;
}

/** Every whole line of what the console has said. */
export function reportsIn(said: string): readonly GuestReport[] {
  return [...said.matchAll(/(?:^|\n)([\dA-F]{8}) ([\dA-F]{8}) ([\dA-F]{8}) ([\dA-F]{8}) ([\dA-F]{8})(?=\n)/g)].map((match) => {
    const [pass, memoryErrors, diskErrors, wrongAt, wrongValue] = match.slice(1).map((digits) => Number.parseInt(digits, 16)) as [number, number, number, number, number];
    return { pass, memoryErrors, diskErrors, wrongAt, wrongValue };
  });
}

/** The blocks that the image of a guest that stands still must hold after so many passes, and does not; the next one may be there already. */
export function wrongBlocksOf(image: Buffer, passes: number): readonly string[] {
  const newest = holds(image, passes + 1) ? passes + 1 : passes;
  const oldest = Math.max(1, newest - sectors + 1);
  return Array.from({ length: newest - oldest + 1 }, (_, at) => oldest + at).filter((block) => !holds(image, block)).map((block) => `block ${block} holds ${image.readUInt32LE(offsetOf(block))}`);
}

const offsetOf = (block: number): number => (firstSector + (block % sectors)) * sectorBytes;

function holds(image: Buffer, block: number): boolean {
  const offset = offsetOf(block);
  return Array.from({ length: sectorBytes / 4 }, (_, at) => at).every((at) => image.readUInt32LE(offset + 4 * at) === (block + at * step) % 2 ** 32);
}
