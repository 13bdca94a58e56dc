/** Holds the part of the house style that a linter does not know: sizes and names of files, names of what they hold. */
import { readSources } from './imports.mjs';

const sourceFolders = ['core', 'electron', 'cli', 'renderer', 'test', 'bench', 'conformance', 'scripts'];
const maximumLines = 700;
const emptyWords = new Set(['util', 'utils', 'helper', 'helpers', 'manager', 'info', 'data']);
const emptyName = /^export (?:abstract )?(?:class|interface|type|function|const) (\w*(?:Manager|Helpers?|Utils?))\b/gm;

/** @param {string} root the project's folder @returns {Promise<string[]>} one sentence for each finding */
export async function untidyFiles(root) {
  const sources = await readSources(root, sourceFolders, /\.(?:tsx?|mjs|cjs|css)$/);
  return [...sources].flatMap(([file, source]) => [...sizeFindings(file, source), ...nameFindings(file, source)]);
}

function sizeFindings(file, source) {
  const lines = source.split('\n').length - 1;
  return lines > maximumLines && !file.includes('.generated.') ? [`${file} has ${lines} lines, more than ${maximumLines}`] : [];
}

function nameFindings(file, source) {
  const findings = [];
  const [stem = ''] = (file.split('/').at(-1) ?? '').split('.');
  if (!/^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(stem)) findings.push(`${file} is not named in kebab-case`);
  const word = stem.split('-').find((part) => emptyWords.has(part));
  if (word) findings.push(`${file}: "${word}" does not say what it holds`);
  for (const [, name] of source.matchAll(emptyName)) findings.push(`${file} exports ${name}, a name that says nothing`);
  return findings;
}
