import { expect, test } from 'vitest';
import { DeviceWorkbench } from '../../../test/support/device-workbench.ts';

const x86 = await DeviceWorkbench.open();
const aarch64 = await DeviceWorkbench.open('aarch64');
const s390x = await DeviceWorkbench.open('s390x');

test("a PC and an s390x have a balloon without asking, an ARM machine has none", () => {
  expect([x86, s390x, aarch64].map((bench) => bench.devices('memballoon', { devices: '' }).length)).toEqual([1, 1, 0]);
  expect(x86.arguments({ devices: "<memballoon model='none'/>" }, /balloon/)).toEqual([]);
});

test('every option reaches QEMU', () => {
  const devices = "<memballoon model='virtio-non-transitional' autodeflate='on' freePageReporting='off'><stats period='5'/><driver iommu='on' ats='on' packed='on' page_per_vq='off'/></memballoon>";
  expect(x86.options({ devices }, /balloon/)).toMatchObject([{
    driver: 'virtio-balloon-pci-non-transitional', iommu_platform: true, ats: true, packed: true, 'page-per-vq': false, 'deflate-on-oom': true, 'free-page-reporting': false,
  }]);
  expect(x86.written('memballoon', { devices })).toBe(devices);
  expect(s390x.options({ devices: '' }, /balloon/)).toMatchObject([{ driver: 'virtio-balloon-ccw', devno: expect.any(String) }]);
});

test.each([
  ["<memballoon model='virtio'/><memballoon model='virtio'/>", /only a single memory balloon/],
  ["<memballoon model='xen'/>", /'xen' is a device of Xen/],
  ["<memballoon model='none'><address type='pci' domain='0' bus='0' slot='3' function='0'/></memballoon>", /memory balloon/],
])('%s is refused', (devices, reason) => {
  expect(x86.refusal({ devices })).toMatch(reason);
});
