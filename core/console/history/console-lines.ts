/**
 * Console output as lines of plain text, for searching, exporting and matching: without escape sequences and control
 * characters, each line bounded. It is no terminal: what a program wrote over itself stands as lines of their own, so that
 * nothing that was ever shown is lost, and text that was placed on the screen is not glued to its neighbour's.
 */
import { type ConsoleEncoding, decodeBytes } from './encodings.ts';

export interface ConsoleLine {
  /** Of its first byte. */
  readonly offset: number;
  readonly text: string;
}

/** A longer line is given in pieces of this size, which overlap so that a match across two of them is found. */
export const maximumLineBytes = 4_096;
export const overlapBytes = 256;

const newline = 0x0a;
const carriageReturn = 0x0d;
const escape = 0x1b;
/** Of bytes, which are read as latin1 here: what lies above 0x7f is the encoding's. */
const anyControl = /[^\P{Cc}\u0080-\u009f]/u;
/** What most escape sequences are: they move nothing. */
const colours = new RegExp(String.raw`${String.fromCharCode(escape)}\[[0-9;]*[mK]`, 'g');
const upperControls = /[\u0080-\u009f]/g;

/** The lines of bytes that begin where a line begins and end anywhere. A line without text counts as one. */
export function linesOf(bytes: Buffer, offset: number, encoding: ConsoleEncoding): ConsoleLine[] {
  const lines: ConsoleLine[] = [];
  for (let at = 0; at < bytes.length; ) {
    const found = bytes.indexOf(newline, at);
    const end = found < 0 ? bytes.length : found;
    if (end - at <= maximumLineBytes) addLine(lines, bytes.subarray(at, end), offset + at, encoding);
    else addLongLine(lines, bytes.subarray(at, end), offset + at, encoding);
    at = end + 1;
  }
  return lines;
}

function addLongLine(lines: ConsoleLine[], bytes: Buffer, offset: number, encoding: ConsoleEncoding): void {
  for (let at = 0; at < bytes.length; at += maximumLineBytes - overlapBytes) {
    addLine(lines, bytes.subarray(at, at + maximumLineBytes), offset + at, encoding);
    if (at + maximumLineBytes >= bytes.length) return;
  }
}

function addLine(lines: ConsoleLine[], raw: Buffer, offset: number, encoding: ConsoleEncoding): void {
  let length = raw.length;
  while (length > 0 && raw[length - 1] === carriageReturn) length--;
  const bytes = raw.subarray(0, length);
  const latin1 = bytes.toString('latin1');
  if (!anyControl.test(latin1)) {
    lines.push({ offset, text: textOf(bytes, encoding) });
    return;
  }
  const colourless = latin1.replaceAll(colours, '');
  if (colourless !== '' && !anyControl.test(colourless)) {
    lines.push({ offset, text: textOf(Buffer.from(colourless, 'latin1'), encoding) });
    return;
  }
  const before = lines.length;
  for (const part of plainParts(bytes)) {
    const text = textOf(part.bytes, encoding).trimEnd();
    if (text !== '') lines.push({ offset: offset + part.at, text });
  }
  if (lines.length === before) lines.push({ offset, text: '' });
}

function textOf(bytes: Buffer, encoding: ConsoleEncoding): string {
  const text = decodeBytes(bytes, encoding);
  return encoding === 'cp437' ? text : text.replaceAll(upperControls, '');
}

interface PlainPart {
  /** Where in the line it begins. */
  readonly at: number;
  readonly bytes: Buffer;
}

/** A line's parts between what moves the cursor to another place, without everything that is no text. */
function plainParts(bytes: Buffer): readonly PlainPart[] {
  const parts: PlainPart[] = [];
  let text: number[] = [];
  let begin = 0;
  for (let at = 0; at < bytes.length; ) {
    const byte = bytes[at]!;
    const step = byte === escape ? afterEscape(bytes, at) : controlEffect(byte, at);
    at = step.next;
    if (step.effect === 'break') {
      parts.push({ at: begin, bytes: Buffer.from(text) });
      text = [];
      begin = at;
    } else if (step.effect === 'erase') eraseLast(text);
    else if (step.effect === 'tab') text.push(...spaces(8 - (text.length % 8)));
    else if (typeof step.effect === 'number') text.push(...spaces(step.effect));
    else if (step.effect === 'text') text.push(byte);
  }
  parts.push({ at: begin, bytes: Buffer.from(text) });
  return parts;
}

/** A number stands for so many columns to the right. */
type Effect = 'text' | 'none' | 'break' | 'erase' | 'tab' | number;
interface Step {
  readonly next: number;
  readonly effect: Effect;
}

function controlEffect(byte: number, at: number): Step {
  const next = at + 1;
  if (byte === carriageReturn || byte === 0x0b || byte === 0x0c) return { next, effect: 'break' };
  if (byte === 0x08) return { next, effect: 'erase' };
  if (byte === 0x09) return { next, effect: 'tab' };
  return { next, effect: byte < 0x20 || byte === 0x7f ? 'none' : 'text' };
}

/** The sequence that begins at `at`, as ECMA-48 forms them; one that the line cuts short ends with it. */
function afterEscape(bytes: Buffer, at: number): Step {
  const second = bytes[at + 1];
  if (second === undefined) return { next: at + 1, effect: 'none' };
  const letter = String.fromCharCode(second);
  if (letter === '[') return afterControlSequence(bytes, at + 2);
  if (']PX^_'.includes(letter)) return { next: afterString(bytes, at + 2), effect: 'none' };
  if (second >= 0x20 && second <= 0x2f) return { next: at + 3, effect: 'none' }; // a character set
  if (second < 0x20) return { next: at + 1, effect: 'none' };
  return { next: at + 2, effect: 'DEMc'.includes(letter) ? 'break' : 'none' };
}

function afterControlSequence(bytes: Buffer, from: number): Step {
  let at = from;
  while (at < bytes.length && bytes[at]! >= 0x20 && bytes[at]! <= 0x3f) at++;
  const final = bytes[at];
  if (final === undefined || final < 0x40 || final > 0x7e) return { next: at, effect: 'none' };
  const letter = String.fromCharCode(final);
  const next = at + 1;
  if ('HfABEFdJ'.includes(letter)) return { next, effect: 'break' };
  if (letter === 'G') return { next, effect: 1 };
  if (letter !== 'C') return { next, effect: 'none' };
  const columns = Number.parseInt(bytes.toString('latin1', from, at), 10);
  return { next, effect: Number.isNaN(columns) ? 1 : Math.min(Math.max(1, columns), 80) };
}

/** Operating system commands and their like end with BEL or ST. */
function afterString(bytes: Buffer, from: number): number {
  for (let at = from; at < bytes.length; at++) {
    if (bytes[at] === 0x07) return at + 1;
    if (bytes[at] === escape) return bytes[at + 1] === 0x5c ? at + 2 : at;
  }
  return bytes.length;
}

/** The last character, which in UTF-8 may be several bytes. */
function eraseLast(text: number[]): void {
  for (let byte = text.pop(); byte !== undefined && (byte & 0xc0) === 0x80; ) byte = text.pop();
}

function spaces(count: number): readonly number[] {
  return Array.from({ length: count }, () => 0x20);
}
