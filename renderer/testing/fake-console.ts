/** The fake host's consoles: print a recorded session, echo what is typed, and say what a preview tells them to. */
import type { ConsoleClientMessage, ConsoleServerMessage } from '../../core/api/console-contract.ts';
import type { StreamImplementation, StreamLink } from '../../core/api/server.ts';
import { Emitter } from '../../core/base/events.ts';
import type { DomainSummary } from '../../core/domain/domain-summary.ts';

export interface FakeConsole {
  /** What every open console is told. */
  readonly messages: Emitter<ConsoleServerMessage>;
  /** What was asked of any of them, in order. */
  readonly heard: ConsoleClientMessage[];
  readonly ended: Emitter<void>;
  /** The guest prints; `device` is `<uuid>/<alias>`. */
  print(device: string, text: string): void;
  /** The device's log is another one from now on, as after it was removed. */
  beginAnew(device: string, text: string): void;
  streams(find: (key: string) => DomainSummary): Pick<StreamImplementation, 'domainOpenConsole'>;
}

type Link = StreamLink<'domainOpenConsole'>;

/** What one device printed so far, for whoever opens it. */
interface Printed {
  bytes: Uint8Array;
  readonly more: Emitter<void>;
}

export function fakeConsole(scene: { readonly text: string; readonly mode: 'write' | 'watch' }): FakeConsole {
  const messages = new Emitter<ConsoleServerMessage>();
  const ended = new Emitter<void>();
  const heard: ConsoleClientMessage[] = [];
  const devices = new Map<string, Printed>();
  return {
    messages,
    heard,
    ended,
    print: (device, text) => print(printedBy(devices, device, scene.text), new TextEncoder().encode(text)),
    beginAnew: (device, text) => void devices.set(device, { bytes: new TextEncoder().encode(text), more: new Emitter() }),
    streams: (find) => ({
      domainOpenConsole: async (_call, params) => {
        const domain = find(params.domain);
        const device = domain.consoles.find((each) => each.alias === params.device) ?? domain.consoles[0];
        const alias = device?.alias ?? 'serial0';
        const printed = printedBy(devices, `${domain.uuid}/${alias}`, scene.text);
        const position = printed.bytes.byteLength;
        const from = typeof params.from === 'number' ? Math.min(params.from, position) : params.from === 'now' ? position : 0;
        let mode = params.mode === 'watch' ? 'watch' : scene.mode;
        let link: Link | null = null;
        const become = (next: 'write' | 'watch'): void => {
          if (next !== mode) link?.sendMessage({ type: 'mode', mode: (mode = next) });
        };
        return {
          opened: { domain, alias, label: device?.label ?? 'ttyS0', mode, sessionId: mode === 'write' ? 'session-1' : 'session-2', from, runStart: 0, position },
          run: async (opened) => {
            link = opened;
            const heardMessages = messages.on((message) => opened.sendMessage(message));
            const more = follow(opened, printed, from);
            await ended.once(() => true, opened.closed).catch(() => {});
            heardMessages[Symbol.dispose]();
            more[Symbol.dispose]();
          },
          onBytes: async (bytes) => print(printed, new TextEncoder().encode(new TextDecoder().decode(bytes).replaceAll('\r', '\r\n'))),
          onMessage(message) {
            heard.push(message);
            if (message.type === 'request-write') become('write');
            else if (message.type === 'release') become('watch');
            else if (message.type === 'ask') link?.sendMessage({ type: 'request', state: 'waiting', by: device?.writer?.label ?? 'window 1' });
            else if (message.type === 'hand-over') {
              become('watch');
              link?.sendMessage({ type: 'notice', what: 'writer-changed', by: device?.sessions.find((each) => each.sessionId === message.to)?.label ?? message.to, atMs: Date.now() });
            }
          },
        };
      },
    }),
  };
}

function printedBy(devices: Map<string, Printed>, key: string, text: string): Printed {
  const known = devices.get(key);
  if (known) return known;
  const made: Printed = { bytes: new TextEncoder().encode(text), more: new Emitter() };
  devices.set(key, made);
  return made;
}

function print(printed: Printed, bytes: Uint8Array): void {
  printed.bytes = Uint8Array.from([...printed.bytes, ...bytes]);
  printed.more.fire();
}

/** Sends what is printed from `from` on, in pieces as a device gives them. */
function follow(link: Link, printed: Printed, from: number): Disposable {
  let sent = from;
  const send = (): void => {
    while (sent < printed.bytes.byteLength) {
      const piece = printed.bytes.slice(sent, sent + 1000);
      void link.sendBytes(piece, sent);
      sent += piece.byteLength;
    }
  };
  send();
  return printed.more.on(send);
}
