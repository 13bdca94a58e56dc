import { describe, expect, test } from 'vitest';
import { DeviceWorkbench } from '../../../test/support/device-workbench.ts';

const x86 = await DeviceWorkbench.open();
const s390x = await DeviceWorkbench.open('s390x');
const random = "<backend model='random'>/dev/hwrng</backend>";

describe('the command line', () => {
  test('limits the rate, a second at a time unless the period is named', () => {
    const period = (rate: string): unknown => x86.options({ devices: `<rng model='virtio'>${rate}${random}</rng>` }, /virtio-rng/)[0];
    expect(period("<rate bytes='512'/>")).toMatchObject({ 'max-bytes': 512, period: 1000 });
    expect(period("<rate bytes='512' period='20'/>")).toMatchObject({ 'max-bytes': 512, period: 20 });
    expect(period('')).not.toHaveProperty('period');
  });

  test('has the backend before the device', () => {
    const backend = (xml: string): readonly string[] => x86.arguments({ devices: `<rng model='virtio'>${xml}</rng>` }, /rng0/);
    expect(backend(random)[0]).toBe('{"qom-type":"rng-random","id":"objrng0","filename":"/dev/hwrng"}');
    expect(backend("<backend model='builtin'/>")[0]).toBe('{"qom-type":"rng-builtin","id":"objrng0"}');
    expect(backend("<backend model='egd' type='tcp'><source mode='connect' host='a' service='7'/><protocol type='raw'/></backend>")).toMatchObject([
      'socket,id=charrng0,host=a,port=7', '{"qom-type":"rng-egd","id":"objrng0","chardev":"charrng0"}', expect.stringContaining('"rng":"objrng0"'),
    ]);
  });

  test('names the device after its bus and generation', () => {
    const driver = (bench: DeviceWorkbench, model: string): unknown => bench.options({ devices: `<rng model='${model}'>${random}<driver iommu='on' packed='off'/></rng>` }, /virtio-rng/)[0];
    expect(driver(x86, 'virtio-transitional')).toMatchObject({ driver: 'virtio-rng-pci-transitional', iommu_platform: true, packed: false });
    expect(driver(s390x, 'virtio')).toMatchObject({ driver: 'virtio-rng-ccw' });
  });
});

test('a source that is not named is /dev/random, and has to be there', () => {
  const parts = { devices: "<rng model='virtio'><backend model='random'/></rng>" };
  expect(x86.devices('rng', parts)).toMatchObject([{ backend: { model: 'random', path: '/dev/random' } }]);
  expect(x86.needs('rng', parts)).toMatchObject([{ type: 'path', path: '/dev/random', access: 'read' }]);
});

test.each([
  ["<rng model='virtio'><backend model='egd' type='unix'><source mode='connect'/></backend></rng>", /needs the attribute 'path'/],
  ["<rng model='virtio'/>", /Missing element 'backend'/],
  ["<rng model='virtio'><rate bytes='0'/><backend model='builtin'/></rng>", /attribute 'bytes' in element 'rate': '0'/],
])('%s is refused', (devices, reason) => {
  expect(x86.refusal({ devices })).toMatch(reason);
});
