import { beforeAll, describe, expect, test } from 'vitest';
import { complete, recordedCapabilities } from '../../test/golden/golden-launch.ts';
import type { QemuCapabilities } from '../capabilities/qemu-capabilities.ts';
import type { DomainDefinition } from '../conf/domain-definition.ts';

let capabilities: QemuCapabilities;
beforeAll(async () => {
  capabilities = await recordedCapabilities();
});

interface Parts {
  readonly type?: string;
  readonly machine?: string;
  readonly os?: string;
  readonly osAttributes?: string;
  readonly memory?: string;
}

function define(rest: string, { type = 'qemu', machine = 'q35', os = '', osAttributes = '', memory = '<memory>262144</memory>' }: Parts = {}): DomainDefinition {
  return complete(`<domain type='${type}'><name>x</name>${memory}${rest}<os${osAttributes}><type machine='${machine}'>hvm</type>${os}</os></domain>`, capabilities);
}

/** Element and value that the message must name. */
type Case = readonly [rest: string, code: 'XML_ERROR' | 'CONFIG_UNSUPPORTED', message: RegExp, parts?: Parts];

function refuses(cases: readonly Case[]): void {
  test.each<[Case[0], Case[1], Case[2], Parts?]>(cases.map((one) => [...one]))('%s', (rest, code, message, parts) => {
    expect(() => define(rest, parts)).toThrow(message);
    expect(() => define(rest, parts)).toThrow(expect.objectContaining({ code }));
  });
}

const cells = (first: string, more = ''): string =>
  `<vcpu>2</vcpu><cpu><numa><cell id='0' cpus='0' memory='128' unit='MiB'>${first}</cell><cell id='1' cpus='1' memory='128' unit='MiB'/>${more}</numa></cpu>`;

describe('of the CPUs is refused', () => {
  refuses([
    ["<vcpu current='3'>2</vcpu>", 'XML_ERROR', /\(2 < 3\)/],
    ['<vcpu>4000</vcpu>', 'CONFIG_UNSUPPORTED', /maximum CPUs 4000 is greater than the 288/],
    ["<cpu><topology sockets='2' cores='2' threads='1'/></cpu>", 'CONFIG_UNSUPPORTED', /topology has 4 CPUs.*vcpu count 1/],
    ["<vcpu>2</vcpu><cpu><topology sockets='1' clusters='2' cores='1' threads='1'/></cpu>", 'CONFIG_UNSUPPORTED', /one cluster in a die; the topology says 2/],
    ["<vcpu>2</vcpu><vcpus><vcpu id='0' enabled='no'/></vcpus>", 'CONFIG_UNSUPPORTED', /vcpu 0 can't be offline/],
    ["<vcpu>2</vcpu><vcpus><vcpu id='0' enabled='yes'/><vcpu id='2' enabled='yes'/></vcpus>", 'XML_ERROR', /vcpu 2 in vcpus is beyond the maximum of 2/],
    ["<vcpu>2</vcpu><vcpus><vcpu id='0' enabled='yes'/><vcpu id='1' enabled='no' hotpluggable='no'/></vcpus>", 'CONFIG_UNSUPPORTED', /vcpu 1 is both offline and not hotpluggable/],
    ["<vcpu>2</vcpu><vcpus><vcpu id='0' enabled='yes' order='1'/><vcpu id='1' enabled='yes' hotpluggable='yes'/></vcpus>", 'CONFIG_UNSUPPORTED', /either all vcpus that are enabled have an order/],
    ['<cpu><model>i8080</model></cpu>', 'CONFIG_UNSUPPORTED', /CPU model 'i8080'/],
    ["<cpu mode='host-passthrough'/>", 'CONFIG_UNSUPPORTED', /needs hardware acceleration; 'maximum' works without/],
    ["<cpu mode='maximum'><feature name='aes'/><feature name='aes'/></cpu>", 'XML_ERROR', /feature 'aes' is there twice/],
    ["<cpu><cache level='2' mode='emulate'/></cpu>", 'CONFIG_UNSUPPORTED', /'emulate' can only be used with level 3/],
    ["<cpu><cache mode='passthrough'/></cpu>", 'CONFIG_UNSUPPORTED', /'passthrough' can only be used with/],
    ["<cpu mode='maximum'><maxphysaddr mode='passthrough' bits='40'/></cpu>", 'CONFIG_UNSUPPORTED', /takes no bits/],
  ]);
});

describe('of the memory is refused', () => {
  refuses([
    ['', 'XML_ERROR', /neither <memory> nor <numa> says how much/, { memory: '' }],
    ["<maxMemory slots='4' unit='MiB'>128</maxMemory>", 'XML_ERROR', /maxMemory of 131072 KiB must not be less than the memory of 262144 KiB/],
    ["<maxMemory slots='4'>0</maxMemory>", 'XML_ERROR', /maxMemory has slots and no size/],
    ["<memtune><min_guarantee>1</min_guarantee></memtune>", 'CONFIG_UNSUPPORTED', /min_guarantee/],
    ["<memoryBacking><hugepages/><allocation mode='ondemand'/></memoryBacking>", 'CONFIG_UNSUPPORTED', /allocation mode 'ondemand'/],
    ["<memoryBacking><hugepages/><source type='anonymous'/></memoryBacking>", 'CONFIG_UNSUPPORTED', /source type 'anonymous'/],
    ["<memoryBacking><hugepages><page size='5' unit='MiB'/></hugepages></memoryBacking>", 'CONFIG_UNSUPPORTED', /pages of 5120 KiB/],
    ["<memoryBacking><hugepages><page size='2048'/><page size='1' unit='GiB'/></hugepages></memoryBacking>", 'XML_ERROR', /two kinds of hugepages for all nodes: 2048 and 1048576 KiB/],
    ["<memoryBacking><hugepages><page size='2048' nodeset='1'/></hugepages></memoryBacking>", 'XML_ERROR', /hugepages names node 1, which is no NUMA cell/],
  ]);

  test('a page for node 0 is a page for all where there are no cells', () => {
    expect(define("<memoryBacking><hugepages><page size='2048' nodeset='0'/></hugepages></memoryBacking>").memoryBacking?.hugepages?.pages).toEqual([{ sizeKiB: 2048, nodeset: null }]);
  });
});

describe('of the NUMA layout is refused', () => {
  refuses([
    [cells("<distances><sibling id='2' value='20'/></distances>"), 'XML_ERROR', /distance to cell 2, which does not exist/],
    [cells("<distances><sibling id='1' value='10'/></distances>"), 'XML_ERROR', /distance 10 from NUMA cell 0 to cell 1 is invalid/],
    [cells("<cache level='4' associativity='none' policy='none'><size value='1'/></cache>"), 'XML_ERROR', /cache of level 4/],
    [cells("<cache level='1' associativity='none' policy='none'><size value='1'/></cache>"), 'CONFIG_UNSUPPORTED', /NUMA cell 0 has caches, and interconnects tells no latency/],
    [cells('', "<interconnects><latency initiator='0' target='7' type='read' value='1'/></interconnects>"), 'XML_ERROR', /target 7 of a latency is no NUMA cell/],
    [cells('', "<interconnects><bandwidth initiator='0' target='1' type='read' value='1000'/></interconnects>"), 'CONFIG_UNSUPPORTED', /bandwidth of 1000 KiB/],
    [cells('').replace("cpus='1'", "cpus='0-1'"), 'CONFIG_UNSUPPORTED', /cells 0 and 1 both have vcpu 0/],
    [cells('').replace("id='1'", "id='5'"), 'XML_ERROR', /numbered from 0 without gaps; there are 0, 5/],
    ["<numatune><memnode cellid='0' nodeset='0'/></numatune>", 'XML_ERROR', /memnode needs NUMA cells/],
    [`${cells('')}<numatune><memory mode='restrictive' nodeset='0'/><memnode cellid='0' mode='strict' nodeset='0'/></numatune>`, 'XML_ERROR', /'restrictive' must be in numatune\/memory and in every memnode/],
    ["<numatune><memory placement='static'/></numatune>", 'CONFIG_UNSUPPORTED', /needs a nodeset/],
  ]);
});

describe('of the firmware is refused', () => {
  const loader = (attributes: string): Parts => ({ os: `<loader ${attributes}>/ovmf</loader>` });
  refuses([
    ['', 'CONFIG_UNSUPPORTED', /initrd and cmdline need a kernel/, { os: '<initrd>/i</initrd>' }],
    ['', 'CONFIG_UNSUPPORTED', /os\/shim needs a kernel/, { os: '<shim>/s</shim>' }],
    ['<bootloader>/usr/bin/pygrub</bootloader>', 'CONFIG_UNSUPPORTED', /bootloader is not supported by QEMU/],
    ['', 'CONFIG_UNSUPPORTED', /'rawset' is not supported/, { os: "<acpi><table type='rawset'>/t</table></acpi>" }],
    ['', 'CONFIG_UNSUPPORTED', /choose a firmware, and os has no firmware attribute/, { os: "<firmware><feature enabled='yes' name='secure-boot'/></firmware>" }],
    ['', 'CONFIG_UNSUPPORTED', /os\/loader names no file/, { os: "<loader secure='yes'/>" }],
    ['', 'CONFIG_UNSUPPORTED', /UEFI needs the feature acpi/, loader("type='pflash' readonly='yes'")],
    ['<features><acpi/></features>', 'CONFIG_UNSUPPORTED', /secure boot needs the feature smm/, loader("type='pflash' secure='yes'")],
    ['<features><acpi/></features>', 'CONFIG_UNSUPPORTED', /secure boot is for q35 machines, not for 'pc-i440fx-7.2'/, { ...loader("type='pflash' secure='yes'"), machine: 'pc' }],
    ['<features><acpi/></features>', 'CONFIG_UNSUPPORTED', /stateless, so it can have no nvram/, { os: "<loader type='pflash' stateless='yes'>/o</loader><nvram>/n</nvram>" }],
    ['', 'CONFIG_UNSUPPORTED', /bios useserial needs a serial port/, { os: "<bios useserial='yes'/>" }],
  ]);
});

describe('of the features is refused', () => {
  refuses([
    ["<features><gic version='3'/></features>", 'CONFIG_UNSUPPORTED', /'gic' is not supported for architecture 'x86_64'/],
    ["<features><hpt resizing='enabled'/></features>", 'CONFIG_UNSUPPORTED', /'hpt' is not supported/],
    ["<features><smm><tseg unit='MiB'>48</tseg></smm></features>", 'CONFIG_UNSUPPORTED', /smm\/tseg is for q35/, { machine: 'pc' }],
    ["<features><smm><tseg unit='KiB'>3000</tseg></smm></features>", 'CONFIG_UNSUPPORTED', /3072000 bytes is not a whole number of MiB/],
    ["<features><vmport/><ps2 state='off'/></features>", 'CONFIG_UNSUPPORTED', /vmport needs the feature ps2/],
    ['<features><hyperv><stimer/></hyperv></features>', 'CONFIG_UNSUPPORTED', /hyperv 'stimer' needs 'synic'/, { type: 'kvm' }],
    ["<features><hyperv><spinlocks retries='9'/></hyperv></features>", 'CONFIG_UNSUPPORTED', /spinlocks has 9 retries; it needs at least 4095/, { type: 'kvm' }],
    ['<features><hyperv><vpindex/></hyperv></features>', 'CONFIG_UNSUPPORTED', /'vpindex' needs hardware acceleration/],
    ["<features><tcg><tb-cache unit='MiB'>64</tb-cache></tcg></features>", 'CONFIG_UNSUPPORTED', /tcg does nothing for domain type 'kvm'/, { type: 'kvm' }],
    ["<features><kvm><dirty-ring size='1000'/></kvm></features>", 'CONFIG_UNSUPPORTED', /dirty-ring has the size 1000/],
  ]);
});

describe('of the clock is refused', () => {
  refuses([
    ["<clock offset='timezone'/>", 'XML_ERROR', /needs a timezone/],
    ["<clock offset='absolute'/>", 'XML_ERROR', /needs a start/],
    ["<clock offset='variable' adjustment='reset'/>", 'XML_ERROR', /in seconds, not 'reset'/],
    ["<clock><timer name='rtc'/><timer name='rtc'/></clock>", 'XML_ERROR', /two timers with the name 'rtc'/],
    ["<clock><timer name='platform'/></clock>", 'CONFIG_UNSUPPORTED', /timer 'platform'/],
    ["<clock><timer name='rtc' tickpolicy='merge'/></clock>", 'CONFIG_UNSUPPORTED', /'rtc' does not support tickpolicy 'merge'/],
    ["<clock><timer name='hpet' frequency='5'/></clock>", 'CONFIG_UNSUPPORTED', /'hpet' has no frequency/],
    ["<clock><timer name='rtc'><catchup slew='1'/></timer></clock>", 'XML_ERROR', /catchup settings without the tickpolicy/],
    ["<clock><timer name='armvtimer'/></clock>", 'CONFIG_UNSUPPORTED', /'armvtimer' is for KVM on the ARM machine/],
  ]);
});

describe('of what the host is told is refused', () => {
  refuses([
    ["<iothreadids><iothread id='4'/><iothread id='4'/></iothreadids>", 'XML_ERROR', /two iothreads have the id 4/],
    ["<iothreadids><iothread id='4' thread_pool_min='9' thread_pool_max='2'/></iothreadids>", 'XML_ERROR', /thread_pool_min 9 .* greater than thread_pool_max 2/],
    ["<iothreads>1</iothreads><cputune><iothreadsched iothreads='1-2' scheduler='batch'/></cputune>", 'CONFIG_UNSUPPORTED', /iothreadsched names iothread 2/],
    ["<cputune><vcpusched vcpus='0' scheduler='idle'/><vcpusched vcpus='0' scheduler='batch'/></cputune>", 'CONFIG_UNSUPPORTED', /vcpusched names 0 twice/],
    ['<blkiotune><device><path>/a</path></device><device><path>/a</path></device></blkiotune>', 'XML_ERROR', /device '\/a' twice/],
    ["<throttlegroups><throttlegroup><group_name>a,b</group_name></throttlegroup></throttlegroups>", 'CONFIG_UNSUPPORTED', /throttlegroup 'a,b'/],
    ["<seclabel type='dynamic' model='selinux'/><seclabel model='selinux'/>", 'XML_ERROR', /model 'selinux' is there twice/],
    ["<seclabel type='static' model='dac'/>", 'XML_ERROR', /type 'static' needs a label/],
    ["<sysinfo type='smbios'><bios><entry name='date'>13/01/2020</entry></bios></sysinfo>", 'XML_ERROR', /date '13\/01\/2020'/],
    ["<sysinfo type='smbios'><bios><entry name='colour'>x</entry></bios></sysinfo>", 'CONFIG_UNSUPPORTED', /bios has no entry 'colour'/],
    ["<uuid>11111111-2222-4333-8444-555555555555</uuid><sysinfo type='smbios'><system><entry name='uuid'>21111111-2222-4333-8444-555555555555</entry></system></sysinfo>", 'XML_ERROR', /differs from the uuid '2111/],
    ["<sysinfo type='fwcfg'><entry name='etc/x'>1</entry></sysinfo>", 'CONFIG_UNSUPPORTED', /'etc\/x' must begin with opt\//],
    ["<sysinfo type='fwcfg'><entry name='opt/ovmf/x'>1</entry></sysinfo>", 'CONFIG_UNSUPPORTED', /'opt\/ovmf\/x' is reserved/],
    ['', 'XML_ERROR', /mode 'sysinfo' needs a sysinfo/, { os: "<smbios mode='sysinfo'/>" }],
    ["<keywrap><cipher name='aes' state='on'/></keywrap>", 'CONFIG_UNSUPPORTED', /keywrap is for s390x/],
    ["<launchSecurity type='s390-pv'/>", 'CONFIG_UNSUPPORTED', /launchSecurity 's390-pv' is not supported by this QEMU/],
    ['<on_reboot>preserve</on_reboot>', 'CONFIG_UNSUPPORTED', /on_reboot has the action 'preserve'/],
    ['<on_poweroff>preserve</on_poweroff>', 'CONFIG_UNSUPPORTED', /on_poweroff has the action 'preserve'/],
    ['<on_crash>rename-restart</on_crash>', 'CONFIG_UNSUPPORTED', /on_crash has the action 'rename-restart'/],
  ]);
});

describe('completing', () => {
  test('gives memory that can be plugged a cell with all CPUs', () => {
    const { cpu, maxMemory } = define("<maxMemory slots='4' unit='KiB'>1048577</maxMemory><vcpu>4</vcpu>");
    expect(cpu?.numa?.cells).toMatchObject([{ id: 0, cpus: '0-3', memoryKiB: 262_144 }]);
    expect(maxMemory?.sizeKiB).toBe(1_049_600);
  });

  test('adds the memory of the cells up, and gives the first one the CPUs that are left', () => {
    const { memoryKiB, cpu } = define("<vcpu>4</vcpu><cpu><numa><cell id='0' memory='1000'/><cell id='1' cpus='2' memory='128' unit='MiB'/></numa></cpu>", { memory: '' });
    expect(memoryKiB).toBe(1024 + 131_072);
    expect(cpu?.numa?.cells.map(({ cpus }) => cpus)).toEqual(['0-1,3', '2']);
  });

  test('tells distances for both directions', () => {
    const { cpu } = define(cells("<distances><sibling id='1' value='21'/></distances>"));
    expect(cpu?.numa?.cells.map(({ distances }) => distances.map(({ id, value }) => [id, value]))).toEqual([[[0, 10], [1, 21]], [[0, 21], [1, 10]]]);
  });

  test('says of every CPU whether it is there', () => {
    const { vcpu, vcpus } = define("<vcpu>3</vcpu><vcpus><vcpu id='0' enabled='yes'/></vcpus>");
    expect(vcpu.current).toBe(1);
    expect(vcpus.map(({ id, enabled, hotpluggable }) => [id, enabled, hotpluggable])).toEqual([[0, true, false], [1, false, true], [2, false, true]]);
  });

  test('writes out the threads once one of them is named', () => {
    expect(define("<iothreads>3</iothreads><iothreadids><iothread id='2'/></iothreadids>")).toMatchObject({ iothreads: 3, iothreadids: [{ id: 2 }, { id: 1 }, { id: 3 }] });
    expect(define('<iothreads>2</iothreads>')).toMatchObject({ iothreads: 2, iothreadids: [] });
    expect(define("<iothreads>1</iothreads><iothreadids><iothread id='2'/><iothread id='9'/></iothreadids>").iothreads).toBe(2);
  });

  test('takes the UUID that the guest is told', () => {
    expect(define("<sysinfo type='smbios'><system><entry name='uuid'>ABCDEF01-2222-4333-8444-555555555555</entry></system></sysinfo>").uuid).toBe('abcdef01-2222-4333-8444-555555555555');
  });
});
