/**
 * An image's header from its file, or why there is none, in words that name who may read it: whoever starts a guest is
 * told which of a dozen files it was.
 */
import type { Stats } from 'node:fs';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { asVireoError } from '../base/errors.ts';
import { openOrdinary } from '../base/ordinary-file.ts';
import { headerBytes, type ImageHeader, readImageHeader } from './image-header.ts';

/** Throws errors of the file system as they come, INVALID_ARG for a damaged header and for what is no file: a pipe would hold up whoever opens it. */
export async function readImageFile(file: string, offsetBytes = 0): Promise<ImageHeader> {
  const handle = await openOrdinary(file, { blockDevices: true });
  try {
    const { buffer, bytesRead } = await handle.read({ buffer: Buffer.alloc(headerBytes), position: offsetBytes });
    return readImageHeader(buffer.subarray(0, bytesRead));
  } finally {
    await handle.close();
  }
}

/** Whom QEMU runs as, where that is not who asks. */
export interface ImageReader {
  readonly userId: number;
  /** The first is its own, the others are those it belongs to as well. */
  readonly groupIds: readonly number[];
}

/** What stands in the way of opening a file; `absent` where another file, or other rights, would help. */
export interface ImageProblem {
  readonly absent: boolean;
  /** Follows the file's name: `does not exist`. */
  readonly text: string;
}

export interface LocalImage {
  /** The same for every name of one file or device, links included, and of one part of it. */
  readonly identity: string;
  readonly isBlockDevice: boolean;
  readonly header: ImageHeader;
}

/**
 * Reads at most the header, which is at `offsetBytes` where the image is a part of the file. Never throws for what a file
 * can be; `reader` is asked of mode bits alone.
 */
export async function lookAtImage(file: string, reader: ImageReader | null, offsetBytes = 0): Promise<LocalImage | ImageProblem> {
  try {
    const facts = await stat(file);
    if (facts.isDirectory()) return { absent: false, text: 'is a folder, no image' };
    if (!facts.isFile() && !facts.isBlockDevice()) return { absent: false, text: 'is neither a file nor a block device' };
    if (reader && !mayRead(facts, reader)) return { absent: true, text: refusal(facts, reader) };
    const header = await readImageFile(file, offsetBytes);
    const place = facts.isBlockDevice() ? `device ${facts.rdev}` : `${facts.dev}:${facts.ino}`;
    return { identity: `${place} @ ${offsetBytes}`, isBlockDevice: facts.isBlockDevice(), header };
  } catch (error) {
    return await problemOf(file, error);
  }
}

export function isProblem(found: LocalImage | ImageProblem): found is ImageProblem {
  return 'text' in found;
}

async function problemOf(file: string, thrown: unknown): Promise<ImageProblem> {
  const { code, message, details } = asVireoError(thrown);
  if (code === 'INVALID_ARG') return { absent: false, text: `cannot be read: ${message.replace(/^invalid argument: /, '')}` };
  switch (details['errno']) {
    case 'ENOENT':
    case 'ENOTDIR':
      return { absent: true, text: 'does not exist' };
    case 'ELOOP':
      return { absent: false, text: 'is a link that leads to itself' };
    case 'EACCES':
    case 'EPERM':
      return { absent: true, text: await whoMay(file) };
    default:
      return { absent: false, text: `cannot be read: ${message}` };
  }
}

/** Either the file itself or a folder on the way keeps this process out. */
async function whoMay(file: string): Promise<string> {
  const asker: ImageReader = { userId: process.geteuid?.() ?? -1, groupIds: [process.getegid?.() ?? -1] };
  const facts = await stat(file).catch(() => null);
  if (facts) return refusal(facts, asker);
  for (const folder of foldersAbove(file)) {
    const isOpen = await stat(`${folder}/.`).then(() => true, () => false); // needs the right to pass through it
    const closed = isOpen ? null : await stat(folder).catch(() => null);
    if (closed) return `is out of reach: the folder '${folder}' is closed to ${nameOf(asker)} (${ownership(closed)})`;
  }
  return `may not be read by ${nameOf(asker)}`;
}

/** From the root down. */
function foldersAbove(file: string): readonly string[] {
  const folders: string[] = [];
  for (let folder = path.dirname(file); ; folder = path.dirname(folder)) {
    folders.unshift(folder);
    if (folder === path.dirname(folder)) return folders;
  }
}

function refusal(facts: Pick<Stats, 'uid' | 'gid' | 'mode'>, reader: ImageReader): string {
  return `may not be read by ${nameOf(reader)}: ${ownership(facts)}`;
}

function nameOf({ userId, groupIds: [groupId = -1] }: ImageReader): string {
  return `QEMU (as uid:${userId}, gid:${groupId})`;
}

function ownership({ uid, gid, mode }: Pick<Stats, 'uid' | 'gid' | 'mode'>): string {
  return `it belongs to uid:${uid}, gid:${gid} and its mode is ${(mode & 0o7777).toString(8).padStart(4, '0')}`;
}

/** The owner's bits for the owner, the group's for its members, the rest for all others; root reads everything. */
export function mayRead({ uid, gid, mode }: Pick<Stats, 'uid' | 'gid' | 'mode'>, { userId, groupIds }: ImageReader): boolean {
  if (userId === 0) return true;
  if (uid === userId) return (mode & 0o400) !== 0;
  return (mode & (groupIds.includes(gid) ? 0o040 : 0o004)) !== 0;
}
