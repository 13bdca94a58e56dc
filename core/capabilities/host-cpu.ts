/**
 * Which CPUs one binary can give a guest on this host under one accelerator, in QEMU's own words. Nothing is kept on
 * disk: microcode, kernel and nesting change what a host can give while the binary stays the same.
 */
import { VireoError } from '../base/errors.ts';
import { abortable } from '../base/lifetime.ts';
import { documentFeature } from '../conf/cpu-feature-names.ts';
import { type CpuDefinition, plainCpu } from '../conf/cpu.ts';
import type { QmpResult } from '../monitor/commands.ts';
import type { Monitor } from '../monitor/monitor.ts';
import { isQemuError } from '../monitor/qemu-error.ts';
import { askQemu, type ProbeOptions } from './probe.ts';
import type { Accelerator, QemuCapabilities } from './qemu-capabilities.ts';

/** What query-cpu-definitions says of a model under the accelerator that was asked. */
export interface CpuModelFacts {
  /** Features that the model has and this host cannot give (`unavailable-features`); null where QEMU does not tell. */
  readonly blockers: readonly string[] | null;
  readonly deprecated: boolean;
  /** The versioned name that this one stands for now (`alias-of`), null for a name of its own. */
  readonly canonical: string | null;
}

export type CpuModelTable = ReadonlyMap<string, CpuModelFacts>;

export interface HostCpu {
  readonly models: CpuModelTable;
  /** What `host-model` means here: a named model and all that the host has more or less. Null where QEMU cannot tell. */
  readonly hostModel: HostModel | null;
}

export interface HostModel {
  readonly name: string;
  readonly vendor: string | null;
  /** In the words of definitions, by name. */
  readonly features: readonly { readonly name: string; readonly policy: 'require' | 'disable' }[];
}

export class HostCpus {
  readonly #options: Omit<ProbeOptions, 'signal'> & { readonly signal: AbortSignal };
  readonly #known = new Map<string, Promise<HostCpu>>();

  constructor(options: ProbeOptions) {
    this.#options = options;
  }

  /** Asks once for each binary and accelerator while the process lives; a failure is asked again. */
  get({ key, binary, arch }: QemuCapabilities, accelerator: Accelerator, signal?: AbortSignal): Promise<HostCpu> {
    const name = `${key} ${accelerator}`;
    let known = this.#known.get(name);
    if (!known) {
      known = askQemu(binary, accelerator, this.#options, (monitor, died) => askHostCpu(monitor, arch, accelerator, died));
      known.catch(() => this.#known.delete(name));
      this.#known.set(name, known);
    }
    return signal ? abortable(known, signal) : known;
  }

  /** The definition with the exact CPU that `host-model` means here; QEMU is asked only where that is what it says. */
  async withExactCpu<D extends { readonly cpu: CpuDefinition | null }>(definition: D, capabilities: QemuCapabilities, accelerator: Accelerator, signal?: AbortSignal): Promise<D> {
    if (definition.cpu?.mode !== 'host-model') return definition;
    return { ...definition, cpu: resolveHostModel(definition.cpu, await this.get(capabilities, accelerator, signal)) };
  }
}

async function askHostCpu(monitor: Monitor, arch: string, accelerator: Accelerator, signal: AbortSignal): Promise<HostCpu> {
  const definitions = await monitor.execute('query-cpu-definitions', {}, { signal }).catch((error: unknown) => {
    if (isQemuError(error)) return []; // not every target has it
    throw error;
  });
  const models = new Map(definitions.map((each) => [each.name, { blockers: each['unavailable-features'] ?? null, deprecated: each.deprecated ?? false, canonical: each['alias-of'] ?? null }] as const));
  const asker = new Asker(monitor, signal);
  const best = accelerator === 'tcg' ? 'max' : 'host';
  if (arch === 's390x') return { models, hostModel: await staticModel(asker, best) };
  return { models, hostModel: arch === 'x86_64' || arch === 'i686' ? await nearestModel(asker, definitions, best, arch) : null };
}

type Properties = Readonly<Record<string, unknown>>;

class Asker {
  readonly #monitor: Monitor;
  readonly #signal: AbortSignal;

  constructor(monitor: Monitor, signal: AbortSignal) {
    this.#monitor = monitor;
    this.#signal = signal;
  }

  /** The model with its properties; null for one that QEMU does not expand. */
  async expand(name: string, type: 'static' | 'full'): Promise<{ readonly name: string; readonly properties: Properties } | null> {
    try {
      const { model } = await this.#monitor.execute('query-cpu-model-expansion', { type, model: { name } }, { signal: this.#signal });
      return { name: model.name, properties: (model.props ?? {}) as Properties };
    } catch (error) {
      if (isQemuError(error)) return null;
      throw error;
    }
  }
}

/** On s390x QEMU names the nearest generation itself. */
async function staticModel(asker: Asker, best: string): Promise<HostModel | null> {
  const model = await asker.expand(best, 'static');
  if (!model) return null;
  const features = Object.entries(model.properties).flatMap(([name, value]) => (typeof value === 'boolean' ? [{ name, policy: value ? ('require' as const) : ('disable' as const) }] : []));
  return { name: model.name, vendor: null, features };
}

/** Properties that a static model has and that are no features of a processor. */
const notFeatures = /^(hv-|x-|kvm|xen-|tcg-|host-|migratable$|check$|enforce$|pmu$|legacy-|l3-cache$|fill-mtrr|full-cpuid|cpuid-|vmware-|hotplugg|realized$|start-powered|intel-pt-auto|arch-capabilities-auto|lmce$|topoext$)/;

/**
 * Of the models that the host can give whole, the one that lacks least: of the host's own vendor if there is one.
 * QEMU 7.2 expands a model in about a millisecond.
 */
async function nearestModel(asker: Asker, definitions: QmpResult<'query-cpu-definitions'>, best: string, arch: string): Promise<HostModel | null> {
  const exact = await asker.expand(best, 'static');
  const host = await asker.expand(best, 'full');
  if (!exact || !host) return null;
  const features = Object.keys(exact.properties).filter((name) => typeof exact.properties[name] === 'boolean' && !notFeatures.test(name));
  const vendor = text(exact.properties['vendor']);
  const usable = definitions.filter((each) => each['unavailable-features']?.length === 0 && !isMode(each.name) && each['alias-of'] === undefined && !each.deprecated);
  const named = usable.map(({ name }) => name);
  let nearest: { readonly name: string; readonly differing: readonly string[]; readonly distance: number; readonly properties: Properties } | null = null;
  for (const name of named) {
    const model = await asker.expand(name, 'full');
    if (!model) continue;
    const differing = features.filter((feature) => model.properties[feature] !== host.properties[feature]);
    const distance = differing.length + (text(model.properties['vendor']) === vendor ? 0 : features.length);
    if (!nearest || distance < nearest.distance) nearest = { name, differing, distance, properties: model.properties };
  }
  if (!nearest) return null;
  const policies = nearest.differing.map((feature) => ({ name: documentFeature(arch, feature), policy: host.properties[feature] === true ? ('require' as const) : ('disable' as const) }));
  return { name: nearest.name, vendor, features: policies.toSorted((a, b) => (a.name < b.name ? -1 : 1)) };
}

function isMode(name: string): boolean {
  return name === 'max' || name === 'base' || name === 'host';
}

function text(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

const vendorWords: Readonly<Record<string, string>> = { GenuineIntel: 'Intel', AuthenticAMD: 'AMD', HygonGenuine: 'Hygon' };

/** libvirt's short word for a vendor that QEMU spells as processors do. */
export function vendorWord(vendor: string): string {
  return vendorWords[vendor] ?? vendor;
}

/**
 * The exact CPU that `host-model` means on this host, with what the definition says of features in last place; other
 * modes stay as they are.
 * @throws CONFIG_UNSUPPORTED where QEMU cannot tell.
 */
export function resolveHostModel(cpu: CpuDefinition | null, { hostModel }: HostCpu): CpuDefinition | null {
  if (cpu?.mode !== 'host-model') return cpu;
  if (!hostModel) throw new VireoError('CONFIG_UNSUPPORTED', "CPU mode 'host-model' has no meaning for this emulator on this host; 'maximum' works everywhere");
  const own = new Set(cpu.features.map(({ name }) => name));
  return {
    ...plainCpu,
    ...cpu,
    mode: 'custom',
    match: 'exact',
    check: 'full',
    model: { fallback: 'forbid', vendorId: cpu.model?.vendorId ?? null, name: hostModel.name },
    vendor: hostModel.vendor === null ? null : vendorWord(hostModel.vendor),
    features: [...hostModel.features.filter(({ name }) => !own.has(name)), ...cpu.features],
  };
}
