/**
 * Mutated definitions: whatever a document holds, defining and rendering it ends in a value or in a typed error with a
 * reason, never in a bug of ours and never late.
 */
import { readdir, readFile } from 'node:fs/promises';
import { spawnSync, execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { VireoError } from '../../core/base/errors.ts';
import { buildCommandLine } from '../../core/command/build-command-line.ts';
import { liveDefinition } from '../../core/command/live-definition.ts';
import { formatXml } from '../../core/xml/format-xml.ts';
import { parseXml } from '../../core/xml/parse-xml.ts';
import type { XmlElement, XmlNode } from '../../core/xml/xml-element.ts';
import { complete, goldenFolder, goldenLaunch, recordedCapabilities } from '../golden/golden-launch.ts';

const capabilities = await recordedCapabilities();
const files = ['sample.xml','desktop.xml','consoles.xml'];
const texts = await Promise.all(files.map((file) => readFile(`${goldenFolder}cases/${file}`, 'utf8')));
const trees = texts.map((text) => parseXml(text));

function define(xml: string): 'rendered' | 'refused' {
  const launch = goldenLaunch(capabilities);
  try {
    return buildCommandLine(liveDefinition(complete(xml, capabilities), launch), launch).argv.length > 0 ? 'rendered' : 'refused';
  } catch (error) {
    if (!(error instanceof VireoError)) throw error;
    expect(['XML_ERROR', 'CONFIG_UNSUPPORTED'], `${error.message}\n${xml}`).toContain(error.code);
    return 'refused';
  }
}

/** Values that are right somewhere: put elsewhere they are the most misleading ones. */
const values = [...new Set(trees.flatMap(attributeValues)), '', '0', '1', '31', '255', '-1', '4294967296', '0x1f', 'none', 'virtio', 'a,b=c', '\u{1f600}'];

function attributeValues(element: XmlElement): readonly string[] {
  return [...element.attributes.values(), ...element.children.flatMap((child) => (typeof child === 'string' ? [] : attributeValues(child)))];
}

/** Walks the tree and applies one mutation at each place that the numbers pick. */
function mutate(element: XmlElement, pick: () => number): XmlElement {
  const attributes = new Map([...element.attributes].flatMap(([name, value]): [string, string][] => {
    const chance = pick() % 25;
    if (chance === 0) return [];
    return [[name, chance === 1 ? (values[pick() % values.length] ?? '') : value]];
  }));
  const children = element.children.flatMap((child): readonly XmlNode[] => {
    if (typeof child === 'string') return pick() % 40 === 0 ? [values[pick() % values.length] ?? ''] : [child];
    const mutated = mutate(child, pick);
    const chance = pick() % 20;
    if (chance === 0) return [];
    return chance === 1 ? [mutated, mutate(child, pick)] : [mutated];
  });
  return { ...element, attributes, children };
}


test('fuzz', () => {
  const folder = mkdtempSync('/tmp/vireo-');
  mkdirSync(`${folder}/run`); mkdirSync(`${folder}/log`); mkdirSync(`${folder}/images`);
  execFileSync('qemu-img', ['create', '-q', '-f', 'qcow2', `${folder}/images/desktop, first.qcow2`, '1M']);
  execFileSync('qemu-img', ['create', '-q', '-f', 'raw', `${folder}/images/old.img`, '1M']);
  execFileSync('qemu-img', ['create', '-q', '-f', 'raw', `${folder}/images/sample.raw`, '1M']);
  const launch = goldenLaunch(capabilities, `${folder}/run`, `${folder}/log`);
  const said = new Map<string, string>();
  let ok = 0; let bad = 0;
  const fixed = trees.map((tree) => parseXml(formatXml(tree).replaceAll('/images/', `${folder}/images/`).replaceAll('/var/log/', `${folder}/log/`).replaceAll(/<(kernel|initrd|cmdline)>.*<\/\1>/g, '')));
  for (const [tree, numbers] of fc.sample(fc.tuple(fc.constantFrom(...fixed), fc.infiniteStream(fc.nat())), { numRuns: 5000, seed: Number(process.env.SEED ?? 1) })) {
    let argv: readonly string[]; let xml = '';
    try { xml = formatXml(mutate(tree, () => numbers.next().value)); argv = buildCommandLine(liveDefinition(complete(xml, capabilities), launch), launch).argv; } catch { continue; }
    if (ok + bad > 500) break;
    const result = spawnSync('timeout', ['-s', 'KILL', '10', 'qemu-system-x86_64', ...argv.map((a) => a === '-S' ? '-S' : a), '-chardev', 'null,id=znull', '-qmp', 'stdio'], { input: '{"execute":"qmp_capabilities"}\n{"execute":"quit"}\n', encoding: 'utf8' });
    rmSync(`${folder}/run`, { recursive: true, force: true }); mkdirSync(`${folder}/run`);
    if (result.status === 0) { ok += 1; if (/warning/i.test(result.stderr)) said.set(result.stderr.slice(-200), 'warning'); continue; }
    bad += 1;
    const key = result.stderr.replace(/qemu-system-x86_64: /g, '').slice(0, 400);
    if (!said.has(key)) said.set(key, '');
  }
  console.log(ok, bad);
  for (const [key] of said) console.log('>>', key);
  rmSync(folder, { recursive: true, force: true });
}, 400_000);
