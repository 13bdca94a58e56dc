/**
 * Reads what a TypeScript file imports, types included. Statements are found by their shape at the start of a line,
 * which holds for formatted code and does not see those inside comments; nothing is compiled, so a thousand files take
 * some ten milliseconds.
 */
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';

const statement = /^[ \t]*(?:import|export)\b([^;'"`=]*?)['"]([^'"\n]+)['"]/gm;
const dynamic = /^(?![ \t]*(?:\*|\/\/)).*?(typeof )?\bimport\(\s*['"]([^'"\n]+)['"]\s*\)/gm;

/** @typedef {{ specifier: string, typeOnly: boolean }} Import */

/** @param {string} source @returns {Import[]} */
export function importsOf(source) {
  const statements = [...source.matchAll(statement)].map(([, clause = '', specifier = '']) => ({ specifier, typeOnly: isTypeOnly(clause) }));
  const calls = [...source.matchAll(dynamic)].map(([, type, specifier = '']) => ({ specifier, typeOnly: type !== undefined }));
  return [...statements, ...calls];
}

function isTypeOnly(clause) {
  if (/^\s*type\b/.test(clause)) return true;
  const names = /^\s*\{([^}]*)\}\s*from\s*$/.exec(clause)?.[1];
  return names !== undefined && names.split(',').map((name) => name.trim()).filter(Boolean).every((name) => name.startsWith('type '));
}

/**
 * The source files below some folders of a project, as paths from its root with their text.
 * @param {string} root @param {readonly string[]} folders @param {RegExp} pattern @returns {Promise<Map<string, string>>}
 */
export async function readSources(root, folders, pattern) {
  const sources = new Map();
  for (const folder of folders) {
    const entries = await readdir(path.join(root, folder), { recursive: true, withFileTypes: true }).catch(() => []);
    for (const entry of entries) {
      if (!entry.isFile() || !pattern.test(entry.name)) continue;
      const full = path.join(entry.parentPath ?? entry.path, entry.name);
      sources.set(path.relative(root, full).split(path.sep).join('/'), await readFile(full, 'utf8'));
    }
  }
  return sources;
}
