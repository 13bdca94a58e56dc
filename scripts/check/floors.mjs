/**
 * Holds the floors of docs/ARCHITECTURE.md: a lower floor never imports a higher one, types included; core/ knows no
 * Electron; what a window loads reaches neither Node nor Electron, at any depth. The table below is the whole rule.
 */
import { builtinModules } from 'node:module';
import path from 'node:path';
import { importsOf, readSources } from './imports.mjs';

/** From the ground up. Folders of one floor may import each other (files never in a circle: oxlint's import/no-cycle). */
export const floors = [
  ['core/base'],
  ['core/transport', 'core/xml'],
  ['core/conf', 'core/monitor', 'core/agent', 'core/capabilities', 'core/storage', 'core/secret', 'core/firmware'],
  ['core/devices'],
  ['core/address', 'core/command', 'core/job', 'core/console', 'core/display'],
  ['core/domain', 'core/definition'],
  ['core/process', 'core/lock', 'core/status', 'core/statistics', 'core/hook', 'core/timeline', 'core/label', 'core/tuning'],
  ['core/migration', 'core/save', 'core/snapshot', 'core/block', 'core/hotplug', 'core/backup'],
  ['core/driver'],
  ['core/api'],
  ['electron', 'cli'],
  ['renderer'],
];

const topFolders = ['core', 'electron', 'cli', 'renderer'];
const nodeModules = new Set([...builtinModules, ...builtinModules.map((name) => `node:${name}`)]);

/** @param {string} root the project's folder @returns {Promise<string[]>} one sentence for each import that breaks the rule */
export async function brokenFloors(root) {
  const sources = await readSources(root, topFolders, /(?<!\.test|\.test-d|\.d)\.tsx?$/);
  /** @type {Map<string, { target: string, specifier: string, typeOnly: boolean }[]>} */
  const graph = new Map();
  for (const [file, source] of sources) {
    graph.set(file, importsOf(source).map((found) => ({ ...found, target: targetOf(file, found.specifier) })));
  }
  const direct = [...graph].flatMap(([file, imports]) => [...homeless(file), ...imports.flatMap((found) => refusals(file, found))]);
  return [...direct, ...windowsReachingNode(graph)];
}

function homeless(file) {
  return floorOf(file) === -1 ? [`${file}: its folder is on no floor; give it one in scripts/check/floors.mjs`] : [];
}

/** What is wrong with one import by itself. */
function refusals(file, { target, specifier, typeOnly }) {
  if (specifier === 'electron') return file.startsWith('core/') || file.startsWith('cli/') ? [`${file} imports Electron`] : [];
  if (!isInside(target)) return [];
  const [from, to] = [floorOf(file), floorOf(target)];
  if (to > from) return [`${file} imports ${target}, which is on a higher floor`];
  const [ownTop, otherTop] = [file.split('/')[0], target.split('/')[0]];
  if (from === to && ownTop !== otherTop) return [`${file} imports ${target}, its neighbour`];
  if (ownTop === 'renderer' && otherTop === 'electron' && !typeOnly) return [`${file} imports ${target}, which runs outside the window`];
  return [];
}

/** Follows what windows load when they run: an import of Node or Electron, however deep, is told with its way. */
function windowsReachingNode(graph) {
  const found = [];
  const cameFrom = new Map([...graph.keys()].filter((file) => file.startsWith('renderer/')).map((file) => [file, null]));
  for (const file of cameFrom.keys()) {
    for (const { specifier, target, typeOnly } of graph.get(file) ?? []) {
      if (typeOnly) continue;
      if (nodeModules.has(specifier) || specifier === 'electron') found.push(`${wayTo(file, cameFrom)} imports ${specifier} into a window`);
      if (graph.has(target) && !cameFrom.has(target)) cameFrom.set(target, file); // a Map grows while it is walked
    }
  }
  return found;
}

function wayTo(file, cameFrom) {
  const way = [];
  for (let at = file; at; at = cameFrom.get(at)) way.unshift(at);
  return way.join(' -> ');
}

const targetOf = (file, specifier) => (specifier.startsWith('.') ? path.posix.join(path.posix.dirname(file), specifier) : specifier);
const isInside = (target) => topFolders.includes(target.split('/')[0] ?? '') && target.includes('/');
const floorOf = (file) => floors.findIndex((folders) => folders.some((folder) => file.startsWith(`${folder}/`)));
