import { describe, expect, test } from 'vitest';
import { deviceRenderer, runFolder } from '../../../test/support/render-devices.ts';
import { moduleOf } from '../registry.ts';
import { devicesOf } from '../../conf/device-definition.ts';
import { goldenLaunch, recordedCapabilities } from '../../../test/golden/golden-launch.ts';

const capabilities = await recordedCapabilities();
const { options, define, lines } = await deviceRenderer();
const cards = (devices: string): readonly string[] => options(`<memballoon model='none'/><controller type='usb' model='none'/>${devices}`).filter((option) => /"id":"video/.test(option));
const card = (model: string, more = '', driver = ''): string => `<video>${driver}<model type='${model}' ${more}/></video>`;

describe('a card is rendered as it is written', () => {
  test.each([
    [card('vga', "vram='9000'"), '"driver":"VGA","id":"video0","vgamem_mb":16'],
    [card('cirrus'), '"driver":"cirrus-vga","id":"video0"'],
    [card('vmvga', "vram='4096'"), '"driver":"vmware-svga","id":"video0","vgamem_mb":4'],
    [card('bochs'), '"driver":"bochs-display","id":"video0","vgamem":16777216'],
    [card('qxl', "vram64='2048' heads='2'"), '"driver":"qxl-vga","id":"video0","max_outputs":2,"ram_size":67108864,"vram_size":67108864,"vram64_size_mb":2,"vgamem_mb":16'],
    [card('virtio', "heads='3' blob='off'"), '"driver":"virtio-vga","id":"video0","max_outputs":3,"blob":false'],
    ["<video><driver ats='on'/><model type='virtio'><resolution x='800' y='600'/></model></video>", '"driver":"virtio-vga","ats":true,"id":"video0","max_outputs":1,"xres":800,"yres":600'],
    ["<video><model type='virtio'><acceleration accel3d='yes'/></model></video>", '"driver":"virtio-vga-gl","id":"video0","max_outputs":1'],
  ])('%s', (devices, expected) => {
    expect(cards(devices)).toEqual([`-device {${expected},"bus":"pcie.0","addr":"0x1"}`]);
  });

  test.each([card('none'), card('ramfb')])('%s is on no bus', (devices) => {
    expect(lines(devices).join('')).toMatch(/<video><model type='(none'|ramfb' heads='1' primary='yes')\/><\/video>/);
  });
});

test('QEMU gets the primary card first, wherever it stands', () => {
  const [first, second] = cards(card('virtio') + card('qxl', "primary='yes'"));
  expect(first).toMatch(/"driver":"qxl-vga","id":"video0",.*"bus":"pcie.0","addr":"0x1"/);
  expect(second).toMatch(/"driver":"virtio-gpu-pci","id":"video1",.*"bus":"pci\.1"/);
});

test.each([['x86_64', 'q35', 'cirrus'], ['aarch64', 'virt', 'virtio'], ['s390x', 's390-ccw-virtio', 'virtio'], ['ppc64', 'pseries', 'vga']])('a display on %s implies the model of the board', async (arch, machine, model) => {
  const renderer = await deviceRenderer(arch, machine);
  expect(renderer.lines("<graphics type='vnc'/>").join('')).toContain(`<model type='${model}' `);
});

test('a vhostuser card is drawn by a program beside QEMU', () => {
  const written = "<video><driver name='vhostuser'/><model type='virtio'><acceleration accel3d='yes' rendernode='/dev/dri/x'/></model></video>";
  expect(options(written)).toContain(`-chardev socket,id=chr-vu-video0,path=${runFolder}/g-video0`);
  const [video] = devicesOf(define(written).devices, 'video');
  const { sideProcesses } = moduleOf({ kind: 'video' });
  const beside = video && sideProcesses !== 'none' ? sideProcesses({ ...video, alias: 'video0' }, goldenLaunch(capabilities)) : [];
  expect(beside).toMatchObject([{ name: 'gpu-video0', socket: `${runFolder}/g-video0`, argv: [`--socket-path=${runFolder}/g-video0`, '--virgl', '--render-node=/dev/dri/x'] }]);
});

test.each([
  [card('none') + card('vga'), /must be the only <video>/],
  [card('vga', "primary='yes'") + card('qxl', "primary='yes'"), /more than one <video> says primary='yes'/],
  [card('qxl') + card('vga'), /video model 'vga': it is only for the primary card/],
  [card('xen'), /video model 'xen': it belongs to another hypervisor/],
  [card('vga', "ram='1024'"), /the attribute 'ram' is for model 'qxl' only/],
  [card('vga', "heads='2'"), /heads='2': it has one screen/],
  [card('qxl', "vgamem='3000'"), /vgamem='3000' is not a power of two/],
  [card('vga', "vram='512'"), /vram='512' is less than 1024 KiB/],
  [card('virtio', "blob='on'"), /blob='on' needs <memoryBacking><source type='memfd'\/>/],
  [card('vga', "blob='on'"), /'blob' is for model 'virtio' only/],
  [card('qxl', '', "<driver iommu='on'/>"), /are for model 'virtio' only/],
  [card('qxl', '', "<driver name='vhostuser'/>"), /<driver name='vhostuser'> is for model 'virtio' only/],
  ["<video><model type='qxl'><acceleration accel3d='yes'/></model></video>", /accel3d='yes'> is for model 'virtio' only/],
  ["<video><model type='cirrus'><resolution x='1' y='1'/></model></video>", /no <resolution> of its own/],
  ["<video><model type='virtio'><resolution x='0' y='1'/></model></video>", /has no picture/],
])('refuses %s', (devices, reason) => {
  expect(() => define(devices)).toThrow(reason);
});
