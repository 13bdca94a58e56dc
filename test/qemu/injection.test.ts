/**
 * Names, paths and texts that were made to end one option and begin another, given to a real QEMU: each has to come out of
 * its monitor exactly as it went into the definition.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../core/base/clock.ts';
import { silentLog } from '../../core/base/log.ts';
import { buildCommandLine } from '../../core/command/build-command-line.ts';
import { liveDefinition } from '../../core/command/live-definition.ts';
import { parseDomain } from '../../core/devices/domain-xml.ts';
import { Monitor } from '../../core/monitor/monitor.ts';
import { formatXml } from '../../core/xml/format-xml.ts';
import { createElement, type XmlElement } from '../../core/xml/xml-element.ts';
import { complete, goldenLaunch, recordedCapabilities } from '../golden/golden-launch.ts';

const deadlineMs = 20_000;
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp('/tmp/vireo-');
  await mkdir(`${folder}/run`, { mode: 0o700 });
  await mkdir(`${folder}/log`);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const element = createElement;

function domain(name: string, devices: readonly XmlElement[], more: readonly XmlElement[] = []): string {
  return formatXml(
    element('domain', { type: 'qemu' }, [
      element('name', {}, [name]),
      element('memory', { unit: 'MiB' }, ['64']),
      ...more,
      element('os', {}, [element('type', { machine: 'q35' }, ['hvm']), ...(more.length > 0 ? [element('smbios', { mode: 'sysinfo' })] : [])]),
      element('devices', {}, devices),
    ]),
  );
}

async function ask<T>(xml: string, question: (monitor: Monitor) => Promise<T>): Promise<T> {
  const launch = goldenLaunch(await recordedCapabilities(), `${folder}/run`, `${folder}/log`);
  const commandLine = buildCommandLine(liveDefinition(complete(parseDomain(xml), launch.capabilities), launch), launch);
  const qemu = spawn(launch.capabilities.binary, commandLine.argv, { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  qemu.stderr.on('data', (chunk: Buffer) => (said = `${said}${chunk.toString()}`.slice(0, 8192)));
  const gone = new AbortController();
  const exited = once(qemu, 'close').finally(() => gone.abort(new Error(`QEMU ended: ${said}`)));
  try {
    await using monitor = await Monitor.connect({ path: launch.monitorPath, clock: systemClock, log: silentLog, deadlineMs, signal: gone.signal, waitForSocket: true });
    expect(await monitor.execute('query-status')).toMatchObject({ running: false });
    return await question(monitor);
  } finally {
    qemu.kill('SIGKILL');
    await exited;
  }
}

const evil = {
  commas: ',,a,b=c,,,readonly=on,',
  quotes: `'"\`"'\\"{"driver":"null-co"}`,
  options: '-S -vnc :1 --device e1000 %s%n$(id)`id`;|&',
  unicode: 'ünï – 日本語 💾 \u{202e}rtl\u{202c}',
  spaces: '  two  spaces\tand a tab ',
};

describe('a domain is named', () => {
  test.each(Object.entries(evil).filter(([what]) => what !== 'spaces'))('with %s', async (_, name) => {
    expect(await ask(domain(name.replaceAll('/', ''), []), (monitor) => monitor.execute('query-name'))).toEqual({ name: name.replaceAll('/', '') });
  });

  test('with as many characters as a name may have', async () => {
    const name = 'ü,'.repeat(127);
    expect(await ask(domain(name, []), (monitor) => monitor.execute('query-name'))).toEqual({ name });
  });
});

/** A path with nearly as many bytes as Linux takes, in folders of the greatest length. */
function longPath(): string {
  let long = folder;
  while (long.length < 3_800) long = `${long}/${'l,'.repeat(120)}`;
  return `${long}/disk.raw`;
}

describe('an image lies at', () => {
  const paths = { ...evil, 'line breaks': 'a\nb\r\nc', 'a protocol': 'nbd:localhost:10809', 'JSON of another driver': 'json:{"driver":"null-co"}' };
  const cases: readonly (readonly [string, () => string])[] = [
    ...Object.entries(paths).map(([what, name]) => [what, () => `${folder}/${name.replaceAll('/', '')}.raw`] as const),
    ['4,000 characters', longPath],
  ];

  test.each(cases)('a path with %s', async (_, at) => {
    const file = at();
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, '');
    await truncate(file, 1 << 20);
    const disk = element('disk', { type: 'file', device: 'disk' }, [
      element('driver', { name: 'qemu', type: 'raw' }),
      element('source', { file }),
      element('target', { dev: 'vda', bus: 'virtio' }),
    ]);
    const nodes = await ask(domain('x', [disk]), (monitor) => monitor.execute('query-named-block-nodes'));
    expect(nodes.filter(({ drv }) => drv === 'file').map((node) => node.file)).toEqual([file]);
    expect(nodes.some(({ drv }) => drv === 'null-co' || drv === 'nbd')).toBe(false);
  });
});

test.each(Object.entries(evil))('the names of a port and of its file hold %s', async (_, text) => {
  const log = `${folder}/log/${text.replaceAll('/', '')}`;
  const channel = element('channel', { type: 'file' }, [element('source', { path: log }), element('target', { type: 'virtio', name: text })]);
  const answer = await ask(domain('x', [channel]), async (monitor) => ({
    name: await monitor.execute('qom-get', { path: '/machine/peripheral/channel0', property: 'name' }),
    files: (await monitor.execute('query-chardev')).map(({ label }) => label).toSorted(),
  }));
  expect(answer).toEqual({ name: text, files: ['charchannel0', 'charmonitor'] });
});

test('texts of the firmware tables begin no further table', async () => {
  const entry = (name: string, text: string): XmlElement => element('entry', { name }, [text]);
  const sysinfo = element('sysinfo', { type: 'smbios' }, [element('system', {}, [entry('manufacturer', evil.commas), entry('product', evil.quotes), entry('serial', 'x'.repeat(4_096))])]);
  const answer = await ask(domain('x', [], [sysinfo]), (monitor) => monitor.execute('query-name'));
  expect(answer).toEqual({ name: 'x' });
});
