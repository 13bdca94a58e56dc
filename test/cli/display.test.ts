import { beforeEach, expect, test } from 'vitest';
import { VireoError } from '../../core/base/errors.ts';
import { type CommandOutcome, runCommand } from './command-run.ts';
import { fakeDisplay } from './fake-displays.ts';
import { FakeHost } from './fake-host.ts';

let host: FakeHost;

beforeEach(() => {
  host = new FakeHost();
  host.add({ uuid: '00000000-0000-4000-8000-000000000002', name: 'off' });
  host.add({ uuid: '6695eb01-f6a4-8304-79aa-97f2502e193f', name: 'test', id: 3, state: 'running' });
});

const vireo = (line: string): Promise<CommandOutcome> => runCommand(host, line.split(' '));
const printed = (...lines: string[]): CommandOutcome => ({ exitCode: 0, stdout: `${lines.map((line) => `${line}\n`).join('')}\n`, stderr: '' });
const failed = (...lines: string[]): CommandOutcome => ({ exitCode: 1, stdout: '\n', stderr: lines.map((line) => `error: ${line}\n`).join('') });

const spice = fakeDisplay({ type: 'spice', uri: 'spice://127.0.0.1:5900' });

test('domdisplay prints the first display in the order of virsh, one of a type, or all of them', async () => {
  host.displays = [spice, fakeDisplay({ type: 'sdl', uri: null }), fakeDisplay()];
  expect([await vireo('domdisplay test'), await vireo('domdisplay test --type spice'), await vireo('domdisplay test spice'), await vireo('domdisplay test --all')]).toEqual([
    printed('vnc+unix:///state/run/x/v'), printed('spice://127.0.0.1:5900'), printed('spice://127.0.0.1:5900'), printed('vnc+unix:///state/run/x/v', 'spice://127.0.0.1:5900'),
  ]);
  expect(JSON.parse((await vireo('domdisplay test --all --json')).stdout)).toEqual({ displays: ['vnc+unix:///state/run/x/v', 'spice://127.0.0.1:5900'] });
});

test('domdisplay tells a password only to who asks for it', async () => {
  host.displays = [spice];
  expect([await vireo('domdisplay test'), await vireo('domdisplay test --include-password')]).toEqual([printed('spice://127.0.0.1:5900'), printed('spice://:hush@127.0.0.1:5900')]);
});

test('domdisplay says what virsh says where there is none', async () => {
  host.displays = [fakeDisplay({ uri: null })];
  expect([await vireo('domdisplay test'), await vireo('domdisplay test --type rdp'), await vireo('domdisplay off'), await vireo('domdisplay test --all --type vnc')]).toEqual([
    failed('No graphical display found'), failed("No graphical display with type 'rdp' found"), failed('Domain is not running'), expect.objectContaining({ exitCode: 1, stderr: expect.stringContaining('mutually exclusive') }),
  ]);
});

test('domdisplay-reload knows a type by its name and by its number', async () => {
  const types: unknown[] = [];
  for (const line of ['domdisplay-reload test', 'domdisplay-reload test --type vnc', 'domdisplay-reload test --type 1']) {
    expect(await vireo(line)).toEqual(printed());
    types.push((host.calls.at(-1)?.params as { type: string } | undefined)?.type);
  }
  expect(types).toEqual(['any', 'vnc', 'vnc']);
  expect(await vireo('domdisplay-reload test --type 7')).toEqual(failed("Numeric value '7' for <type> option is malformed or out of range"));
});

test('display opens the window of the app, or says how else to look', async () => {
  host.displays = [fakeDisplay({ uri: 'spice://localhost?tls-port=5901' })];
  expect(await vireo('display test')).toEqual(printed('The display of test is open'));
  expect(host.calls.at(-1)).toMatchObject({ method: 'domainShowDisplay', params: { display: 0 } });
  host.failures.set('domainShowDisplay', new VireoError('OPERATION_UNSUPPORTED', 'no app with windows has this state folder'));
  expect(await vireo('display test')).toEqual(printed('No window of Vireo is there to show test: start Vireo, or connect with', "remote-viewer 'spice://localhost?tls-port=5901'"));
  host.displays = [];
  expect(await vireo('display test')).toEqual(printed('No window of Vireo is there to show test: start Vireo.'));
  host.failures.set('domainShowDisplay', new VireoError('INVALID_ARG', 'the domain has no display 2'));
  expect(await vireo('display test --display 2')).toEqual(failed('invalid argument: the domain has no display 2'));
});
