import { expect, test } from 'vitest';
import { parseCpuinfo } from './proc-cpuinfo.ts';

const intel = `processor\t: 0
vendor_id\t: GenuineIntel
cpu family\t: 6
model\t\t: 142
model name\t: Some: CPU
stepping\t: 12
microcode\t: 0xec
flags\t\t: fpu pni sse4_1 tsc_deadline_timer rep_good avx512_vnni nonstop_tsc
address sizes\t: 39 bits physical, 48 bits virtual

processor\t: 1
vendor_id\t: AuthenticAMD
`;

test('the first processor of a PC is told in libvirt’s words, the kernel’s own flags left out', () => {
  expect(parseCpuinfo(intel, 'x86_64')).toEqual({
    vendor: 'Intel',
    microcodeVersion: 0xec,
    signature: { family: 6, model: 142, stepping: 12 },
    physicalAddressBits: 39,
    features: ['fpu', 'pni', 'sse4.1', 'tsc-deadline', 'avx512vnni', 'invtsc'],
  });
});

test('an ARM processor has its features as they are and no signature', () => {
  const text = 'processor\t: 0\nBogoMIPS\t: 48.00\nFeatures\t: fp asimd sha2\nCPU implementer\t: 0x41\n';
  expect(parseCpuinfo(text, 'aarch64')).toEqual({ vendor: null, microcodeVersion: null, signature: null, physicalAddressBits: null, features: ['fp', 'asimd', 'sha2'] });
});

test('an empty file tells nothing', () => {
  expect(parseCpuinfo('', 'x86_64')).toEqual({ vendor: null, microcodeVersion: null, signature: null, physicalAddressBits: null, features: [] });
});
