/** CPU features have two names where QEMU's properties differ from the words that libvirt's documents use. */

const qemuNames: ReadonlyMap<string, string> = new Map(Object.entries({
  cmp_legacy: 'cmp-legacy', ds_cpl: 'ds-cpl', fxsr_opt: 'fxsr-opt', kvm_pv_eoi: 'kvm-pv-eoi', kvm_pv_unhalt: 'kvm-pv-unhalt', lahf_lm: 'lahf-lm',
  nodeid_msr: 'nodeid-msr', pclmuldq: 'pclmulqdq', perfctr_core: 'perfctr-core', perfctr_nb: 'perfctr-nb', tsc_adjust: 'tsc-adjust',
  'vmx-invvpid-single-context-noglobals': 'vmx-invept-single-context-noglobals',
}));

const documentNames: ReadonlyMap<string, string> = new Map([...qemuNames].map(([name, qemu]) => [qemu, name]));

function isX86(arch: string | null): boolean {
  return arch === 'x86_64' || arch === 'i686';
}

/** The property of -cpu for a feature that a definition names. */
export function qemuFeature(arch: string | null, name: string): string {
  return isX86(arch) ? (qemuNames.get(name) ?? name) : name;
}

/** The name in a definition of one of QEMU's properties. */
export function documentFeature(arch: string | null, property: string): string {
  return isX86(arch) ? (documentNames.get(property) ?? property) : property;
}
