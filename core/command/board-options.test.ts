/** The options that are not devices', one by one; that QEMU takes them together is the golden cases' business. */
import { beforeAll, describe, expect, test } from 'vitest';
import { complete, goldenLaunch, recordedCapabilities } from '../../test/golden/golden-launch.ts';
import type { QemuCapabilities } from '../capabilities/qemu-capabilities.ts';
import { parseDomain } from '../devices/domain-xml.ts';
import { buildCommandLine } from './build-command-line.ts';
import { clockFragments } from './clock.ts';
import type { CommandLine } from './command-line.ts';
import { domainHostNeeds } from './host-needs.ts';
import { liveDefinition } from './live-definition.ts';

const architectures = ['x86_64', 'aarch64', 's390x', 'ppc64'] as const;
type Architecture = (typeof architectures)[number];
const capabilities = new Map<string, QemuCapabilities>();
beforeAll(async () => {
  for (const arch of architectures) capabilities.set(arch, await recordedCapabilities(arch));
});

interface Parts {
  readonly arch?: Architecture;
  /** What the guest is, where it is not what the binary is named for. */
  readonly guest?: string;
  readonly machine?: string;
  readonly type?: 'kvm' | 'qemu';
  readonly os?: string;
  readonly devices?: string;
}

const machines = { x86_64: 'q35', aarch64: 'virt', s390x: 's390-ccw-virtio', ppc64: 'pseries' } as const;

function lineOf(rest: string, { arch = 'x86_64', guest = arch, machine = machines[arch], type = 'qemu', os = '', devices = '' }: Parts = {}): CommandLine {
  const known = { ...(capabilities.get(arch) as QemuCapabilities), accelerators: ['kvm', 'tcg'] as const };
  const xml = `<domain type='${type}' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'><name>x</name><memory unit='MiB'>256</memory><os><type arch='${guest}' machine='${machine}'>hvm</type>${os}</os>${rest}<devices>${devices}</devices></domain>`;
  const launch = { ...goldenLaunch(known), accelerator: type === 'kvm' ? ('kvm' as const) : ('tcg' as const) };
  return buildCommandLine(liveDefinition(complete(xml, known), launch), launch);
}

/** Every value of one option. */
function valuesOf(line: CommandLine, option: string): readonly string[] {
  return line.argv.flatMap((argument, at) => (argument === option ? [line.argv[at + 1] ?? ''] : []));
}

describe('-machine has', () => {
  test.each<[rest: string, expected: RegExp, parts?: Parts]>([
    ["<features><ioapic driver='qemu'/></features>", /,kernel-irqchip=split/],
    ["<features><smm state='off'/><vmport state='off'/></features>", /,vmport=off,smm=off/],
    ["<memoryBacking><nosharepages/></memoryBacking>", /,mem-merge=off/],
    ["<features><gic version='3'/><ras state='on'/></features>", /,gic-version=3,ras=on/, { arch: 'aarch64' }],
    ['', /,gic-version=2/, { arch: 'aarch64' }],
    ['', /,gic-version=2/, { arch: 'aarch64', guest: 'armv7l' }],
    ["<features><hpt resizing='required'><maxpagesize unit='MiB'>1</maxpagesize></hpt><htm state='off'/><nested-hv state='off'/><cfpc value='fixed'/></features>", /,resize-hpt=required,cap-hpt-max-page-size=1024k,cap-htm=off,cap-nested-hv=off,cap-cfpc=fixed/, { arch: 'ppc64' }],
    ["<keywrap><cipher name='aes' state='on'/><cipher name='dea' state='off'/></keywrap>", /,aes-key-wrap=on,dea-key-wrap=off/, { arch: 's390x' }],
    ["<launchSecurity type='sev'><cbitpos>47</cbitpos><policy>0x0001</policy></launchSecurity>", /,confidential-guest-support=lsec0/],
    ["<clock><timer name='hpet' present='yes'/></clock>", /,hpet=on/],
  ])('what %s says', (rest, expected, parts) => {
    expect(valuesOf(lineOf(rest, parts), '-machine')[0]).toMatch(expected);
  });
});

test('ACPI is switched off where the definition does not have it and the board could', () => {
  expect(valuesOf(lineOf(''), '-machine')[0]).toMatch(/,acpi=off/);
  expect(valuesOf(lineOf('<features><acpi/></features>'), '-machine')[0]).not.toMatch(/acpi/);
  expect(valuesOf(lineOf('', { arch: 'ppc64' }), '-machine')[0]).not.toMatch(/acpi/);
});

describe('-cpu', () => {
  test.each<[rest: string, expected: string, parts?: Parts]>([
    ["<cpu mode='host-passthrough'/>", 'host,migratable=on', { type: 'kvm' }],
    ["<cpu mode='maximum'><cache mode='passthrough'/></cpu>", 'max,l3-cache=off,host-cache-info=on'],
    ["<cpu mode='host-passthrough'><cache mode='disable'/></cpu>", 'host,migratable=on,l3-cache=off,host-cache-info=off', { type: 'kvm' }],
    ["<cpu mode='maximum'><maxphysaddr mode='passthrough' limit='39'/></cpu>", 'max,host-phys-bits=on,host-phys-bits-limit=39'],
    ["<cpu><model>Nehalem</model><feature name='pclmuldq'/><feature policy='optional' name='avx'/><feature policy='optional' name='cmt'/><feature policy='forbid' name='osxsave'/></cpu>", 'Nehalem,pclmulqdq=on,avx=on'],
    ["<cpu match='minimum'><model>Nehalem</model><feature name='avx' policy='disable'/></cpu>", 'max,avx=off'],
    ["<features><hyperv mode='passthrough'/></features>", 'qemu64,hv-passthrough=on'],
    ["<features><hyperv><vpindex/><synic/><stimer><direct/></stimer><tlbflush><extended/></tlbflush></hyperv></features><clock><timer name='hypervclock' present='yes'/></clock>", 'qemu64,hv-time=on,hv-vpindex=on,hv-synic=on,hv-stimer=on,hv-stimer-direct=on,hv-tlbflush=on,hv-tlbflush-ext=on', { type: 'kvm' }],
    ["<features><kvm><hidden state='off'/><pv-ipi state='off'/></kvm></features>", 'qemu64,kvm-pv-ipi=off'],
    ["<cpu><model>power9</model></cpu><features><pmu state='on'/></features>", 'power9', { arch: 'ppc64' }],
    ['', 'cortex-a15', { arch: 'aarch64' }],
    ["<cpu mode='host-passthrough'/>", 'host,aarch64=off', { arch: 'aarch64', guest: 'armv7l', type: 'kvm' }],
    ['', 'qemu64', { guest: 'i686' }],
    ['', '486', { machine: 'isapc' }],
  ])('for %s is %s', (rest, expected, parts) => {
    expect(valuesOf(lineOf(rest, parts), '-cpu')).toEqual([expected]);
  });
});

describe('the clock', () => {
  const noon = Date.UTC(2024, 0, 1, 12);
  const rtc = (clock: string): string => {
    const definition = parseDomain(`<domain type='qemu'><name>x</name><os><type>hvm</type></os>${clock}</domain>`);
    const [fragment] = clockFragments(definition, 'tcg', { now: () => 0, wallTime: () => noon, sleep: async () => {} });
    return fragment?.form === 'keys' ? fragment.keys.map(([key, value]) => `${key}=${value}`).join(',') : '';
  };

  test.each([
    ["<clock offset='utc'/>", 'base=utc'],
    ["<clock offset='variable' adjustment='0' basis='localtime'/>", 'base=localtime'],
    ["<clock offset='utc' adjustment='3600'/>", 'base=2024-01-01T13:00:00'],
    ["<clock offset='variable' adjustment='9007199254740991'/>", 'base=9999-12-31T23:59:59'],
    ["<clock offset='variable' adjustment='-9007199254740991'/>", 'base=1970-01-01T00:00:00'],
    ["<clock offset='absolute' start='1234567890'><timer name='rtc' track='wall'/></clock>", 'base=2009-02-13T23:31:30,clock=host'],
  ])('of %s starts at %s', (clock, expected) => {
    expect(rtc(clock)).toBe(expected);
  });

  test('in a time zone makes QEMU run in that zone', () => {
    const line = lineOf("<clock offset='timezone' timezone='Europe/Paris'/>");
    expect([line.environment, valuesOf(line, '-rtc')]).toEqual([{ TZ: 'Europe/Paris' }, ['base=localtime']]);
  });

  test('has the timer of KVM deliver late ticks late', () => {
    expect(valuesOf(lineOf("<clock><timer name='pit'/></clock>", { type: 'kvm' }), '-global')).toContain('kvm-pit.lost_tick_policy=delay');
  });
});

describe('memory', () => {
  const objects = (rest: string): readonly Record<string, unknown>[] => valuesOf(lineOf(rest), '-object').map((text) => JSON.parse(text) as Record<string, unknown>);

  test('that nothing is said of is left to QEMU', () => expect(objects('')).toEqual([]));
  test('of huge pages is taken from the host at once', () => {
    expect(objects("<memoryBacking><hugepages><page size='2' unit='MiB'/></hugepages></memoryBacking>")[0]).toMatchObject({ id: 'pc.ram', hugetlb: true, hugetlbsize: 2 ** 21, prealloc: true });
  });
  test('with a place on the host is bound to it', () => {
    expect(objects("<numatune><memory mode='interleave' nodeset='0,2'/></numatune>")[0]).toMatchObject({ 'host-nodes': [0, 2], policy: 'interleave' });
  });
  test('that can grow says how far', () => {
    expect(valuesOf(lineOf("<maxMemory slots='8' unit='MiB'>1024</maxMemory>"), '-m')).toEqual(['size=262144k,slots=8,maxmem=1048576k']);
  });
  test('that must stay in the host is locked', () => expect(valuesOf(lineOf('<memoryBacking><locked/></memoryBacking>'), '-overcommit')).toEqual(['mem-lock=on']));
});

describe('firmware', () => {
  const acpi = '<features><acpi/></features>';

  test('in flash is two chips, the second of which the guest writes to', () => {
    const line = lineOf(acpi, { os: "<loader readonly='yes' type='pflash'>/ovmf,code</loader><nvram>/vars</nvram>" });
    expect(valuesOf(line, '-machine')[0]).toMatch(/pflash0=libvirt-pflash0-format,pflash1=libvirt-pflash1-storage/);
    expect(valuesOf(line, '-blockdev')).toEqual([
      '{"driver":"file","filename":"/ovmf,code","node-name":"libvirt-pflash0-storage","auto-read-only":true,"discard":"unmap"}',
      '{"node-name":"libvirt-pflash0-format","read-only":true,"driver":"raw","file":"libvirt-pflash0-storage"}',
      '{"driver":"file","filename":"/vars","node-name":"libvirt-pflash1-storage","read-only":false}',
    ]);
  });

  test('variables can be anywhere', () => {
    const source = "<source protocol='iscsi' name='iqn.2013-07.com.example:pool/3'><host name='example.org' port='6000'/><auth username='me'><secret type='iscsi' usage='pool'/></auth></source>";
    const line = lineOf(acpi, { os: `<loader type='pflash'>/c</loader><nvram type='network' format='qcow2'>${source}</nvram>` });
    expect(valuesOf(line, '-object').map((object) => object.match(/"id":"([^"]*)"/)?.[1])).toEqual(['masterKey0', 'libvirt-pflash1-storage-auth-secret0']);
    expect(JSON.parse(valuesOf(line, '-blockdev')[2] ?? '')).toMatchObject({ user: 'me', 'password-secret': 'libvirt-pflash1-storage-auth-secret0', driver: 'iscsi', portal: 'example.org:6000', target: 'iqn.2013-07.com.example:pool', lun: 3 });
  });

  test('as a ROM is -bios', () => expect(valuesOf(lineOf('', { os: '<loader>/bios</loader>' }), '-bios')).toEqual(['/bios']));

  test('that is not there is found missing before the start', () => {
    const definition = parseDomain("<domain type='qemu'><name>x</name><os><type>hvm</type><loader>/bios</loader><kernel>/k</kernel></os></domain>");
    expect(domainHostNeeds(definition).map((need) => (need.type === 'path' ? `${need.path}: ${need.why}` : need.type))).toEqual(["/bios: the guest's firmware", '/k: direct boot']);
  });
});

describe("elements of QEMU's own namespace", () => {
  const override = (property: string): string => `<qemu:override><qemu:device alias='rng0'><qemu:frontend><qemu:property ${property}/></qemu:frontend></qemu:device></qemu:override>`;
  const rng = "<rng model='virtio'><rate bytes='10'/><backend model='builtin'/></rng>";
  const device = (rest: string): Record<string, unknown> => {
    const text = valuesOf(lineOf(rest, { devices: rng }), '-device').find((value) => value.includes('"rng0"'));
    return JSON.parse(text ?? '') as Record<string, unknown>;
  };

  test.each([
    ["name='max-bytes' type='unsigned' value='7'", { 'max-bytes': 7 }],
    ["name='x' type='bool' value='true'", { x: true }],
    ["name='x' type='string' value='a,b'", { x: 'a,b' }],
    ["name='max-bytes' type='signed' value='-7'", { 'max-bytes': -7 }],
  ])('override a device with %s', (property, expected) => expect(device(override(property))).toMatchObject(expected));

  test('take a property away', () => expect(device(override("name='max-bytes' type='remove'"))).not.toHaveProperty('max-bytes'));
  test('with a value of another type are refused', () => expect(() => device(override("name='x' type='unsigned' value='seven'"))).toThrow(/qemu:property 'x' has the value 'seven'/));
  test('say what happens to what is deprecated', () => expect(valuesOf(lineOf("<qemu:deprecation behavior='crash'/>"), '-compat')).toEqual(['deprecated-output=hide,deprecated-input=crash']));
  test('hide a device that QEMU has', () => {
    expect(() => lineOf("<qemu:capabilities><qemu:del capability='vmcoreinfo'/></qemu:capabilities><features><vmcoreinfo/></features>")).toThrow(/no vmcoreinfo device/);
  });
});
