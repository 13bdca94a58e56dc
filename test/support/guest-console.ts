/** A console session as a test uses it: type, and wait for what the guest prints. */
import type { Client } from '../../core/api/client.ts';
import type { ConsoleClientMessage, ConsoleServerMessage } from '../../core/api/console-contract.ts';

export interface GuestConsole extends AsyncDisposable {
  readonly mode: 'write' | 'watch';
  readonly messages: readonly ConsoleServerMessage[];
  /** Everything printed so far. */
  text(): string;
  type(text: string): Promise<void>;
  typeBytes(bytes: Uint8Array): Promise<void>;
  say(message: ConsoleClientMessage): void;
  /** Resolves when what was printed after the last match ends with or contains the pattern. */
  waitFor(pattern: RegExp, timeoutMs?: number): Promise<void>;
  ended(): boolean;
}

export async function guestConsole(
  client: Client,
  domain: string,
  device: string | null,
  options: { readonly mode?: 'write' | 'watch' | 'write-or-watch'; readonly force?: boolean; readonly from?: 'history' | 'now' } = {},
): Promise<GuestConsole> {
  const decoder = new TextDecoder();
  const messages: ConsoleServerMessage[] = [];
  let printed = '';
  let seen = 0;
  let isEnded = false;
  let wake = (): void => {};
  const stream = await client.openStream('domainOpenConsole', { domain, device, ...options }, {
    onBytes(bytes, _offset, acknowledge) {
      printed += decoder.decode(bytes, { stream: true });
      acknowledge();
      wake();
    },
    onMessage(message) {
      messages.push(message);
      wake();
    },
    onEnd() {
      isEnded = true;
      wake();
    },
  });
  return {
    mode: stream.opened.mode,
    messages,
    text: () => printed,
    type: (text) => stream.send(new TextEncoder().encode(text)),
    typeBytes: (bytes) => stream.send(bytes),
    say: (message) => stream.message(message),
    ended: () => isEnded,
    async waitFor(pattern, timeoutMs = 40_000) {
      const deadline = Date.now() + timeoutMs;
      for (;;) {
        const match = pattern.exec(printed.slice(seen));
        if (match) {
          seen += match.index + match[0].length;
          return;
        }
        const left = deadline - Date.now();
        if (left <= 0 || isEnded) throw new Error(`the console ${isEnded ? 'ended' : 'did not print in time'}: waited for ${pattern} and saw:\n${printed.slice(-2_000)}`);
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, left);
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
    },
    async [Symbol.asyncDispose]() {
      stream.close();
    },
  };
}
