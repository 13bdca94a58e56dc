/** Every value of the domain capabilities document is given to a real QEMU: it must start paused and answer. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../core/base/clock.ts';
import { silentLog } from '../../core/base/log.ts';
import { AcceleratorChoice } from '../../core/capabilities/accelerator.ts';
import { CapabilitiesCache } from '../../core/capabilities/cache.ts';
import { hostAcceleration } from '../../core/capabilities/host-acceleration.ts';
import { probeCapabilities } from '../../core/capabilities/probe.ts';
import type { QemuCapabilities } from '../../core/capabilities/qemu-capabilities.ts';
import { CommandLine } from '../../core/command/command-line.ts';
import { CapabilitiesDocuments } from '../../core/driver/documents/capabilities-documents.ts';
import { deviceVocabulary } from '../../core/driver/documents/device-vocabulary.ts';
import { TrialDomain, type TrialParts } from '../../core/driver/documents/trial-domain.ts';
import { Monitor } from '../../core/monitor/monitor.ts';
import { childElements } from '../../core/xml/xml-element.ts';
import { parseXml } from '../../core/xml/parse-xml.ts';

const binary = '/usr/bin/qemu-system-x86_64';
const deadlineMs = 20_000;
const signal = new AbortController().signal;
let folder: string;
let capabilities: QemuCapabilities;
let cache: CapabilitiesCache;

beforeAll(async () => {
  folder = await mkdtemp('/tmp/vireo-');
  const shared = { spawn, clock: systemClock, log: silentLog };
  cache = new CapabilitiesCache({ ...shared, folder: `${folder}/cache`, probe: (file) => probeCapabilities(file, { ...shared, signal, deadlineMs }) });
  capabilities = await cache.get(binary);
  await writeFile(`${folder}/trial`, '');
  await truncate(`${folder}/trial`, 1 << 20);
});

beforeEach(async () => {
  await rm(`${folder}/run`, { recursive: true, force: true });
  await mkdir(`${folder}/run`, { mode: 0o700 });
});

afterAll(() => rm(folder, { recursive: true, force: true }));

/** The paths of a trial are nobody's: they become files of this test. */
function argumentsOf(commandLine: CommandLine): readonly string[] {
  return commandLine.argv.map((argument) => argument.replaceAll('/run/trial', `${folder}/run`).replaceAll(/(["=])\/trial(?=["=,]|$)/g, `$1${folder}/trial`));
}

/** Null if QEMU came up with it, else what QEMU said. */
async function refusal(commandLine: CommandLine): Promise<string | null> {
  const qemu = spawn(commandLine.binary, argumentsOf(commandLine), { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  qemu.stderr.on('data', (chunk: Buffer) => (said = `${said}${chunk.toString()}`.slice(0, 4096)));
  const gone = new AbortController();
  const exited = once(qemu, 'close').finally(() => gone.abort(new Error('QEMU ended')));
  try {
    await using monitor = await Monitor.connect({ path: `${folder}/run/m`, clock: systemClock, log: silentLog, deadlineMs, signal: gone.signal, waitForSocket: true });
    const { status } = await monitor.execute('query-status');
    return status === 'prelaunch' ? null : `its status is ${status}`;
  } catch (error) {
    return `${String(error)}: ${said}`;
  } finally {
    qemu.kill('SIGKILL');
    await exited;
    await rm(`${folder}/run/m`, { force: true });
  }
}

interface Listed {
  readonly value: string;
  readonly commandLine: CommandLine;
}

/** What the document of a machine lists, with the command line of the first domain that was accepted for it. */
function listedValues(machine: string, sections: readonly string[]): readonly Listed[] {
  const trial = new TrialDomain(capabilities, machine, 'tcg');
  const accepted = (value: string, variants: readonly TrialParts[]): readonly Listed[] => {
    const commandLine = variants.map((parts) => trial.commandLine(parts)).find((each) => each !== null);
    return commandLine ? [{ value, commandLine }] : [];
  };
  return deviceVocabulary.filter(({ name }) => sections.includes(name)).flatMap((section) =>
    section.enums.flatMap(({ name, values, variants }) => values.flatMap((value) => accepted(`${section.name} ${name} ${value}`, variants(value)))));
}

async function refusals(listed: readonly Listed[]): Promise<readonly string[]> {
  const found: string[] = [];
  for (const { value, commandLine } of listed) {
    const why = await refusal(commandLine);
    if (why !== null) found.push(`${value}: ${why}`);
  }
  return found;
}

/** A display server, a peer or a device of the host, which a trial does not have: a start says that it is missing. */
const needsMoreThanQemu = new Set([
  'disk diskDevice lun', 'graphics type sdl', 'graphics type egl-headless', 'graphics type dbus', 'rng backendModel egd', 'channel type dev', 'console type dev',
  'interface type bridge', 'interface type network', 'interface type direct', 'interface type vdpa', 'interface type hostdev',
]);

describe('QEMU starts with every value that is listed', () => {
  test.each([
    ['pc-q35-7.2', ['disk', 'graphics', 'video', 'rng'], 15],
    ['pc-q35-7.2', ['channel', 'interface', 'console'], 20],
    ['pc-i440fx-7.2', ['disk', 'interface'], 10],
    ['microvm', ['video'], 1],
  ])('for %s: %s', async (machine, sections, atLeast) => {
    const listed = listedValues(machine, sections).filter(({ value }) => !needsMoreThanQemu.has(value));
    expect(listed.length).toBeGreaterThanOrEqual(atLeast);
    expect(await refusals(listed)).toEqual([]);
  });

  test('for isapc: video, which has no bus for ramfb', async () => {
    const listed = listedValues('isapc', ['video']);
    expect(listed.map(({ value }) => value)).not.toContain('video modelType ramfb');
    expect(await refusals(listed)).toEqual([]);
  });

  test('and this test would see one that it does not take', async () => {
    const [first] = listedValues('pc-q35-7.2', ['rng']);
    const { fragments } = (first as Listed).commandLine;
    const wrong = new CommandLine(binary, [...fragments, { form: 'json', option: 'device', value: { driver: 'teleporter' } }]);
    expect(await refusals([{ value: 'wrong', commandLine: wrong }])).toEqual([expect.stringMatching(/^wrong: .*teleporter/s)]);
  });

  test('of CPUs', async () => {
    const trial = new TrialDomain(capabilities, 'pc-q35-7.2', 'tcg');
    const cpus = ["mode='maximum'", "mode='maximum' migratable='off'", "mode='host-model'", "mode='custom'><model>Nehalem</model></cpu"];
    const listed = cpus.map((cpu) => ({ value: cpu, commandLine: trial.commandLine({ domain: cpu.endsWith('cpu') ? `<cpu ${cpu}>` : `<cpu ${cpu}/>` }) as CommandLine }));
    expect(await refusals(listed)).toEqual([]);
  });
});

test('both documents of this host are written, and offer KVM only where a guest ran on it', async () => {
  const accelerators = new AcceleratorChoice({ spawn, clock: systemClock, log: silentLog, signal, folder: path.join(folder, 'verdicts'), host: hostAcceleration() });
  const documents = new CapabilitiesDocuments({ hostUuid: () => Promise.resolve('11111111-2222-4333-8444-555555555555'), capabilities: cache, accelerators, log: silentLog });
  const host = parseXml(await documents.host(signal), { source: 'capabilities' });
  expect(childElements(host).map(({ name }) => name).slice(0, 2)).toEqual(['host', 'guest']);
  const { accelerator } = await accelerators.verdict(capabilities);
  const domain = await documents.domain({ emulator: binary, arch: 'x86_64', machine: 'q35', virttype: null }, signal);
  expect(domain).toContain(`<domain>${accelerator === 'kvm' ? 'kvm' : 'qemu'}</domain>\n  <machine>pc-q35-7.2</machine>`);
});
