/**
 * What somebody asked for, as an entry: who, what, how long it took and what became of it. Of the parameters only those
 * are kept whose names stand here: passwords, keys, files' contents and what is said to a guest agent never are, and a
 * parameter that is new is left out until somebody has thought about it.
 */
import { asVireoError } from '../base/errors.ts';
import type { Call } from '../job/call.ts';
import type { NewEntry } from './timeline-entry.ts';

const keptParameters: ReadonlySet<string> = new Set([
  'paused', 'resetNvram', 'config', 'to', 'afterwards', 'program', 'mountpoints', 'target', 'online', 'cpus', 'vcpu', 'iothread', 'nodeset', 'timeoutSeconds', 'periodSeconds', 'mode', 'graceful', 'autostart', 'codeset', 'holdTimeMs', 'nvram', 'keepTpm', 'hmp', 'source',
  'force', 'user', 'file', 'path', 'format', 'screen', 'device', 'minimumBytes',
  'from', 'restoresTo', 'forceBoot', 'managedSave',
  'seconds', 'now', 'sync', 'crash', 'live', 'reset', 'memoryOnly', 'bypassCache', 'dumpFormat',
]);

/** Their refusals may quote what was sent: only the code is kept. */
const quotingMethods = /MonitorCommand|AgentCommand|GuestExec|Password|SSHKeys|SendKey|Secret/i;

const maximumCharacters = 200;
const maximumMembers = 8;

export interface Action {
  readonly method: string;
  readonly call: Pick<Call, 'owner' | 'client'>;
  readonly params: Readonly<Record<string, unknown>>;
  readonly durationMs: number;
  /** Undefined where all went well. */
  readonly error?: unknown;
}

export function actionEntry({ method, call, params, durationMs, error }: Action): Omit<NewEntry, 'atMs'> {
  const failure = error === undefined ? null : asVireoError(error);
  return {
    kind: 'action',
    what: method,
    details: { ...keptOf(params), ...commandName(params) },
    by: { owner: call.owner, client: call.client },
    outcome: {
      ok: failure === null,
      durationMs: Math.round(durationMs),
      error: failure && { code: failure.code, message: quotingMethods.test(method) ? '' : failure.message.slice(0, 2 * maximumCharacters) },
    },
  };
}

function keptOf(params: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const kept = Object.entries(params).filter(([name, value]) => keptParameters.has(name) && isPlain(value) && value !== null && value !== false && value !== 'default');
  return Object.fromEntries(kept.map(([name, value]) => [name, typeof value === 'string' ? value.slice(0, maximumCharacters) : value]));
}

function isPlain(value: unknown): boolean {
  if (Array.isArray(value)) return value.length <= maximumMembers && value.every((each) => typeof each === 'string' && each.length <= maximumCharacters);
  return ['string', 'number', 'boolean'].includes(typeof value);
}

/** Of a command for the monitor or the agent its name alone. */
function commandName({ command }: Readonly<Record<string, unknown>>): Record<string, unknown> {
  if (typeof command !== 'string') return {};
  const name = /^\s*\{/.test(command) ? /"execute"\s*:\s*"([\w-]{1,60})"/.exec(command)?.[1] : /^\s*([\w-]{1,60})/.exec(command)?.[1];
  return name === undefined ? {} : { command: name };
}
