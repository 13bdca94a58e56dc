/** The fake host's consoles: prints a recorded session, echoes what is typed, and says what a preview tells it to. */
import type { ConsoleServerMessage } from '../../core/api/contract.ts';
import type { StreamImplementation, StreamLink } from '../../core/api/server.ts';
import { Emitter } from '../../core/base/events.ts';
import type { DomainSummary } from '../../core/domain/domain-summary.ts';

export interface FakeConsole {
  readonly messages: Emitter<ConsoleServerMessage>;
  readonly ended: Emitter<void>;
  streams(find: (key: string) => DomainSummary): StreamImplementation;
}

export function fakeConsole(scene: { readonly text: string; readonly mode: 'write' | 'watch' }): FakeConsole {
  const messages = new Emitter<ConsoleServerMessage>();
  const ended = new Emitter<void>();
  const typed = new Emitter<Uint8Array>();
  let mode = scene.mode;
  let offset = 0;
  const onServe = async (link: StreamLink<'domainOpenConsole'>): Promise<void> => {
    const send = (bytes: Uint8Array): void => {
      void link.sendBytes(bytes, offset);
      offset += bytes.byteLength;
    };
    const subscription = messages.on((message) => link.sendMessage(message));
    const echo = typed.on((bytes) => send(new TextEncoder().encode(new TextDecoder().decode(bytes).replaceAll('\r', '\r\n'))));
    const text = new TextEncoder().encode(scene.text);
    for (let at = 0; at < text.length; at += 1000) send(text.slice(at, at + 1000));
    await ended.once(() => true, link.closed).catch(() => {});
    subscription[Symbol.dispose]();
    echo[Symbol.dispose]();
  };
  return {
    messages,
    ended,
    streams: (find) => ({
      domainOpenConsole: async (_call, params) => {
        const domain = find(params.domain);
        const device = domain.consoles.find((each) => each.alias === params.device) ?? domain.consoles[0];
        offset = 0;
        return {
          opened: { domain: { ...domain, consoles: domain.consoles.map((each) => (each === device ? { ...each, position: new TextEncoder().encode(scene.text).byteLength } : each)) }, alias: device?.alias ?? 'serial0', label: device?.label ?? 'ttyS0', mode, sessionId: 'session-1' },
          run: onServe,
          onBytes: async (bytes) => typed.fire(bytes),
          onMessage(message) {
            mode = message.type === 'release' ? 'watch' : 'write';
            messages.fire({ type: 'mode', mode });
          },
        };
      },
    }),
  };
}
