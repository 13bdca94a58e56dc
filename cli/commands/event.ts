/** `vireo event`: waits for what happens to domains and tells it in virsh's words. */
import type { Client } from '../../core/api/client.ts';
import type { VireoError } from '../../core/base/errors.ts';
import { toDisposable } from '../../core/base/lifetime.ts';
import type { DomainEvent } from '../../core/domain/domain-summary.ts';
import { type Command, type CommandContext, command } from '../command.ts';
import { CommandError } from '../command-error.ts';
import { lookUp } from '../domain-call.ts';
import { assertExclusive } from '../option-grammar.ts';

/** libvirt's types that a Vireo host sends, in libvirt's order, and Vireo's own. */
const eventTypes: readonly DomainEvent['type'][] = [
  'lifecycle', 'reboot', 'rtc-change', 'watchdog', 'io-error', 'graphics', 'io-error-reason', 'control-error', 'disk-change', 'tray-change', 'pmwakeup', 'pmsuspend', 'balloon-change', 'pmsuspend-disk',
  'device-removed', 'agent-lifecycle', 'device-removal-failed', 'block-threshold', 'memory-failure', 'memory-device-size-change', 'nic-mac-change', 'core-dump', 'console-trigger',
];

/** Where virsh's word is not ours with a capital letter. */
const detailWords: Readonly<Record<string, string>> = {
  'from snapshot': 'Snapshot',
  wakeup: 'Event wakeup',
  ioerror: 'I/O Error',
  'api-error': 'API error',
  postcopy: 'Post-copy',
  'postcopy-failed': 'Post-copy Error',
  guest: 'Finished after guest request',
  host: 'Finished after host request',
};

export const event: Command = command({
  name: 'event',
  group: 'domain',
  summary: 'Domain Events',
  description: 'List event types, or wait for domain events to occur',
  options: {
    domain: { type: 'string', help: 'filter by domain name, id or uuid' },
    event: { type: 'string', help: 'which event type to wait for' },
    all: { type: 'boolean', help: 'wait for all events instead of just one type' },
    loop: { type: 'boolean', help: 'loop until timeout or interrupt, rather than one-shot' },
    timeout: { type: 'number', help: 'timeout seconds' },
    list: { type: 'boolean', help: 'list valid event types' },
    timestamp: { type: 'boolean', help: 'show timestamp for each printed event' },
  },
  async run(context, values) {
    for (const [one, other] of [['all', 'event'], ['list', 'all'], ['list', 'event']] as const) assertExclusive(values, one, other);
    if (values.list) return context.output.result(eventTypes, () => eventTypes);
    const wanted = wantedTypes(values.all, values.event);
    const client = await context.client();
    const uuid = values.domain === null ? null : (await lookUp(client, values.domain, context.interrupted)).uuid;
    const accept = (one: DomainEvent): boolean => wanted.has(one.type) && (uuid === null || one.domain.uuid === uuid);
    const received = await waitForEvents(context, client, accept, { loop: values.loop, timeoutS: values.timeout, timestamp: values.timestamp });
    context.output.line(`events received: ${received}`);
    return received > 0 ? 0 : 1;
  },
});

function wantedTypes(all: boolean, name: string | null): ReadonlySet<string> {
  if (all) return new Set(eventTypes);
  if (name === null) throw new CommandError('INVALID_ARG', 'one of --list, --all, or --event <type> is required');
  if (!eventTypes.some((type) => type === name)) throw new CommandError('INVALID_ARG', `unknown event type ${name}`);
  return new Set([name]);
}

interface WaitOptions {
  readonly loop: boolean;
  readonly timeoutS: number | null;
  readonly timestamp: boolean;
}

/** How many came before it was enough. @throws the reason when the host goes away. */
async function waitForEvents(context: CommandContext, client: Client, accept: (one: DomainEvent) => boolean, options: WaitOptions): Promise<number> {
  const { output, clock, interrupted } = context;
  let received = 0;
  const ended = new AbortController();
  const outcome = new Promise<string | null>((resolve, reject) => {
    const onInterrupt = (): void => resolve('event loop interrupted');
    const onLost = (): void => reject(client.closed.reason as VireoError);
    interrupted.addEventListener('abort', onInterrupt, { once: true, signal: ended.signal });
    client.closed.addEventListener('abort', onLost, { once: true, signal: ended.signal });
    if (interrupted.aborted) onInterrupt();
    if (client.closed.aborted) onLost();
    if (options.timeoutS !== null) {
      void clock.sleep(options.timeoutS * 1000, ended.signal).then(() => resolve('event loop timed out'));
    }
    const subscription = client.on('domain', (one) => {
      if (!accept(one) || ended.signal.aborted) return;
      received++;
      output.result(one, () => [formatEvent(one, options.timestamp)]);
      if (!options.loop) resolve(null);
    });
    ended.signal.addEventListener('abort', () => subscription[Symbol.dispose](), { once: true });
  });
  using _end = toDisposable(() => ended.abort());
  const ending = await outcome;
  if (ending !== null) output.line(ending);
  return received;
}

function formatEvent(one: DomainEvent, withTime: boolean): string {
  const at = new Date(one.atMs).toISOString();
  const head = withTime ? `${at.slice(0, 10)} ${at.slice(11, 23)}+0000: event '${one.type}'` : `event '${one.type}'`;
  const tail = formatTail(one);
  return `${head} for domain '${one.domain.name}'${tail === '' || isOnDisk(one) ? '' : ':'}${tail === '' ? '' : ` ${tail}`}`;
}

/** virsh names the disk before the colon. */
function isOnDisk({ type, details }: DomainEvent): boolean {
  return (type === 'tray-change' || type === 'disk-change') && details !== undefined;
}

/** What libvirt's event carries, in virsh's words; null for a type whose one word says it all. */
function formatDetails({ type, details }: DomainEvent): string | null {
  if (!details) return null;
  const word = (name: string): string => String(details[name] ?? '');
  switch (type) {
    case 'io-error':
      return `${word('path')} (${word('alias')}) ${word('action')}`;
    case 'io-error-reason':
      return `${word('path')} (${word('alias')}) ${word('action')} due to ${word('reason')}`;
    case 'disk-change':
      return `disk ${word('alias')}: ${word('oldPath') || '<null>'} -> ${word('newPath') || '<null>'}: ${word('reason')}`;
    case 'tray-change':
      return `disk ${word('alias')}: ${word('reason')}`;
    case 'graphics':
      return `${word('phase')} local[${word('localFamily')} ${word('localNode')} ${word('localService')}] remote[${word('remoteFamily')} ${word('remoteNode')} ${word('remoteService')}] ${word('authScheme')}`;
    case 'block-threshold':
      return `dev: ${word('dev')}(${word('path')}) ${word('threshold')} ${word('excess')}`;
    case 'memory-failure':
      return `\nrecipient: ${word('recipient')}\naction: ${word('action')}`;
    default:
      return null;
  }
}

function formatTail(one: DomainEvent): string {
  if (one.type === 'agent-lifecycle') return `state: '${one.event ?? 'unknown'}' reason: '${one.detail ?? 'unknown'}'`;
  const details = formatDetails(one);
  if (details !== null) return details;
  if (one.type === 'balloon-change') return `${one.detail ?? one.event ?? '0'}KiB`;
  if (one.type !== 'lifecycle') return [one.event, one.detail].filter((part) => part !== null).join(' ');
  const word = one.event === 'pmsuspended' ? 'PMSuspended' : capital(one.event ?? '');
  return `${word} ${one.detail === null ? '' : (detailWords[one.detail] ?? capital(one.detail))}`.trimEnd();
}

function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
