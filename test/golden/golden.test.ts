/**
 * Golden files: each case's XML, what it is completed to, and the command line. `npx vitest -u` writes them anew; the
 * difference is for a person to judge. That QEMU takes them is test/qemu/command-line.test.ts.
 */
import { readdir, readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import { buildCommandLine } from '../../core/command/build-command-line.ts';
import { liveDefinition } from '../../core/command/live-definition.ts';
import type { QemuCapabilities } from '../../core/capabilities/qemu-capabilities.ts';
import { sampleDomain } from '../../core/conf/sample-domain.ts';
import { formatDomain, parseDomain, unknownNodes } from '../../core/devices/domain-xml.ts';
import { capabilitiesFor, complete, goldenFolder, goldenLaunch } from './golden-launch.ts';

const cases = (await readdir(`${goldenFolder}cases`)).filter((file) => /^[a-z0-9-]+\.xml$/.test(file)).map((file) => file.slice(0, -4));

describe.each(cases)('%s', (name) => {
  let capabilities: QemuCapabilities;
  let xml: string;

  beforeAll(async () => {
    xml = await readFile(`${goldenFolder}cases/${name}.xml`, 'utf8');
    capabilities = await capabilitiesFor(xml);
  });

  test('is completed as recorded', async () => {
    const completed = formatDomain(complete(xml, capabilities), { form: 'inactive', secure: true });
    await expect(completed).toMatchFileSnapshot(`${goldenFolder}expected/${name}.completed.xml`);
  });

  test('is completed only once: completing again changes nothing', () => {
    const completed = complete(xml, capabilities);
    expect(complete(completed, capabilities)).toEqual(completed);
    const text = formatDomain(completed, { form: 'inactive', secure: true });
    expect(formatDomain(complete(text, capabilities), { form: 'inactive', secure: true })).toBe(text);
  });

  test('has the recorded live XML, which reads back as the same definition', async () => {
    const live = { ...liveDefinition(complete(xml, capabilities), goldenLaunch(capabilities)), id: 1 };
    const text = formatDomain(live, { form: 'live', secure: true });
    await expect(text).toMatchFileSnapshot(`${goldenFolder}expected/${name}.live.xml`);
    expect(formatDomain(parseDomain(text, { form: 'live' }), { form: 'live', secure: true })).toBe(text);
  });

  test('has the recorded command line', async () => {
    const launch = goldenLaunch(capabilities);
    const commandLine = buildCommandLine(liveDefinition(complete(xml, capabilities), launch), launch);
    await expect(`${commandLine.toShellText()}\n`).toMatchFileSnapshot(`${goldenFolder}expected/${name}.args`);
  });

  test('holds nothing that is not understood', () => {
    expect(unknownNodes(parseDomain(xml))).toEqual([]);
  });
});

test('the case of the sample guest is what the sample generator writes', async () => {
  const xml = sampleDomain({ name: 'sample', kernel: '/cache/kernel', initrd: '/cache/initrd', disk: '/images/sample.raw', memoryMiB: 128 });
  expect(xml).toBe(await readFile(`${goldenFolder}cases/sample.xml`, 'utf8'));
});
