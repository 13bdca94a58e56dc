/**
 * The licences of what is bundled: which packages a build really took something from, and their texts in one file that
 * goes with every package of the app. Nothing is listed by hand, so that nothing is forgotten.
 */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { projectRoot } from '../setup/project.mjs';

export const noticesFile = 'dist/third-party-notices.txt';

/** They go along as they are, beside the bundles. */
const besideBundles = ['node-pty'];
/** Packages keep texts of what they took in themselves in folders; deeper ones are of tests. */
const deepest = 3;
const licenceName = /^(licen[cs]e|copying|notice)([-._].*)?$/i;
const codeName = /\.(js|mjs|cjs|ts|json|map|css|html)$/i;

/**
 * A plugin of a build that adds the folders of the packages that it bundled to `folders`.
 * @param {Set<string>} folders @returns {import('vite').Plugin}
 */
export function notePackages(folders) {
  return {
    name: 'vireo:note-packages',
    generateBundle(_options, bundle) {
      for (const part of Object.values(bundle)) {
        for (const id of part.type === 'chunk' ? part.moduleIds : []) {
          const folder = packageFolder(id);
          if (folder) folders.add(folder);
        }
      }
    },
  };
}

/** The folder of the package that a module belongs to; null for the project's own. @param {string} id */
export function packageFolder(id) {
  const clean = id.replaceAll('\\', '/').replace(/^\0/, '');
  return /^(.*\/node_modules\/(?:@[^/]+\/)?[^/?]+)\//.exec(clean)?.[1] ?? null;
}

/** @param {ReadonlySet<string>} bundled @returns {Promise<number>} how many packages the file names */
export async function writeNotices(bundled) {
  const beside = await Promise.all(besideBundles.map(async (name) => path.join(projectRoot, 'node_modules', name)));
  const found = await Promise.all([...new Set([...bundled, ...beside])].map(readPackage));
  const packages = found.filter((each) => each !== null).sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  await writeFile(path.join(projectRoot, noticesFile), noticesOf(packages));
  return packages.length;
}

/** @param {string} folder @returns {Promise<NoticedPackage | null>} null for an optional one that is not there */
async function readPackage(folder) {
  const text = await readFile(path.join(folder, 'package.json'), 'utf8').catch(() => null);
  if (text === null) return null;
  const { name, version, license, repository, homepage, author } = JSON.parse(text);
  const files = (await filesBelow(folder, '', 1)).filter((file) => licenceName.test(path.basename(file)) && !codeName.test(file)).sort();
  const texts = await Promise.all(files.map(async (file) => ({ file, text: (await readFile(path.join(folder, file), 'utf8')).replaceAll('\r\n', '\n').trim() })));
  return { name, version, licence: typeof license === 'string' ? license : (license?.type ?? 'unknown'), source: sourceOf(repository) ?? homepage ?? null, author: typeof author === 'string' ? author : (author?.name ?? null), texts };
}

/** @returns {Promise<string[]>} */
async function filesBelow(folder, within, depth) {
  const entries = await readdir(path.join(folder, within), { withFileTypes: true });
  const below = entries.filter((entry) => entry.isDirectory() && entry.name !== 'node_modules' && depth < deepest);
  const deeper = await Promise.all(below.map((entry) => filesBelow(folder, path.posix.join(within, entry.name), depth + 1)));
  return [...entries.filter((entry) => entry.isFile()).map((entry) => path.posix.join(within, entry.name)), ...deeper.flat()];
}

function sourceOf(repository) {
  const url = typeof repository === 'string' ? repository : repository?.url;
  if (typeof url !== 'string') return null;
  if (/^[\w.-]+\/[\w.-]+$/.test(url)) return `https://github.com/${url}`;
  return url.replace(/^git\+/, '').replace(/^git:/, 'https:').replace(/^github:/, 'https://github.com/').replace(/^(ssh:\/\/)?git@([^:/]+)[:/]/, 'https://$2/').replace(/\.git$/, '');
}

/** For packages that name a licence and have no text of it. @type {Record<string, (author: string) => string[]>} */
const usualTexts = {
  ISC: (author) => [
    '',
    `Copyright (c) ${author}`,
    '',
    'Permission to use, copy, modify, and/or distribute this software for any purpose with or without fee is hereby',
    'granted, provided that the above copyright notice and this permission notice appear in all copies.',
    '',
    'THE SOFTWARE IS PROVIDED "AS IS" AND THE AUTHOR DISCLAIMS ALL WARRANTIES WITH REGARD TO THIS SOFTWARE INCLUDING ALL',
    'IMPLIED WARRANTIES OF MERCHANTABILITY AND FITNESS. IN NO EVENT SHALL THE AUTHOR BE LIABLE FOR ANY SPECIAL, DIRECT,',
    'INDIRECT, OR CONSEQUENTIAL DAMAGES OR ANY DAMAGES WHATSOEVER RESULTING FROM LOSS OF USE, DATA OR PROFITS, WHETHER IN',
    'AN ACTION OF CONTRACT, NEGLIGENCE OR OTHER TORTIOUS ACTION, ARISING OUT OF OR IN CONNECTION WITH THE USE OR',
    'PERFORMANCE OF THIS SOFTWARE.',
  ],
};

/**
 * @typedef {{ name: string, version: string, licence: string, source: string | null, author: string | null, texts: { file: string, text: string }[] }} NoticedPackage
 * @param {readonly NoticedPackage[]} packages sorted
 */
export function noticesOf(packages) {
  const lines = [
    'Vireo contains the following software, each under its own licence.',
    'Electron and Chromium bring theirs along as LICENSE and LICENSES.chromium.html beside the program.',
    '',
    ...packages.map(({ name, version, licence }) => `  ${name} ${version} (${licence})`),
  ];
  for (const { name, version, licence, source, author, texts } of packages) {
    lines.push('', '='.repeat(100), `${name} ${version}`, `Licence: ${licence}`);
    if (source) lines.push(`Source: ${source}`);
    if (texts.length === 0) lines.push(...(usualTexts[licence]?.(author ?? `the authors of ${name}`) ?? [`The package has no text of its licence${author ? `. Its author is ${author}` : ''}.`]));
    for (const { file, text } of texts) lines.push('', ...(texts.length > 1 ? [`-- ${file}`, ''] : []), text);
  }
  return `${lines.join('\n')}\n`;
}
