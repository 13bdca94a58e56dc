/**
 * What the domain capabilities document says beside devices and CPUs, in libvirt's order. `<backup>` is left out: it
 * is a method of the driver and no part of a domain, so a trial cannot tell.
 */
import { createElement, type XmlElement } from '../../xml/xml-element.ts';
import type { TrialDomain, TrialParts } from './trial-domain.ts';
import { type EnumVocabulary, enumElement, type Section, sectionElement, supportedElement } from './vocabulary.ts';

const firmware: EnumVocabulary = { name: 'firmware', values: ['bios', 'efi'], variants: (value) => [{ osAttributes: ` firmware='${value}'` }] };

const loader: Section = {
  name: 'loader',
  enums: [
    { name: 'type', values: ['rom', 'pflash'], variants: (type) => [{ os: `<loader readonly='yes' type='${type}'>/trial</loader>` }] },
    { name: 'readonly', values: ['yes', 'no'], variants: (readonly) => [{ os: `<loader readonly='${readonly}' type='pflash'>/trial</loader>` }] },
    { name: 'secure', values: ['yes', 'no'], variants: (secure) => [{ os: `<loader readonly='yes' secure='${secure}' type='pflash'>/trial</loader>` }] },
  ],
};

const memoryBacking: Section = {
  name: 'memoryBacking',
  enums: [{ name: 'sourceType', values: ['file', 'anonymous', 'memfd'], variants: (type) => [{ domain: `<memoryBacking><source type='${type}'/></memoryBacking>` }] }],
};

const hypervFeatures = [
  'relaxed', 'vapic', 'spinlocks', 'vpindex', 'runtime', 'synic', 'stimer', 'reset', 'vendor_id', 'frequencies',
  'reenlightenment', 'tlbflush', 'ipi', 'evmcs', 'avic', 'emsr_bitmap', 'xmm_input',
];

/** A feature is a section with enums, or one domain that either is accepted or not. */
type Feature = Section | { readonly name: string; readonly domain: TrialParts };

const features: readonly Feature[] = [
  { name: 'gic', enums: [{ name: 'version', values: ['2', '3', 'host'], variants: (version) => [{ features: `<gic version='${version}'/>` }] }] },
  { name: 'vmcoreinfo', domain: { features: "<vmcoreinfo state='on'/>" } },
  { name: 'genid', domain: { domain: '<genid/>' } },
  { name: 'backingStoreInput', domain: { devices: backingChain() } },
  { name: 'async-teardown', domain: { features: "<async-teardown enabled='yes'/>" } },
  { name: 's390-pv', domain: { domain: "<launchSecurity type='s390-pv'/>" } },
  { name: 'ps2', domain: { features: "<ps2 state='off'/>" } },
  { name: 'tdx', domain: { domain: launchSecurity('tdx') } },
  { name: 'sev', domain: { domain: launchSecurity('sev') } },
  { name: 'sgx', domain: { devices: "<memory model='sgx-epc'><target><size unit='KiB'>16384</size></target></memory>" } },
  {
    name: 'hyperv',
    enums: [{ name: 'features', values: hypervFeatures, variants: (name) => [{ features: `<hyperv mode='custom'><${name} state='on'/></hyperv>` }] }],
  },
  { name: 'launchSecurity', enums: [{ name: 'sectype', values: ['sev', 'sev-snp', 's390-pv', 'tdx'], variants: (type) => [{ domain: launchSecurity(type) }] }] },
];

function backingChain(): string {
  const base = "<backingStore type='file'><format type='raw'/><source file='/trial-base'/><backingStore/></backingStore>";
  return `<disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='/trial'/>${base}<target dev='sda' bus='sata'/></disk>`;
}

function launchSecurity(type: string): string {
  return `<launchSecurity type='${type}'>${type === 's390-pv' ? '' : '<policy>0x0001</policy>'}</launchSecurity>`;
}

/** `<os>`: an hvm guest runs where a bare domain does. */
export async function osElement(trial: TrialDomain, images: readonly string[]): Promise<XmlElement> {
  if (!(await trial.accepts([{}]))) return supportedElement('os', false);
  const loaders = await sectionElement(loader, trial);
  const values = images.map((image) => createElement('value', {}, [image]));
  return createElement('os', { supported: 'yes' }, [await enumElement(firmware, trial), { ...loaders, children: [...values, ...loaders.children] }]);
}

export async function iothreadsElement(trial: TrialDomain): Promise<XmlElement> {
  return supportedElement('iothreads', await trial.accepts([{ domain: '<iothreads>1</iothreads>' }]));
}

export function memoryBackingElement(trial: TrialDomain): Promise<XmlElement> {
  return sectionElement(memoryBacking, trial);
}

export async function featuresElement(trial: TrialDomain): Promise<XmlElement> {
  const elements: XmlElement[] = [];
  for (const feature of features) {
    elements.push('enums' in feature ? await sectionElement(feature, trial) : supportedElement(feature.name, await trial.accepts([feature.domain])));
  }
  return createElement('features', {}, elements);
}
