/** A host with four methods and one stream behind a pair of channels: enough for every kind of conversation. */
import { type Channel, channelPair } from '../../core/api/channel.ts';
import { type Client, connect } from '../../core/api/client.ts';
import { methods } from '../../core/api/contract.ts';
import { type Implementation, type ServedEvent, type StreamImplementation, type StreamLink, serve } from '../../core/api/server.ts';
import { VireoError } from '../../core/base/errors.ts';
import { Emitter } from '../../core/base/events.ts';
import { createLog } from '../../core/base/log.ts';
import type { Call } from '../../core/job/call.ts';
import { makeSummary } from './make-summary.ts';

const served = {
  domainLookup: methods.domainLookup,
  connectListAllDomains: methods.connectListAllDomains,
  domainSuspend: methods.domainSuspend,
  domainGetLog: methods.domainGetLog,
} as const;

export type SmallImplementation = Implementation<typeof served>;

/** The console of the small host: it prints what the test says and keeps what was typed. */
export class SmallConsole {
  readonly typed: number[] = [];
  readonly messages: unknown[] = [];
  link: StreamLink<'domainOpenConsole'> | null = null;
  failOnMessage = false;
  #finish: (error?: VireoError) => void = () => {};

  /** Ends the stream from the host's side. */
  finish(error?: VireoError): void {
    this.#finish(error);
  }

  readonly implementation: Pick<StreamImplementation, 'domainOpenConsole'> = {
    domainOpenConsole: async (_call, params) => {
      if (params.device === 'missing') throw new VireoError('DEVICE_MISSING', "no device 'missing'");
      return {
        opened: { domain: makeSummary(), alias: 'serial0', label: 'ttyS0', mode: 'write', sessionId: 'session-1', from: 0, runStart: 0, position: 0 },
        run: (link) => {
          this.link = link;
          return new Promise<void>((resolve, reject) => {
            this.#finish = (error) => (error ? reject(error) : resolve());
            link.closed.addEventListener('abort', () => resolve(), { once: true });
          });
        },
        onBytes: async (bytes) => void this.typed.push(...bytes),
        onMessage: (message) => {
          if (this.failOnMessage) throw new Error('a defect');
          this.messages.push(message);
        },
      };
    },
  };
}

export interface SmallHost {
  readonly client: Client;
  /** The client's end of the wire, for messages that no honest client sends. */
  readonly wire: Channel;
  readonly console: SmallConsole;
  readonly events: Emitter<ServedEvent>;
  readonly log: string[];
  readonly calls: Call[];
}

const defaults: SmallImplementation = {
  domainLookup: (_call, { domain }) => Promise.resolve(makeSummary({ name: domain })),
  connectListAllDomains: () => Promise.resolve({ revision: 0, domains: [makeSummary()] }),
  domainSuspend: () => Promise.resolve(null),
  domainGetLog: () => Promise.resolve({ text: '', path: '' }),
};

export function smallHost(changes: Partial<SmallImplementation> = {}): SmallHost {
  const [wire, far] = channelPair();
  const console = new SmallConsole();
  const events = new Emitter<ServedEvent>();
  const log: string[] = [];
  const calls: Call[] = [];
  const kept = Object.entries({ ...defaults, ...changes }).map(([name, method]) => [
    name,
    (call: Call, params: never) => {
      calls.push(call);
      return method(call, params);
    },
  ]);
  serve(far, {
    methods: served,
    implementation: Object.fromEntries(kept) as SmallImplementation,
    streams: console.implementation,
    events,
    version: '0.1.0',
    log: createLog((line) => log.push(line.split(' ').slice(1).join(' '))),
    nameClient: (hint) => `${hint} 1`,
  });
  return { client: connect(wire, 'window'), wire, console, events, log, calls };
}
