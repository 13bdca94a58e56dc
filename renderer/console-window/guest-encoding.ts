/**
 * In which encoding a guest prints and reads: bytes to text for the terminal, typed text to bytes. The platform decodes
 * most of what there is and encodes UTF-8 alone, so the way back is looked up in what it decodes.
 */

export interface GuestEncoding {
  readonly id: string;
  /** As a list shows it. */
  readonly label: string;
  /** As the footer shows it. */
  readonly short: string;
}

/** By how likely a guest with it is; the id is the platform's name where it knows the encoding. */
export const guestEncodings = [
  { id: 'utf-8', label: 'Unicode (UTF-8)', short: 'UTF-8' },
  { id: 'latin1', label: 'Western (ISO 8859-1, Latin-1)', short: 'ISO 8859-1' },
  { id: 'iso-8859-15', label: 'Western (ISO 8859-15, Latin-9)', short: 'ISO 8859-15' },
  { id: 'windows-1252', label: 'Western (Windows 1252)', short: 'Windows 1252' },
  { id: 'cp437', label: 'DOS, firmware (code page 437)', short: 'CP437' },
  { id: 'ibm866', label: 'Cyrillic (DOS, code page 866)', short: 'CP866' },
  { id: 'koi8-r', label: 'Cyrillic (KOI8-R)', short: 'KOI8-R' },
  { id: 'koi8-u', label: 'Cyrillic (KOI8-U)', short: 'KOI8-U' },
  { id: 'windows-1251', label: 'Cyrillic (Windows 1251)', short: 'Windows 1251' },
  { id: 'iso-8859-5', label: 'Cyrillic (ISO 8859-5)', short: 'ISO 8859-5' },
  { id: 'iso-8859-2', label: 'Central European (ISO 8859-2)', short: 'ISO 8859-2' },
  { id: 'windows-1250', label: 'Central European (Windows 1250)', short: 'Windows 1250' },
  { id: 'iso-8859-7', label: 'Greek (ISO 8859-7)', short: 'ISO 8859-7' },
  { id: 'windows-1254', label: 'Turkish (Windows 1254)', short: 'Windows 1254' },
  { id: 'windows-1255', label: 'Hebrew (Windows 1255)', short: 'Windows 1255' },
  { id: 'windows-1256', label: 'Arabic (Windows 1256)', short: 'Windows 1256' },
  { id: 'windows-874', label: 'Thai (Windows 874)', short: 'Windows 874' },
  { id: 'shift_jis', label: 'Japanese (Shift JIS)', short: 'Shift JIS' },
  { id: 'euc-jp', label: 'Japanese (EUC-JP)', short: 'EUC-JP' },
  { id: 'gbk', label: 'Chinese, simplified (GBK)', short: 'GBK' },
  { id: 'big5', label: 'Chinese, traditional (Big5)', short: 'Big5' },
  { id: 'euc-kr', label: 'Korean (EUC-KR)', short: 'EUC-KR' },
] as const satisfies readonly GuestEncoding[];

export type GuestEncodingId = (typeof guestEncodings)[number]['id'];

export const guestEncodingIds = guestEncodings.map(({ id }) => id);

export function encodingNamed(id: GuestEncodingId): GuestEncoding {
  return guestEncodings.find((each) => each.id === id) ?? guestEncodings[0];
}

export interface GuestDecoder {
  /** A character that is cut at the end waits for its rest. */
  decode(bytes: Uint8Array): string;
}

/** What an IBM PC shows for bytes above 127; below them it is ASCII, whose control characters control here. */
const cp437 =
  'ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u00a0';

/** The platform takes Latin-1 for Windows 1252, which has letters where Latin-1 has controls. */
const latin1 = String.fromCharCode(...Array.from({ length: 128 }, (_, index) => 128 + index));

const upperHalves: Partial<Record<GuestEncodingId, string>> = { cp437, latin1 };

export function createDecoder(id: GuestEncodingId): GuestDecoder {
  const upper = upperHalves[id];
  if (upper !== undefined) return { decode: (bytes) => decodeSingle(bytes, upper) };
  const decoder = new TextDecoder(id);
  return { decode: (bytes) => decoder.decode(bytes, { stream: true }) };
}

function decodeSingle(bytes: Uint8Array, upper: string): string {
  let text = '';
  for (const byte of bytes) text += byte < 0x80 ? String.fromCharCode(byte) : upper.charAt(byte - 0x80);
  return text;
}

const utf8 = new TextEncoder();
const questionMark = [0x3f] as const;

/** What the encoding has no character for becomes a question mark, as everywhere. */
export function encodeText(id: GuestEncodingId, text: string): Uint8Array<ArrayBuffer> {
  if (id === 'utf-8') return utf8.encode(text);
  const bytes: number[] = [];
  for (const character of text) {
    const code = character.charCodeAt(0);
    if (code < 0x80) bytes.push(code);
    else bytes.push(...(bytesOf(id).get(character) ?? questionMark));
  }
  return Uint8Array.from(bytes);
}

type EncodingTable = ReadonlyMap<string, readonly number[]>;

const tables = new Map<GuestEncodingId, EncodingTable>();

/** Made at the first character that needs it: for the large ones it takes a moment. */
function bytesOf(id: GuestEncodingId): EncodingTable {
  const known = tables.get(id);
  if (known) return known;
  const table = new Map<string, readonly number[]>();
  for (let byte = 0x80; byte <= 0xff; byte += 1) add(table, id, [byte]);
  if (isMultiByte(id)) {
    for (let lead = 0x81; lead <= 0xfe; lead += 1) for (let trail = 0x40; trail <= 0xfe; trail += 1) add(table, id, [lead, trail]);
  }
  tables.set(id, table);
  return table;
}

const isMultiByte = (id: GuestEncodingId): boolean => ['shift_jis', 'euc-jp', 'gbk', 'big5', 'euc-kr'].includes(id);

/** Bytes that make no single character of their own, or one that others make already, are left out. */
function add(table: Map<string, readonly number[]>, id: GuestEncodingId, bytes: readonly number[]): void {
  const upper = upperHalves[id];
  const text = upper === undefined ? new TextDecoder(id).decode(Uint8Array.from(bytes)) : decodeSingle(Uint8Array.from(bytes), upper);
  const [character, ...rest] = text;
  if (character === undefined || rest.length > 0 || character === '\ufffd' || character.charCodeAt(0) < 0x80 || table.has(character)) return;
  table.set(character, bytes);
}
