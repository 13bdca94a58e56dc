/**
 * The last messages of one monitor, kept for the account of a crash. They are written to a file that people hand on, so
 * what may be a secret is left out before it is kept: a text once written cannot be taken back.
 */
import type { Clock } from '../base/clock.ts';
import { visibleJson, visibleText } from '../agent/guest-text.ts';
import type { QmpEvent } from './commands.ts';

export interface RecentMessage {
  /** By the wall clock, when this driver wrote or read it. */
  readonly atMs: number;
  readonly direction: 'command' | 'reply' | 'error' | 'event';
  /** The command's or the event's name; a reply has its command's. */
  readonly name: string;
  /** Arguments, result, error or data as JSON, cut; empty where there is nothing or nothing that may be kept. */
  readonly text: string;
}

const maximumMessages = 32;
const maximumCharacters = 320;

/** Commands whose arguments and answers are not kept at all: passwords, typed keys, and whatever a person wrote. */
const silentCommands: ReadonlySet<string> = new Set(['set_password', 'change-vnc-password', 'human-monitor-command', 'send-key', 'input-send-event', 'ringbuf-write', 'ringbuf-read', 'qom-set']);

/** Asked again and again, by the watch for silence and by whoever draws curves: they would push out what tells of a crash. */
const routineCommands: ReadonlySet<string> = new Set(['query-version', 'query-balloon', 'query-blockstats', 'query-named-block-nodes', 'query-iothreads', 'query-dirty-rate', 'query-stats', 'query-stats-schemas', 'qom-get']);

/** Properties that hold a secret or its way in, in any command. */
const silentProperty = /password|passwd|passphrase|secret|^data$|^keys?$|keyid|^iv$|token|cookie|credential|auth/i;

/** What stands before the host in an address: a user's name, and often the password. */
const userInAddress = /:\/\/[^/@\s"]*@/g;

export class RecentMessages {
  readonly #clock: Clock;
  readonly #messages: RecentMessage[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Oldest first. */
  list(): readonly RecentMessage[] {
    return [...this.#messages];
  }

  /** @param unchecked somebody's own command: its name is kept, nothing else. */
  command(name: string, args: unknown, unchecked: boolean): void {
    if (routineCommands.has(name)) return;
    this.#keep('command', name, unchecked || silentCommands.has(name) ? '' : withoutSecrets(args));
  }

  reply(name: string, result: unknown, unchecked: boolean): void {
    if (routineCommands.has(name)) return;
    this.#keep('reply', name, unchecked || silentCommands.has(name) ? '' : withoutSecrets(result));
  }

  error(name: string, text: string, unchecked: boolean): void {
    this.#keep('error', name, unchecked || silentCommands.has(name) ? '' : visibleText(cut(text)));
  }

  event(event: QmpEvent): void {
    this.#keep('event', event.event === 'unknown' ? event.name : event.event, withoutSecrets(event.data));
  }

  #keep(direction: RecentMessage['direction'], name: string, text: string): void {
    if (this.#messages.length >= maximumMessages) this.#messages.shift();
    this.#messages.push({ atMs: this.#clock.wallTime(), direction, name: name.slice(0, 100), text });
  }
}

/** Deeper or longer than this nobody reads; a reply of a megabyte must not be walked through for it. */
const maximumDepth = 4;
const maximumMembers = 12;

/** The value as JSON, cut, with every property that may be a secret replaced by its name alone; empty for nothing. */
export function withoutSecrets(value: unknown): string {
  if (value === undefined || value === null) return '';
  const text = JSON.stringify(reduced(value, 0));
  return text === '{}' ? '' : visibleJson(cut(text));
}

function reduced(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return cut(value);
  if (typeof value !== 'object' || value === null) return value;
  if (depth >= maximumDepth) return '...';
  if (Array.isArray(value)) {
    const first: unknown[] = value.slice(0, maximumMembers).map((each: unknown) => reduced(each, depth + 1));
    return value.length > maximumMembers ? [...first, '...'] : first;
  }
  const entries = Object.entries(value);
  const shown = entries.slice(0, maximumMembers).map(([name, member]): [string, unknown] => [name, silentProperty.test(name) ? '(left out)' : reduced(member, depth + 1)]);
  return Object.fromEntries(entries.length > maximumMembers ? [...shown, ['...', entries.length - maximumMembers]] : shown);
}

function cut(whole: string): string {
  const text = whole.length > 4 * maximumCharacters ? whole.slice(0, 4 * maximumCharacters) : whole;
  const clean = text.replace(userInAddress, '://(left out)@');
  return clean.length > maximumCharacters ? `${clean.slice(0, maximumCharacters)}...` : clean;
}
