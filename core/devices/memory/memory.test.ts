import { describe, expect, test } from 'vitest';
import { DeviceWorkbench } from '../../../test/support/device-workbench.ts';

const x86 = await DeviceWorkbench.open();
const everything = x86.withEverything(9, 0);
const ppc64 = await DeviceWorkbench.open('ppc64');

const rest = (more = '', slots = 4): string =>
  `<maxMemory slots='${slots}' unit='GiB'>16</maxMemory><memory unit='GiB'>4</memory>${more}<cpu><numa><cell id='0' cpus='0' memory='1' unit='GiB'/><cell id='1' memory='1' unit='GiB' memAccess='shared'/></numa></cpu>`;
const dimm = (target = "<size unit='MiB'>512</size><node>0</node>", source = '', address = ''): string => `<memory model='dimm'>${source}<target>${target}</target>${address}</memory>`;
const nvdimm = (target = "<size unit='MiB'>256</size><node>0</node>", source = '<path>/nv</path>', attributes = ''): string =>
  `<memory model='nvdimm'${attributes}><source>${source}</source><target>${target}</target></memory>`;
const virtioMem = (inside = "<block unit='KiB'>2048</block><requested unit='MiB'>128</requested>", attributes = ''): string =>
  `<memory model='virtio-mem'><target${attributes}><size unit='GiB'>1</size><node>0</node>${inside}</target></memory>`;

function backend(devices: string, more = ''): unknown {
  return x86.options({ devices, rest: rest(more) }, /"qom-type":"memory-backend-.*"id":"mem/)[0];
}

describe('a DIMM', () => {
  test('is plain memory in a slot', () => {
    expect(x86.options({ devices: dimm(), rest: rest() }, /dimm0/)).toEqual([
      { 'qom-type': 'memory-backend-ram', id: 'memdimm0', size: 512 * 2 ** 20 },
      { driver: 'pc-dimm', node: 0, memdev: 'memdimm0', id: 'dimm0', slot: 0 },
    ]);
  });

  test('keeps slot and address, and is called after its slot', () => {
    expect(x86.options({ devices: dimm(undefined, '', "<address type='dimm' slot='3' base='0x180000000'/>"), rest: rest() }, /pc-dimm/)).toEqual([
      { driver: 'pc-dimm', node: 0, memdev: 'memdimm3', id: 'dimm3', slot: 3, addr: 0x1_8000_0000 },
    ]);
  });

  test('is as large as whole pieces of 2 MiB, and counts as memory of the domain', () => {
    const { devices, memoryKiB } = x86.complete({ devices: dimm("<size unit='KiB'>2049</size><node>0</node>"), rest: rest() });
    expect(devices.find(({ kind }) => kind === 'memory')).toMatchObject({ target: { sizeKiB: 4096 } });
    expect(memoryKiB).toBe(2 * 2 ** 20 + 4096);
  });

  test('belongs to the only cell there is', () => {
    const one = "<maxMemory slots='1' unit='GiB'>4</maxMemory><memory unit='GiB'>2</memory>";
    expect(x86.devices('memory', { devices: dimm("<size unit='MiB'>512</size>"), rest: one })).toMatchObject([{ target: { node: 0 } }]);
  });
});

describe('the memory on the host', () => {
  test('is that of the cell, and what the cell does not say is that of the domain', () => {
    expect(backend(dimm("<size unit='MiB'>512</size><node>1</node>"))).toMatchObject({ 'qom-type': 'memory-backend-memfd', share: true });
    expect(backend(dimm(), "<memoryBacking><source type='memfd'/></memoryBacking>")).toMatchObject({ 'qom-type': 'memory-backend-memfd' });
    expect(backend(dimm(), "<memoryBacking><source type='file'/><access mode='shared'/><discard/></memoryBacking>")).toMatchObject({ 'qom-type': 'memory-backend-file', 'discard-data': true, share: true });
    expect(backend(dimm(), "<memoryBacking><allocation mode='immediate' threads='4'/></memoryBacking>")).toMatchObject({ prealloc: true, 'prealloc-threads': 4 });
  });

  test('is of huge pages where the device or the domain asks for them', () => {
    const pages = '<source><pagesize unit="KiB">2048</pagesize><nodemask>1-2</nodemask></source>';
    expect(backend(dimm(undefined, pages))).toMatchObject({ 'qom-type': 'memory-backend-memfd', hugetlb: true, hugetlbsize: 2 ** 21, prealloc: true, 'host-nodes': [1, 2], policy: 'bind' });
    expect(backend(dimm(), '<memoryBacking><hugepages/></memoryBacking>')).toMatchObject({ hugetlb: true, prealloc: true });
    expect(backend(dimm(undefined, '<source><pagesize unit="KiB">4</pagesize></source>'))).toMatchObject({ 'qom-type': 'memory-backend-ram' });
  });
});

describe('persistent memory', () => {
  test('is a file, with a label that the guest does not see', () => {
    const devices = nvdimm("<size unit='MiB'>256</size><node>0</node><label><size unit='KiB'>128</size></label><readonly/>", "<path>/nv</path><alignsize unit='KiB'>2048</alignsize>", " access='shared'");
    expect(x86.options({ devices, rest: rest() }, /nvdimm0/)).toEqual([
      { 'qom-type': 'memory-backend-file', id: 'memnvdimm0', 'mem-path': '/nv', share: true, prealloc: true, size: 256 * 2 ** 20, align: 2 ** 21 },
      { driver: 'nvdimm', node: 0, 'label-size': 131_072, unarmed: true, memdev: 'memnvdimm0', id: 'nvdimm0', slot: 0 },
    ]);
    expect(x86.arguments({ devices, rest: rest() }, /nvdimm=on/)).toHaveLength(1);
  });

  test('that is a device is not worn off by filling it', () => {
    expect(backend(nvdimm(undefined, '<path>/nv</path><pmem/>'))).toEqual({ 'qom-type': 'memory-backend-file', id: 'memnvdimm0', 'mem-path': '/nv', size: 256 * 2 ** 20, pmem: true });
  });

  test('on POWER is rounded down behind its label and gets an identity', () => {
    const power = "<maxMemory slots='4' unit='GiB'>16</maxMemory><memory unit='GiB'>2</memory>";
    const devices = "<memory model='nvdimm'><source><path>/nv</path></source><target><size unit='MiB'>600</size><label><size unit='KiB'>128</size></label></target></memory>";
    expect(ppc64.devices('memory', { devices, rest: power })).toMatchObject([{ uuid: expect.stringMatching(/^[0-9a-f-]{36}$/), target: { sizeKiB: 512 * 1024 + 128 } }]);
  });

  test('over virtio is always shared with its file', () => {
    const devices = "<memory model='virtio-pmem'><source><path>/p</path></source><target><size unit='MiB'>64</size><address base='0x150000000'/></target></memory>";
    expect(x86.devices('memory', { devices, rest: rest() })).toMatchObject([{ access: 'shared' }]);
    expect(x86.options({ devices, rest: rest() }, /virtiopmem0/)).toMatchObject([
      { 'mem-path': '/p', share: true }, { driver: 'virtio-pmem-pci', memdev: 'memvirtiopmem0', memaddr: 0x1_5000_0000, id: 'virtiopmem0' },
    ]);
  });
});

test('virtio-mem takes from the host what the guest uses', () => {
  const parts = { devices: virtioMem(undefined, " dynamicMemslots='yes'"), rest: rest() };
  expect(everything.options(parts, /virtiomem0/)).toMatchObject([
    { 'qom-type': 'memory-backend-ram', id: 'memvirtiomem0', reserve: false, size: 2 ** 30 },
    { driver: 'virtio-mem-pci', node: 0, 'block-size': 2 ** 21, 'requested-size': 128 * 2 ** 20, memdev: 'memvirtiomem0', 'dynamic-memslots': true },
  ]);
});

test('enclave memory is an object and a property of the machine', () => {
  const devices = "<memory model='sgx-epc'><source><nodemask>0</nodemask></source><target><size unit='MiB'>64</size><node>1</node></target></memory>";
  expect(everything.arguments({ devices, rest: rest() }, /epc/)).toEqual([
    expect.stringContaining('sgx-epc.0.memdev=memepc0,sgx-epc.0.node=1'), '{"qom-type":"memory-backend-epc","id":"memepc0","prealloc":true,"size":67108864,"host-nodes":[0],"policy":"bind"}',
  ]);
});

describe('a refusal', () => {
  test.each([
    [dimm("<size unit='MiB'>8</size>"), '<memory unit="MiB">64</memory>', /NUMA cell/],
    [dimm(), rest().replace(/<maxMemory.*maxMemory>/, ''), /without <maxMemory>/],
    [dimm("<size unit='MiB'>512</size><node>2</node>"), rest(), /target node 2: the guest has the NUMA cells 0 to 1/],
    [dimm("<size unit='MiB'>512</size>"), rest(), /names no node/],
    [dimm() + dimm(), rest('', 1), /slot/],
    [dimm("<size unit='GiB'>20</size><node>0</node>"), rest(), /beyond maxMemory|maxMemory/],
    [dimm(undefined, '', "<address type='dimm' slot='1'/>") + dimm(undefined, '', "<address type='dimm' slot='1'/>"), rest(), /slot '1' is used by both/],
    [dimm(undefined, '', "<address type='dimm' slot='0' base='0x180000000'/>") + dimm(undefined, '', "<address type='dimm' slot='1' base='0x190000000'/>"), rest(), /0x180000000 overlap/],
    [nvdimm(undefined, ''), rest(), /needs a path/],
    [nvdimm(undefined, undefined, " discard='yes'"), rest(), /cannot be discarded/],
    [nvdimm("<size unit='MiB'>2</size><node>0</node><label><size unit='KiB'>64</size></label>"), rest(), /label of 64 KiB is smaller/],
    [virtioMem(''), rest(), /block size 0 KiB/],
    [virtioMem("<block unit='KiB'>3072</block>"), rest(), /3072 KiB is not a power of 2/],
    [virtioMem("<block unit='KiB'>1024</block>"), rest(), /smaller than 2048 KiB/],
    [virtioMem("<block unit='KiB'>4096</block><requested unit='KiB'>2048</requested>"), rest(), /not a multiple/],
    [virtioMem("<block unit='KiB'>2048</block><requested unit='GiB'>2</requested>"), rest(), /more than its size/],
    [virtioMem("<block unit='KiB'>2048</block><address base='0x100000'/>"), rest(), /begin with a block/],
    [virtioMem(undefined, " dynamicMemslots='yes'"), rest(), /needs QEMU 8\.2/],
    ["<memory model='sgx-epc'><target><size unit='MiB'>64</size></target></memory>", rest(), /memory-backend-epc/],
  ])('says why (%#)', (devices, more, reason) => {
    expect(x86.refusal({ devices, rest: more })).toMatch(reason);
  });
});
