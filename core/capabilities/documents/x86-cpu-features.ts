/**
 * The kernel's names of x86 processor features (/proc/cpuinfo) in libvirt's spelling. The kernel also lists what it
 * made up itself (`rep_good`, `cpuid`) and what differs between vendors (`ssbd`): such names are in neither table.
 */

const sameNames = new Set(
  `fpu vme de pse tsc msr pae mce cx8 apic sep mtrr pge mca cmov pat pse36 pn clflush acpi mmx fxsr sse sse2 ss ht tm ia64 pbe
  pni dtes64 monitor ds_cpl vmx smx est tm2 ssse3 cid fma cx16 xtpr pdcm pcid dca x2apic movbe popcnt aes xsave avx f16c rdrand hypervisor
  arat fsgsbase tsc_adjust sgx bmi1 hle avx2 smep bmi2 erms invpcid rtm mpx avx512f avx512dq rdseed adx smap avx512ifma clflushopt clwb
  avx512pf avx512er avx512cd avx512bw avx512vl avx512vbmi umip pku waitpkg gfni vaes vpclmulqdq la57 rdpid cldemote movdiri movdir64b
  fsrm serialize xsaveopt xsavec xgetbv1 xsaves
  syscall nx mmxext fxsr_opt pdpe1gb rdtscp lm 3dnowext 3dnow lahf_lm cmp_legacy svm extapic abm sse4a misalignsse 3dnowprefetch osvw ibs
  xop skinit wdt lwp fma4 tce topoext tbm perfctr_core perfctr_nb clzero xsaveerptr wbnoinvd npt`.split(/\s+/),
);

const otherNames: ReadonlyMap<string, string> = new Map([
  ['dts', 'ds'],
  ['pclmulqdq', 'pclmuldq'],
  ['sse4_1', 'sse4.1'],
  ['sse4_2', 'sse4.2'],
  ['tsc_deadline_timer', 'tsc-deadline'],
  ['nonstop_tsc', 'invtsc'],
  ['cr8_legacy', 'cr8legacy'],
  ['nrip_save', 'nrip-save'],
  ['sha_ni', 'sha-ni'],
  ['intel_pt', 'intel-pt'],
  ['md_clear', 'md-clear'],
  ['arch_capabilities', 'arch-capabilities'],
  ['bus_lock_detect', 'bus-lock-detect'],
  ['tsxldtrk', 'tsx-ldtrk'],
  ['avx_vnni', 'avx-vnni'],
  ['avx512_vbmi2', 'avx512vbmi2'],
  ['avx512_vnni', 'avx512vnni'],
  ['avx512_bitalg', 'avx512bitalg'],
  ['avx512_vpopcntdq', 'avx512-vpopcntdq'],
  ['avx512_4vnniw', 'avx512-4vnniw'],
  ['avx512_4fmaps', 'avx512-4fmaps'],
  ['avx512_bf16', 'avx512-bf16'],
  ['avx512_fp16', 'avx512-fp16'],
  ['avx512_vp2intersect', 'avx512-vp2intersect'],
  ['amx_bf16', 'amx-bf16'],
  ['amx_tile', 'amx-tile'],
  ['amx_int8', 'amx-int8'],
]);

/** libvirt's name, or null for a flag that is no feature of the processor. */
export function x86FeatureName(flag: string): string | null {
  return otherNames.get(flag) ?? (sameNames.has(flag) ? flag : null);
}
