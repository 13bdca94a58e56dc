/**
 * From `<os firmware='efi'>` to the images that are used (D3): the first descriptor that has what the definition asks
 * for, written into the definition, so that a later start takes the same one whatever is installed by then.
 */
import { VireoError } from '../base/errors.ts';
import type { DomainDefinition } from '../conf/domain-definition.ts';
import type { OsDefinition } from '../conf/os.ts';
import type { FirmwareDescriptor } from './firmware-descriptor.ts';

/** What is installed, and where a domain's own variables are kept. */
export interface InstalledFirmware {
  readonly descriptors: readonly FirmwareDescriptor[];
  /** Absolute path; files in it are made when a domain starts. */
  readonly nvramFolder: string;
}

type FlashDescriptor = FirmwareDescriptor & { readonly mapping: Extract<FirmwareDescriptor['mapping'], { readonly device: 'flash' }> };
type Loader = NonNullable<OsDefinition['loader']>;
type Nvram = NonNullable<OsDefinition['nvram']>;

const emptyLoader: Loader = { readonly: null, secure: null, type: null, stateless: null, format: null, path: null };
const emptyNvram: Nvram = { template: null, templateFormat: null, type: null, format: null, path: null, source: null };

/**
 * Fills in loader, variable store and what they need. `definition` has its machine by its canonical name.
 * @throws CONFIG_UNSUPPORTED with what each installed firmware lacks.
 */
export function chooseFirmware(definition: DomainDefinition, installed: InstalledFirmware): DomainDefinition {
  const { loader } = definition.os;
  if (!asksForFirmware(definition.os)) return definition;
  const path = loader?.path ?? null;
  return path !== null ? withVariables(definition, path, installed) : withFirmware(definition, find(definition, installed), installed);
}

/** Whether what is installed decides anything about the definition. */
export function asksForFirmware({ firmware, loader }: OsDefinition): boolean {
  return loader !== null && loader.path !== null ? loader.type === 'pflash' : firmware === 'efi';
}

/** Paths of the flash images for a machine, in order of preference; each once. */
export function firmwareImages(descriptors: readonly FirmwareDescriptor[], arch: string, machine: string): readonly string[] {
  const fitting = descriptors.filter((descriptor) => fitsMachine(descriptor, { arch, machine }));
  return [...new Set(fitting.flatMap(({ mapping }) => (mapping.device === 'flash' ? [mapping.executable.filename] : [])))];
}

function find(definition: DomainDefinition, { descriptors }: InstalledFirmware): FlashDescriptor {
  const refusals: string[] = [];
  for (const descriptor of descriptors) {
    const reason = reasonAgainst(descriptor, definition);
    if (reason === null && isFlash(descriptor)) return descriptor;
    if (reason !== null && reason !== 'other machine') refusals.push(`${descriptor.file} ${reason}`);
  }
  const { arch, machine } = definition.os.type;
  const looked = refusals.length === 0 ? 'none is installed for it (packages ovmf, edk2-ovmf, qemu-efi-aarch64)' : refusals.join('; ');
  throw new VireoError('CONFIG_UNSUPPORTED', `unable to find an 'efi' firmware for machine '${machine}' of ${arch} that the definition accepts: ${looked}`, { details: { refusals } });
}

function isFlash(descriptor: FirmwareDescriptor): descriptor is FlashDescriptor {
  return descriptor.mapping.device === 'flash';
}

/** Why a firmware does not fit, as the end of a sentence that begins with its name; null where it fits. */
function reasonAgainst(descriptor: FirmwareDescriptor, definition: DomainDefinition): string | null {
  const { os, pm, features, launchSecurity } = definition;
  if (!descriptor['interface-types'].includes('uefi') || !fitsMachine(descriptor, os.type)) return 'other machine';
  const has = (feature: string): boolean => descriptor.features.includes(feature);
  for (const { name, enabled } of os.firmwareFeatures) {
    if (enabled !== has(name)) return enabled ? `lacks the feature ${name}` : `has the feature ${name}`;
  }
  if (os.loader?.secure === true && !(has('secure-boot') && has('requires-smm'))) return 'cannot keep its loader secure';
  if (os.loader?.secure === false && has('requires-smm')) return 'needs a secure loader';
  if (features.smm?.state === false && has('requires-smm')) return 'needs smm, which is off';
  if (pm?.suspendToMemory?.enabled && !has('acpi-s3')) return 'lacks acpi-s3';
  if (pm?.suspendToDisk?.enabled && !has('acpi-s4')) return 'lacks acpi-s4';
  const sealed = { sev: 'amd-sev', 'sev-snp': 'amd-sev-snp', tdx: 'intel-tdx' } as const;
  const security = launchSecurity?.type;
  if (security !== undefined && Object.hasOwn(sealed, security) && !has(sealed[security as keyof typeof sealed])) return `lacks ${sealed[security as keyof typeof sealed]}`;
  return reasonAgainstMapping(descriptor, os);
}

function reasonAgainstMapping({ mapping }: FirmwareDescriptor, { loader, nvram }: OsDefinition): string | null {
  if (mapping.device !== 'flash') return `is loaded as ${mapping.device}, which is not supported`;
  if (loader?.type === 'rom') return 'is flash memory, not a rom';
  if ((mapping.mode === 'stateless') !== (loader?.stateless === true)) return mapping.mode === 'stateless' ? 'keeps no variables' : 'keeps variables';
  if ((mapping.mode === 'combined') !== (loader?.readonly === false)) return mapping.mode === 'combined' ? 'is one writable image' : 'has a code image that is read-only';
  const format = loader?.format ?? null;
  if (format !== null && format !== mapping.executable.format) return `has the format ${mapping.executable.format}`;
  const wanted = nvram?.templateFormat ?? null;
  if (wanted !== null && wanted !== (mapping['nvram-template']?.format ?? 'raw')) return `has a template of the format ${mapping['nvram-template']?.format ?? 'raw'}`;
  return null;
}

function fitsMachine({ targets }: FirmwareDescriptor, { arch, machine }: Pick<OsDefinition['type'], 'arch' | 'machine'>): boolean {
  return targets.some(({ architecture, machines }) => architecture === arch && machines.some((glob) => matches(glob, machine ?? '')));
}

/** The shell's patterns, of which descriptors use the asterisk. */
function matches(glob: string, name: string): boolean {
  return new RegExp(`^${glob.split('*').map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&')).join('.*')}$`).test(name);
}

function withFirmware(definition: DomainDefinition, { mapping, features }: FlashDescriptor, { nvramFolder }: InstalledFirmware): DomainDefinition {
  const { os } = definition;
  const needsSmm = features.includes('requires-smm');
  const format = mapping.executable.format === 'raw' ? null : mapping.executable.format;
  const loader: Loader = {
    ...(os.loader ?? emptyLoader),
    readonly: mapping.mode !== 'combined',
    secure: needsSmm ? true : (os.loader?.secure ?? null),
    type: 'pflash',
    format: os.loader?.format ?? format,
    path: mapping.executable.filename,
  };
  const template = mapping.mode === 'split' ? mapping['nvram-template'] : undefined;
  const firmwareFeatures = (['enrolled-keys', 'secure-boot'] as const).map((name) => ({ name, enabled: features.includes(name) }));
  return {
    ...definition,
    features: needsSmm ? { ...definition.features, smm: definition.features.smm ? { ...definition.features.smm, state: true } : { state: true, tsegBytes: null } } : definition.features,
    os: { ...os, firmwareFeatures, loader, nvram: mapping.mode === 'split' ? completeNvram(definition, template ?? null, nvramFolder) : os.nvram },
  };
}

/** A loader that the definition names itself: the descriptor of the same image knows what its variables begin with. */
function withVariables(definition: DomainDefinition, path: string, { descriptors, nvramFolder }: InstalledFirmware): DomainDefinition {
  const { os } = definition;
  if (os.loader?.stateless === true || os.loader?.readonly !== true) return definition;
  const known = descriptors.filter(isFlash).find(({ mapping }) => mapping.executable.filename === path);
  const template = known?.mapping.mode === 'split' ? (known.mapping['nvram-template'] ?? null) : null;
  if (template === null && os.nvram === null) return definition;
  return { ...definition, os: { ...os, nvram: completeNvram(definition, template, nvramFolder) } };
}

/** No file system has names of more bytes; what is written after it has to fit too. */
const longestNameBytes = 255 - '_VARS.qcow2'.length;

/** A domain's name has up to 255 characters, and a character up to four bytes. */
function fileName(name: string, uuid: string | null): string {
  return uuid !== null && Buffer.byteLength(name) > longestNameBytes ? uuid : name;
}

function completeNvram({ os, name, uuid }: DomainDefinition, template: { readonly filename: string; readonly format: 'raw' | 'qcow2' } | null, folder: string): Nvram {
  const nvram = os.nvram ?? emptyNvram;
  const templateFormat = nvram.templateFormat ?? (nvram.template === null && template?.format === 'qcow2' ? 'qcow2' : null);
  const format = nvram.format ?? templateFormat;
  const isElsewhere = nvram.type !== null;
  return {
    ...nvram,
    template: nvram.template ?? (isElsewhere ? null : (template?.filename ?? null)),
    templateFormat,
    format,
    path: isElsewhere ? nvram.path : (nvram.path ?? `${folder}/${fileName(name, uuid)}_VARS.${format === 'qcow2' ? 'qcow2' : 'fd'}`),
  };
}
