/** The bundled command on a real QEMU: domains from a file, their names, their jobs, and where they are reached. */
import { stat, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { type BuiltCommand, type RunningCommand, buildCommand, spawnCommand } from '../cli/built-command.ts';
import { bootGuestXml } from '../support/boot-guest.ts';
import { bootSectorImage } from '../support/boot-sector.ts';
import { endProcesses, processesNaming } from '../support/electron-processes.ts';

const uuid = '0b4a3c52-7a51-4d6f-9d0e-3f1c5c1a7e11';
let command: BuiltCommand;
let home: string;
beforeAll(async () => {
  command = await buildCommand();
});
afterAll(() => command[Symbol.asyncDispose]());
beforeEach(async () => {
  home = await mkdtemp('/tmp/vireo-');
  await writeFile(`${home}/boot.raw`, bootSectorImage());
});
afterEach(async () => {
  await endProcesses(await processesNaming(home));
  await rm(home, { recursive: true, force: true });
});

const vireo = (...words: string[]): RunningCommand['outcome'] => spawnCommand(command, home, words).outcome;
const printed = (...lines: string[]): object => ({ exitCode: 0, stdout: `${[...lines, ''].join('\n')}\n`, stderr: '' });
const failed = (...lines: string[]): object => ({ exitCode: 1, stdout: '\n', stderr: lines.map((line) => `error: ${line}\n`).join('') });

async function writeDefinition(file: string, changes: (xml: string) => string = (xml) => xml): Promise<void> {
  await writeFile(`${home}/${file}`, changes(bootGuestXml(`${home}/boot.raw`, { uuid })));
}

test('a domain is created from a file, known by each of its names, and gone when it is destroyed', async () => {
  await writeDefinition('boot.xml');
  expect(await vireo('create', 'boot.xml', '--paused')).toEqual(printed("Domain 'boot' created from boot.xml"));
  expect([await vireo('domid', 'boot'), await vireo('domname', '1'), await vireo('domuuid', 'boot'), await vireo('domcontrol', 'boot'), await vireo('list', '--transient', '--name')]).toEqual([
    printed('1'),
    printed('boot'),
    printed(uuid),
    printed('ok'),
    printed('boot'),
  ]);
  expect([await vireo('create', 'boot.xml'), await vireo('domjobinfo', 'boot'), await vireo('domjobinfo', 'boot', '--completed'), await vireo('domjobabort', 'boot')]).toEqual([
    failed('Failed to create domain from boot.xml', "Requested operation is not valid: domain 'boot' is already active"),
    printed('Job type:         None        '),
    printed('Job type:         None        '),
    failed('Requested operation is not valid: no job is active on the domain'),
  ]);
  expect(await vireo('destroy', 'boot')).toEqual(printed("Domain 'boot' destroyed"));
  expect([await vireo('domid', 'boot'), await vireo('list', '--all', '--name')]).toEqual([failed("failed to get domain 'boot'"), printed()]);
});

test('terminal and display of a domain are found by their paths', async () => {
  await writeDefinition('pty.xml', (xml) => xml.replace(/<serial.*<\/serial>/, "<serial type='pty'/><graphics type='vnc'/>"));
  expect(await vireo('define', 'pty.xml')).toMatchObject({ exitCode: 0 });
  expect([await vireo('ttyconsole', 'boot'), await vireo('vncdisplay', 'boot'), await vireo('domcontrol', 'boot'), await vireo('domjobinfo', 'boot')]).toEqual([
    failed('Domain is not running'),
    failed('Domain is not running'),
    failed('Requested operation is not valid: domain is not running'),
    failed('Requested operation is not valid: domain is not running'),
  ]);
  expect(await vireo('start', 'boot', '--paused')).toMatchObject({ exitCode: 0 });
  expect((await vireo('ttyconsole', 'boot')).stdout).toMatch(/^\/dev\/pts\/\d+\n\n$/);
  const [, socket] = /^unix:(.*)\n\n$/.exec((await vireo('vncdisplay', 'boot')).stdout) ?? [];
  expect((await stat(socket ?? '')).isSocket()).toBe(true);
});

test('a QEMU that hangs is seen by domcontrol, with the age of what it does not answer', async () => {
  await writeDefinition('boot.xml');
  await vireo('create', 'boot.xml', '--paused');
  const [qemu] = (await processesNaming(home)).filter(({ program }) => program.includes('qemu-system'));
  process.kill(qemu?.pid as number, 'SIGSTOP');
  const hanging = spawnCommand(command, home, ['resume', 'boot']);
  await expect.poll(async () => (await vireo('domcontrol', 'boot')).stdout, { timeout: 20_000 }).toMatch(/^occupied \(\d+\.\d{3}s\)\n/);
  await expect.poll(async () => (await vireo('domcontrol', 'boot')).stdout, { timeout: 20_000 }).toMatch(/^error: monitor failure \([5-9]\.\d{3}s\)\n/);
  process.kill(qemu?.pid as number, 'SIGCONT');
  expect(await hanging.outcome).toEqual(printed("Domain 'boot' resumed"));
  expect(await vireo('domcontrol', 'boot')).toEqual(printed('ok'));
});

test('both capabilities documents are printed', async () => {
  expect((await vireo('capabilities')).stdout).toMatch(/^<capabilities>\n[^]*<arch name='x86_64'>[^]*<\/capabilities>\n\n$/);
  const q35 = await vireo('domcapabilities', '--arch', 'x86_64', '--machine', 'q35', '--virttype', 'qemu');
  expect(q35.stdout).toMatch(/^<domainCapabilities>\n[^]*<machine>pc-q35-[^]*<\/domainCapabilities>\n\n$/);
  expect(await vireo('domcapabilities', '--arch', 'pdp11')).toEqual(failed('failed to get emulator capabilities', "invalid argument: unknown architecture 'pdp11'"));
});
