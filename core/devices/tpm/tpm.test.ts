import { describe, expect, test } from 'vitest';
import { DeviceWorkbench } from '../../../test/support/device-workbench.ts';
import { goldenLaunch } from '../../../test/golden/golden-launch.ts';
import { liveDefinition } from '../../command/live-definition.ts';
import { devicesOf } from '../../conf/device-definition.ts';
import type { SideProcess } from '../device-module.ts';
import { tpmModule } from './tpm.ts';
import type { LaunchContext } from '../launch-context.ts';
import { swtpmNeeds } from './swtpm.ts';

const x86 = await DeviceWorkbench.open();
const ppc64 = await DeviceWorkbench.open('ppc64');
const aarch64 = await DeviceWorkbench.open('aarch64');
const emulator = "<tpm><backend type='emulator'/></tpm>";

function swtpm(devices: string): SideProcess {
  const launch = { ...goldenLaunch(x86.capabilities), domainFolder: '/domains/x' };
  const live = liveDefinition(x86.complete({ devices }), launch);
  const { sideProcesses } = tpmModule;
  const started = sideProcesses === 'none' ? [] : devicesOf(live.devices, 'tpm').flatMap((tpm) => sideProcesses(tpm, launch));
  const [process] = started;
  if (started.length !== 1 || !process || !('argv' in process)) throw new Error('not one process');
  return process;
}

describe('a TPM that names neither model nor version', () => {
  test('is what its machine has always had', () => {
    const [pc, power, arm] = [x86, ppc64, aarch64].map((bench) => bench.devices('tpm', { devices: emulator })[0]);
    expect(pc).toMatchObject({ model: 'tpm-tis', backend: { version: '1.2' } });
    expect(power).toMatchObject({ model: 'tpm-spapr', backend: { version: '2.0' }, address: { type: 'spapr-vio', reg: 0x4000n } });
    expect(arm).toMatchObject({ model: 'tpm-tis', backend: { version: '2.0' } });
    expect(aarch64.options({ devices: emulator }, /"tpmdev"/)).toEqual([{ driver: 'tpm-tis-device', tpmdev: 'tpm-tpm0', id: 'tpm0' }]);
  });

  test('of the newer interface is of version 2.0', () => {
    expect(x86.devices('tpm', { devices: "<tpm model='tpm-crb'><backend type='emulator'/></tpm>" })).toMatchObject([{ backend: { version: '2.0' } }]);
  });
});

describe('the command line', () => {
  test('of an emulator connects to the socket of the run', () => {
    expect(x86.arguments({ devices: "<tpm model='tpm-crb'><backend type='emulator'/></tpm>" }, /[,"].*tpm/)).toEqual([
      'socket,id=chrtpm,path=/run/vireo/0badc0de/swtpm', 'emulator,id=tpm-tpm0,chardev=chrtpm', '{"driver":"tpm-crb","tpmdev":"tpm-tpm0","id":"tpm0"}',
    ]);
  });

  test("of somebody else's emulator connects to their socket", () => {
    const devices = "<tpm model='tpm-tis'><backend type='external'><source type='unix' mode='connect' path='/s,t'/></backend></tpm>";
    expect(x86.arguments({ devices }, /tpm/)[0]).toBe('socket,id=chrtpm,path=/s,,t');
    expect(x86.needs('tpm', { devices })).toMatchObject([{ type: 'path', path: '/s,t' }]);
  });

  test('of a passthrough names the chip, tpm0 where none is named', () => {
    const devices = (inside: string): string => `<tpm model='tpm-tis'><backend type='passthrough'>${inside}</backend></tpm>`;
    expect(x86.arguments({ devices: devices('') }, /passthrough/)).toEqual(['passthrough,id=tpm-tpm0,path=/dev/tpm0']);
    expect(x86.arguments({ devices: devices("<device path='/dev/tpm1'/>") }, /passthrough/)).toEqual(['passthrough,id=tpm-tpm0,path=/dev/tpm1']);
    expect(x86.needs('tpm', { devices: devices('') })).toMatchObject([{ type: 'path', path: '/dev/tpm0', access: 'read-write' }]);
  });

  test('of a proxy stands beside another TPM', () => {
    const devices = `<tpm model='spapr-tpm-proxy'><backend type='passthrough'><device path='/dev/tpmrm0'/></backend></tpm>${emulator}`;
    expect(ppc64.options({ devices }, /"(spapr-tpm-proxy|tpm-spapr)"/)).toMatchObject([{ driver: 'spapr-tpm-proxy', 'host-path': '/dev/tpmrm0' }, { driver: 'tpm-spapr' }]);
  });
});

describe('swtpm', () => {
  test('keeps its state in the folder of the domain and is reached in that of the run', () => {
    expect(swtpm("<tpm model='tpm-crb'><backend type='emulator'/></tpm>")).toEqual({
      name: 'swtpm-tpm0',
      programs: ['swtpm'],
      argv: ['socket', '--ctrl', 'type=unixio,path=/run/vireo/0badc0de/swtpm,mode=0600', '--tpmstate', 'dir=/domains/x/tpm2,mode=0600', '--tpm2', '--terminate'],
      socket: '/run/vireo/0badc0de/swtpm',
      folders: ['/domains/x/tpm2'],
    });
  });

  test('is told of the version, of the place of its state, and how much to say', () => {
    expect(swtpm("<tpm><backend type='emulator' version='1.2'/></tpm>").argv).not.toContain('--tpm2');
    const { argv, folders } = swtpm("<tpm model='tpm-crb'><backend type='emulator' debug='5'><source type='file' path='/state'/></backend></tpm>");
    expect(argv).toEqual(expect.arrayContaining(['backend-uri=file:///state,mode=0600', 'file=/var/log/vireo/golden/swtpm.log,level=5']));
    expect(folders).toEqual([]);
    expect(swtpm("<tpm model='tpm-crb'><backend type='emulator'><source type='dir' path='/d'/></backend></tpm>").folders).toEqual(['/d']);
  });

  test('is needed, and what needs more than swtpm is said', () => {
    const devices = "<tpm model='tpm-crb'><backend type='emulator' version='2.0'><active_pcr_banks><sha256/></active_pcr_banks></backend></tpm>";
    expect(x86.needs('tpm', { devices })).toMatchObject([{ type: 'program', names: ['swtpm'] }, { type: 'unsupported', reason: expect.stringContaining('active_pcr_banks') }]);
  });
});

test('everything is written back as it stood', () => {
  const devices =
    "<tpm model='tpm-crb'><backend type='emulator' version='2.0' persistent_state='yes' debug='3'><encryption secret='32ee7e76-2178-47a1-ab7b-269e6e348015'/><active_pcr_banks><sha256/><sha384/></active_pcr_banks>" +
    "<source type='dir' path='/state'/><profile source='local:x' removeDisabled='check' name='custom:x'/></backend></tpm>";
  expect(x86.written('tpm', { devices })).toBe(devices);
});

describe('a refusal', () => {
  test.each([
    [x86, `${emulator}${emulator}`, /one TPM beside a proxy at most/],
    [x86, "<tpm model='tpm-crb'><backend type='emulator' version='1.2'/></tpm>", /'1.2' exists for tpm-tis on x86 only/],
    [aarch64, "<tpm model='tpm-crb'><backend type='emulator'/></tpm>", /no device tpm-crb/],
    [x86, "<tpm model='tpm-spapr'><backend type='emulator'/></tpm>", /tpm-spapr/],
    [x86, "<tpm><backend type='emulator' version='1.2'><active_pcr_banks><sha1/></active_pcr_banks></backend></tpm>", /active_pcr_banks needs version '2.0'/],
    [x86, "<tpm model='tpm-crb'><backend type='emulator'><source type='dir' path='/a,mode=0777'/></backend></tpm>", /'\/a,mode=0777', whose name holds a comma/],
    [x86, "<tpm><backend type='external'><source type='unix' mode='bind' path='/s'/></backend></tpm>", /mode 'connect', not 'bind'/],
    [x86, "<tpm><backend type='external'/></tpm>", /needs the path of its socket/],
    [ppc64, "<tpm model='spapr-tpm-proxy'><backend type='emulator'/></tpm>", /proxy needs a backend of type 'passthrough'/],
    [x86, "<tpm model='tpm-tis'/>", /Missing element 'backend'/],
  ])('says why (%#)', (bench, devices, reason) => {
    expect(bench.refusal({ devices })).toMatch(reason);
  });
});

test('a state folder whose name swtpm would take apart is refused before the start', () => {
  const source: Parameters<typeof swtpmNeeds>[0] = { type: 'emulator', version: '2.0', persistentState: null, debugLevel: null, encryption: null, activePcrBanks: null, source: null, profile: null };
  const needs = (folder: string): readonly string[] => swtpmNeeds(source, { runFolder: '/run/x', logFolder: '/log/x', domainFolder: folder } as LaunchContext).map(({ type }) => type);
  expect([needs('/state/x'), needs('/state,mode=0777/x')]).toEqual([['program'], ['unsupported', 'program']]);
});
