/**
 * One line of the monitor as a value: the only place that looks at QMP's JSON. What does not have the shape of QEMU's
 * qmp-spec is told apart here, so that everything behind it can trust what it gets.
 */
import type { QmpEvent, QmpTimestamp } from './commands.ts';
import { qmpEventNames } from './qmp-schema.generated.ts';

export interface QmpGreeting {
  readonly version: {
    readonly qemu: { readonly major: number; readonly minor: number; readonly micro: number };
    readonly package: string;
  };
  /** `oob` where QEMU can answer some commands out of band. */
  readonly capabilities: readonly string[];
}

export type Message =
  | { readonly kind: 'greeting'; readonly greeting: QmpGreeting }
  | { readonly kind: 'reply'; readonly id: string; readonly result: unknown }
  | { readonly kind: 'failure'; readonly id: string | null; readonly qemuClass: string; readonly text: string }
  | { readonly kind: 'event'; readonly event: QmpEvent }
  /** `why` completes the sentence "the monitor sent ...". */
  | { readonly kind: 'malformed'; readonly why: string };

type JsonObject = Readonly<Record<string, unknown>>;

/** Never throws: a line that makes no sense is a message of its own kind. */
export function parseMessage(line: Buffer): Message {
  let value: unknown;
  try {
    value = JSON.parse(line.toString('utf8'));
  } catch {
    return malformed('malformed JSON', line);
  }
  if (!isObject(value)) return malformed('JSON that is no object', line);
  return parseGreeting(value) ?? parseEvent(value) ?? parseReply(value) ?? malformed('a message of no known kind', line);
}

function parseGreeting(value: JsonObject): Message | null {
  if (!isObject(value['QMP'])) return null;
  const { version, capabilities } = value['QMP'];
  if (!isObject(version) || !isObject(version['qemu']) || !Array.isArray(capabilities)) return null;
  const { major, minor, micro } = version['qemu'];
  if (typeof major !== 'number' || typeof minor !== 'number' || typeof micro !== 'number') return null;
  const packageText = typeof version['package'] === 'string' ? version['package'] : '';
  const offered = capabilities.filter((capability) => typeof capability === 'string');
  return { kind: 'greeting', greeting: { version: { qemu: { major, minor, micro }, package: packageText }, capabilities: offered } };
}

function parseEvent(value: JsonObject): Message | null {
  const { event: name, data = {}, timestamp } = value;
  if (typeof name !== 'string' || !isObject(data) || !isTimestamp(timestamp)) return null;
  // The data's shape is taken on trust from the schema: QEMU builds both from one file.
  const event = qmpEventNames.has(name) ? { event: name, data, timestamp } : { event: 'unknown', name, data, timestamp };
  return { kind: 'event', event: event as QmpEvent };
}

function parseReply(value: JsonObject): Message | null {
  const { id, error } = value;
  if (id !== undefined && typeof id !== 'string') return null;
  if (isObject(error)) {
    const { class: qemuClass, desc } = error;
    if (typeof qemuClass !== 'string' || typeof desc !== 'string') return null;
    return { kind: 'failure', id: id ?? null, qemuClass, text: desc };
  }
  if (id === undefined || !('return' in value)) return null;
  return { kind: 'reply', id, result: value['return'] };
}

function malformed(what: string, line: Buffer): Message {
  const shown = line.subarray(0, 80).toString('utf8');
  return { kind: 'malformed', why: `${what}: ${shown}${line.length > 80 ? '...' : ''}` };
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isTimestamp(value: unknown): value is QmpTimestamp {
  return isObject(value) && typeof value['seconds'] === 'number' && typeof value['microseconds'] === 'number';
}
