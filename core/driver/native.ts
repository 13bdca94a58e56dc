/** Definitions as QEMU's command line, and back (virConnectDomainXMLToNative and its counterpart). */
import { VireoError } from '../base/errors.ts';
import type { Accelerator, QemuCapabilities } from '../capabilities/qemu-capabilities.ts';
import { parseRecordedCapabilities } from '../capabilities/recorded-capabilities.ts';
import { buildCommandLine } from '../command/build-command-line.ts';
import { liveDefinition } from '../command/live-definition.ts';
import type { DomainDefinition } from '../conf/domain-definition.ts';
import { definitionFromArguments } from '../definition/native/definition-from-arguments.ts';
import { splitShellText } from '../definition/native/shell-text.ts';
import { formatDomain, parseDomain } from '../devices/domain-xml.ts';
import type { LaunchContext } from '../devices/launch-context.ts';
import { completeDefinition } from '../address/complete-definition.ts';
import type { Domain } from '../domain/domain.ts';
import { complete, completing, withUuid } from './definitions.ts';
import type { DriverContext } from './driver-context.ts';

export interface NativeCommandLine {
  readonly argv: string[];
  /** One option a line, for a shell. */
  readonly text: string;
}

export interface RecordedCapabilities {
  readonly name: string;
  readonly text: string;
}

/** The command line that a start of this definition would use, with the paths of a run that is never made. */
export async function nativeCommandLine(
  context: DriverContext,
  source: { readonly xml: string } | { readonly domain: Domain },
  recorded: RecordedCapabilities | undefined,
): Promise<NativeCommandLine> {
  const { definition, capabilities } = recorded ? await completedForRecorded(context, source, recorded) : await completedForInstalled(context, source);
  const accelerator = recorded ? acceleratorOf(definition) : await acceleratorFor(context, definition, capabilities);
  const launch = launchOf(context, definition.uuid as string, capabilities, accelerator);
  const commandLine = buildCommandLine(liveDefinition(definition, launch), launch);
  return { argv: [commandLine.binary, ...commandLine.argv], text: commandLine.toShellText() };
}

interface Completed {
  readonly definition: DomainDefinition;
  readonly capabilities: QemuCapabilities;
}

async function completedForInstalled(context: DriverContext, source: { readonly xml: string } | { readonly domain: Domain }): Promise<Completed> {
  const definition = 'domain' in source ? (source.domain.persistent ?? source.domain.definition) : await complete(context, withUuid(parseDomain(source.xml)));
  return { definition, capabilities: await context.capabilities.get(definition.emulator as string) };
}

async function completedForRecorded(context: DriverContext, source: { readonly xml: string } | { readonly domain: Domain }, { name, text }: RecordedCapabilities): Promise<Completed> {
  const recorded = await parseRecordedCapabilities(text, name);
  const written = 'domain' in source ? (source.domain.persistent ?? source.domain.definition) : withUuid(parseDomain(source.xml));
  // The binary is not here: the one that the definition names stands for it.
  const capabilities = { ...recorded, binary: written.emulator ?? recorded.binary };
  return { definition: completeDefinition({ ...written, emulator: capabilities.binary }, await completing(context, written, capabilities)), capabilities };
}

function acceleratorOf({ type }: DomainDefinition): Accelerator {
  return type === 'qemu' ? 'tcg' : (type as Accelerator);
}

/** What a start of the definition would run on. */
export async function acceleratorFor(context: DriverContext, definition: DomainDefinition, capabilities: QemuCapabilities): Promise<Accelerator> {
  return definition.type === 'qemu' ? 'tcg' : (await context.accelerators.forStart(capabilities)).accelerator;
}

function launchOf(context: DriverContext, uuid: string, capabilities: QemuCapabilities, accelerator: Accelerator): LaunchContext {
  const runFolder = context.runFolder(uuid);
  return { capabilities, accelerator, runFolder, logFolder: context.logFolder(uuid), domainFolder: context.domainFolder(uuid), monitorPath: `${runFolder}/m`, pidFile: `${runFolder}/pid` };
}

/**
 * The definition that this driver renders to just these arguments: what is read is rendered again and compared, so that
 * nothing of the command line is lost unnoticed. Throws CONFIG_UNSUPPORTED naming the arguments that no definition gives.
 */
export async function definitionFromNative(context: DriverContext, config: string): Promise<string> {
  const { environment, words } = splitShellText(config);
  const [binary, ...args] = words;
  if (binary === undefined) throw new VireoError('INVALID_ARG', 'the configuration holds no command line');
  const read = definitionFromArguments(binary, args, environment);
  const completed = await complete(context, withUuid(read.definition));
  const capabilities = await context.capabilities.get(completed.emulator as string);
  const launch = { ...launchOf(context, completed.uuid as string, capabilities, read.accelerator), ...read.run };
  const rendered = buildCommandLine(liveDefinition(completed, launch), launch);
  refuseLost(args, rendered.argv);
  return formatDomain(completed, { form: 'inactive', secure: true });
}

const maximumNamed = 6;

/** Options with their values, whose order says nothing here: `-S` alone, `-m` and its size together. */
function refuseLost(given: readonly string[], rendered: readonly string[]): void {
  const left = optionsOf(rendered);
  const lost = optionsOf(given).filter((option) => {
    const at = left.indexOf(option);
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
  if (lost.length === 0) return;
  const named = lost.slice(0, maximumNamed).map((option) => option.slice(0, 300));
  const more = lost.length > maximumNamed ? ` and ${lost.length - maximumNamed} more` : '';
  throw new VireoError('CONFIG_UNSUPPORTED', `the command line has what no definition of this driver gives: ${named.join('; ')}${more}`, { details: { arguments: lost } });
}

function optionsOf(argv: readonly string[]): string[] {
  const options: string[] = [];
  for (const word of argv) {
    const last = options.at(-1);
    if (/^-[a-z]/i.test(word) || last === undefined) options.push(word);
    else options[options.length - 1] = `${last} ${word}`;
  }
  return options;
}
