/**
 * Remembers that a step was done for exactly these inputs, in node_modules/.vireo-setup, so that a set-up with nothing
 * left to do costs a few small reads. Removing node_modules forgets it all, as it should.
 */
import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { projectRoot } from './project.mjs';

const stampFolder = path.join(projectRoot, 'node_modules', '.vireo-setup');

/** A digest of a project file and of the platform that its outcome depends on. @param {string} file */
export async function fileStamp(file) {
  const platform = [process.version, process.platform, process.arch].join(' ');
  return createHash('sha256').update(await readFile(path.join(projectRoot, file))).update(platform).digest('hex');
}

/** @param {string} step @param {string} stamp */
export async function isStamped(step, stamp) {
  return (await readFile(path.join(stampFolder, step), 'utf8').catch(() => '')) === stamp;
}

/** @param {string} step @param {string} stamp */
export async function putStamp(step, stamp) {
  await mkdir(stampFolder, { recursive: true });
  await writeFile(path.join(stampFolder, step), stamp);
}
