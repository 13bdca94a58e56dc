/** `<cpu>` of the domain capabilities document: the modes that a domain may ask for, and the models of the custom one. */
import { createElement, type XmlElement } from '../../xml/xml-element.ts';
import { isX86 } from '../../capabilities/documents/guest-architectures.ts';
import { type CpuModelFacts, type CpuModelTable, type HostCpu, type HostModel, vendorWord } from '../../capabilities/host-cpu.ts';
import type { QemuCapabilities } from '../../capabilities/qemu-capabilities.ts';
import type { TrialDomain } from './trial-domain.ts';
import { type EnumVocabulary, enumElement, supportedElement } from './vocabulary.ts';

/** QEMU's models that libvirt spells as modes, and the one that has no features at all. */
const notCustom = new Set(['host', 'max', 'base']);

export async function cpuElement(capabilities: QemuCapabilities, trial: TrialDomain, { models, hostModel }: HostCpu): Promise<XmlElement> {
  return createElement('cpu', {}, [
    await passthroughElement('host-passthrough', 'hostPassthroughMigratable', capabilities, trial),
    await passthroughElement('maximum', 'maximumMigratable', capabilities, trial),
    modeElement('host-model', await trial.accepts([{ domain: "<cpu mode='host-model'/>" }]), hostModel ? hostModelElements(hostModel) : []),
    await customElement(capabilities, trial, models),
  ]);
}

async function passthroughElement(mode: string, name: string, { arch }: QemuCapabilities, trial: TrialDomain): Promise<XmlElement> {
  if (!(await trial.accepts([{ domain: `<cpu mode='${mode}'/>` }]))) return modeElement(mode, false);
  const migratable: EnumVocabulary = { name, values: ['on', 'off'], variants: (value) => [{ domain: `<cpu mode='${mode}' migratable='${value}'/>` }] };
  // QEMU 7.2: only the x86 CPUs have the property.
  return modeElement(mode, true, isX86(arch) ? [await enumElement(migratable, trial)] : []);
}

/** The CPU that a start would write into the run's definition. */
function hostModelElements({ name, vendor, features }: HostModel): readonly XmlElement[] {
  return [
    createElement('model', { fallback: 'forbid' }, [name]),
    ...(vendor === null ? [] : [createElement('vendor', {}, [vendorWord(vendor)])]),
    ...features.map((feature) => createElement('feature', { policy: feature.policy, name: feature.name })),
  ];
}

async function customElement({ cpuModels }: QemuCapabilities, trial: TrialDomain, facts: CpuModelTable): Promise<XmlElement> {
  const models = cpuModels.filter((name) => !notCustom.has(name));
  const [first] = models;
  // The driver checks a model against this very list, so one trial speaks for all.
  if (first === undefined || !(await trial.accepts([{ domain: `<cpu mode='custom'><model>${first}</model></cpu>` }]))) return modeElement('custom', false);
  return modeElement('custom', true, models.flatMap((name) => modelElements(name, facts.get(name))));
}

/** The vendor of a model is in libvirt's database only; `unknown` is the format's own word for that. */
function modelElements(name: string, facts: CpuModelFacts | undefined): readonly XmlElement[] {
  const blockers = facts?.blockers ?? null;
  const usable = blockers === null ? 'unknown' : blockers.length === 0 ? 'yes' : 'no';
  const attributes = { usable, ...(facts?.deprecated ? { deprecated: 'yes' } : {}), vendor: 'unknown', ...(facts?.canonical ? { canonical: facts.canonical } : {}) };
  const model = createElement('model', attributes, [name]);
  if (blockers === null || blockers.length === 0) return [model];
  return [model, createElement('blockers', { model: name }, blockers.toSorted().map((feature) => createElement('feature', { name: feature })))];
}

function modeElement(name: string, supported: boolean, children: readonly XmlElement[] = []): XmlElement {
  const { attributes } = supportedElement('mode', supported);
  return { ...createElement('mode', { name }, children), attributes: new Map([['name', name], ...attributes]) };
}
