/** /proc/cpuinfo's first processor: what the kernel says about the CPU itself. */
import type { HostCpu } from './host-hardware.ts';
import { isX86 } from './guest-architectures.ts';
import { x86FeatureName } from './x86-cpu-features.ts';

type CpuFacts = Pick<HostCpu, 'vendor' | 'microcodeVersion' | 'signature' | 'physicalAddressBits' | 'features'>;

const vendors: Readonly<Record<string, string>> = { GenuineIntel: 'Intel', AuthenticAMD: 'AMD', HygonGenuine: 'Hygon' };

/** `arch` is the host's, in libvirt's spelling. */
export function parseCpuinfo(text: string, arch: string): CpuFacts {
  const [first = ''] = text.split(/\n[ \t]*\n/, 1);
  const fields = new Map(first.split('\n').map((line) => {
    const [name = '', ...value] = line.split(':');
    return [name.trim(), value.join(':').trim()] as const;
  }));
  const number = (name: string): number | null => {
    const value = fields.get(name) ?? '';
    return /^(\d+|0x[0-9a-f]+)$/i.test(value) ? Number(value) : null;
  };
  const [family, model, stepping] = [number('cpu family'), number('model'), number('stepping')];
  const bits = /^(\d+) bits physical/.exec(fields.get('address sizes') ?? '')?.[1];
  const x86 = isX86(arch);
  return {
    vendor: vendors[fields.get('vendor_id') ?? ''] ?? null,
    microcodeVersion: number('microcode'),
    signature: x86 && family !== null && model !== null && stepping !== null ? { family, model, stepping } : null,
    physicalAddressBits: bits === undefined ? null : Number(bits),
    features: x86 ? namesOf(fields.get('flags')).flatMap((flag) => x86FeatureName(flag) ?? []) : namesOf(fields.get('Features')),
  };
}

function namesOf(list: string | undefined): readonly string[] {
  return (list ?? '').split(/\s+/).filter((name) => name !== '');
}
