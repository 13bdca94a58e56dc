/**
 * Takes one document through the driver's own code: read, written, read again, completed, rendered. Pure and in one go,
 * so that a thread can be given to it and taken away again when it does not come back.
 */
import { completeDefinition } from '../core/address/complete-definition.ts';
import { VireoError } from '../core/base/errors.ts';
import type { Accelerator, QemuCapabilities } from '../core/capabilities/qemu-capabilities.ts';
import { buildCommandLine } from '../core/command/build-command-line.ts';
import { liveDefinition } from '../core/command/live-definition.ts';
import type { DomainDefinition } from '../core/conf/domain-definition.ts';
import { formatDomain, parseDomain, unknownNodes } from '../core/devices/domain-xml.ts';
import type { LaunchContext } from '../core/devices/launch-context.ts';
import type { FirmwareDescriptor } from '../core/firmware/firmware-descriptor.ts';
import { parseXml } from '../core/xml/parse-xml.ts';
import type { Refusal, Step } from './examined-file.ts';
import { firstDifference } from './same-value.ts';

export interface Emulator {
  readonly capabilities: QemuCapabilities;
  /** Whether `capabilities.binary` can be started here; recorded capabilities come from elsewhere. */
  readonly installed: boolean;
}

export interface ExamineOptions {
  /** In order of preference. */
  readonly emulators: readonly Emulator[];
  /** What `<os firmware='efi'>` chooses from. */
  readonly firmware: readonly FirmwareDescriptor[];
  /** Where a QEMU that is tried has its sockets. */
  readonly runFolder: string;
  /** Whether a path is there; the emulator of a definition from another machine is replaced where it is not. */
  readonly exists: (path: string) => boolean;
}

/** A command line for the QEMU of this machine. */
export interface Trial {
  readonly binary: string;
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly monitorPath: string;
}

export interface ExaminedDocument {
  readonly skipped: string | null;
  /** The document as the driver writes it, null where it did not come so far. */
  readonly formatted: string | null;
  readonly roundTrip: boolean;
  readonly stable: boolean;
  readonly rendered: boolean;
  readonly emulator: string | null;
  readonly trial: Trial | null;
  readonly refused: Refusal | null;
  readonly crash: string | null;
  readonly unknown: readonly string[];
}

type Unfinished = { -readonly [K in keyof ExaminedDocument]: ExaminedDocument[K] };

const secure = { form: 'inactive', secure: true } as const;

export function examineDocument(xml: string, options: ExamineOptions): ExaminedDocument {
  const found: Unfinished = { skipped: null, formatted: null, roundTrip: false, stable: false, rendered: false, emulator: null, trial: null, refused: null, crash: null, unknown: [] };
  let step: Step = 'parse';
  try {
    const root = parseXml(xml);
    if (root.name !== 'domain') return { ...found, skipped: `its root is <${root.name}>` };
    const definition = parseDomain(xml);
    found.unknown = unknownNodes(definition).map(({ path }) => path);
    step = 'format';
    const formatted = formatDomain(definition, secure);
    found.formatted = formatted;
    const again = parseDomain(formatted);
    const difference = firstDifference(definition, again);
    found.roundTrip = difference === null;
    if (difference !== null) found.crash = `is not read back as it was written: ${difference}`;
    found.stable = formatDomain(again, secure) === formatted;
    if (!found.stable) found.crash ??= 'is not written twice in the same way';
    step = 'complete';
    render(definition, options, found, (next) => (step = next));
  } catch (thrown) {
    if (thrown instanceof VireoError && thrown.code !== 'INTERNAL_ERROR') found.refused = refusalOf(thrown, step);
    else found.crash = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
  }
  return found;
}

function refusalOf(error: VireoError, step: Step): Refusal {
  const { line } = error.details;
  return { step, code: error.code, message: error.message, line: typeof line === 'number' ? line : null };
}

/** Renders for the first emulator that fits, and once more for this machine's to try it. */
function render(definition: DomainDefinition, options: ExamineOptions, found: Unfinished, reached: (step: Step) => void): void {
  const emulator = chooseEmulator(definition, options.emulators);
  const { arch, binary } = emulator.capabilities;
  found.emulator = `${binary} ${versionOf(emulator.capabilities)}`;
  renderFor(definition, emulator, acceleratorOf(definition), options, reached);
  found.rendered = true;
  const here = emulator.installed ? emulator : options.emulators.find(({ installed, capabilities }) => installed && capabilities.arch === arch);
  if (!here) return;
  try {
    // Hardware acceleration cannot be relied upon where conformance is measured.
    found.trial = trialOf(renderFor(definition, here, 'tcg', options, () => {}), options);
  } catch {
    // The QEMU of this machine may lack what a recorded, newer one has.
  }
}

type Rendered = ReturnType<typeof buildCommandLine>;

function renderFor(written: DomainDefinition, { capabilities, installed }: Emulator, accelerator: Accelerator, options: ExamineOptions, reached: (step: Step) => void): Rendered {
  const { runFolder, exists, firmware } = options;
  const keepsEmulator = installed && written.emulator !== null && exists(written.emulator);
  let cards = 0;
  reached('complete');
  const completed = completeDefinition({ ...written, emulator: keepsEmulator ? written.emulator : capabilities.binary }, {
    capabilities,
    newUuid: () => '11111111-2222-4333-8444-555555555555',
    newMac: () => `52:54:00:00:00:${(cards++ % 256).toString(16).padStart(2, '0')}`,
    firmware: { descriptors: firmware, nvramFolder: '/var/lib/vireo/nvram' },
  });
  reached('render');
  const launch: LaunchContext = { capabilities, accelerator, runFolder, logFolder: runFolder, monitorPath: `${runFolder}/m`, pidFile: `${runFolder}/pid` };
  return buildCommandLine(liveDefinition(completed, launch), launch);
}

function acceleratorOf({ type }: DomainDefinition): Accelerator {
  return type === 'qemu' ? 'tcg' : (type as Accelerator);
}

function versionOf({ version: { major, minor, micro } }: QemuCapabilities): string {
  return `${major}.${minor}.${micro}`;
}

function trialOf(rendered: Rendered, { runFolder }: ExamineOptions): Trial {
  return { binary: rendered.binary, args: rendered.argv, environment: rendered.environment, monitorPath: `${runFolder}/m` };
}

function chooseEmulator({ os, emulator }: DomainDefinition, emulators: readonly Emulator[]): Emulator {
  const arch = os.type.arch ?? archOf(emulator) ?? 'x86_64';
  const fitting = emulators.filter(({ capabilities }) => capabilities.arch === arch);
  const named = fitting.find(({ capabilities }) => capabilities.machines.some(({ name, alias }) => name === os.type.machine || alias === os.type.machine));
  const chosen = named ?? fitting[0];
  if (chosen) return chosen;
  throw new VireoError('CONFIG_UNSUPPORTED', `there is no emulator for arch '${arch}' here, and no recorded capabilities of one`);
}

/** A definition without an architecture means that of its emulator. */
function archOf(emulator: string | null): string | null {
  return /qemu-system-([a-z0-9_]+)$/.exec(emulator ?? '')?.[1] ?? null;
}
