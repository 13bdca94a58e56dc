import { describe, expect, test } from 'vitest';
import { boardOf } from './machine-family.ts';

describe('the board', () => {
  test.each([
    ['x86_64', 'q35', 'q35'], ['x86_64', 'pc-q35-7.2', 'q35'], ['x86_64', 'pc', 'i440fx'], ['i686', 'pc-i440fx-2.12', 'i440fx'], ['x86_64', 'pc-1.3', 'i440fx'],
    ['x86_64', 'isapc', 'isapc'], ['x86_64', 'microvm', 'microvm'], ['x86_64', 'xenfv', 'other'], ['aarch64', 'virt-7.2', 'arm-virt'], ['armv7l', 'vexpress-a15', 'arm-other'],
    ['armv7l', 'versatilepb', 'versatilepb'], ['riscv64', 'virt', 'riscv-virt'], ['riscv64', 'sifive_u', 'other'], ['loongarch64', 'virt', 'loongarch-virt'],
    ['s390x', 's390-ccw-virtio-7.2', 's390-ccw'], ['ppc64', 'pseries-2.7', 'pseries'], ['ppc64le', 'pseries', 'pseries'], ['ppc64', 'powernv9', 'ppc-other'], ['mips', 'malta', 'malta'],
  ])('of %s %s is %s', (arch, machine, name) => {
    expect(boardOf({ arch, machine }).name).toBe(name);
  });

  test('without an architecture is that of a PC', () => {
    expect(boardOf({ arch: null, machine: 'q35' }).name).toBe('q35');
  });

  test.each(['q35', 'pc', 'isapc', 'microvm'])('%s says of every virtio bus that it lists what it needs', (machine) => {
    const { virtioBus, virtioBuses, virtioMmioSlots, pciRoot } = boardOf({ arch: 'x86_64', machine });
    if (virtioBus !== null) expect(virtioBuses).toContain(virtioBus);
    expect(virtioBuses.includes('virtio-mmio')).toBe(virtioMmioSlots > 0);
    expect(virtioBuses.includes('pci')).toBe(pciRoot !== null);
  });
});
