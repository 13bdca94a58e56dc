/** A connection to another host in this process that a test can cut, at the message it likes. */
import { type Channel, channelPair } from '../../core/api/channel.ts';
import { type Client, connect } from '../../core/api/client.ts';
import type { TestHost } from './open-test-host.ts';

export interface WeakLink {
  /** For `carriers.reachFolder`. */
  readonly reach: (stateFolder: string, label: string) => Promise<Client>;
  /** Connections that were made. */
  readonly connections: number;
  /** Cuts the connection when the answer to a call of `method` would come; later connections are whole. */
  cutAtAnswer(method: string): void;
  cut(): void;
  /** Keeps the next answer to a call of `method` back until it is released. */
  hold(method: string): { readonly reached: Promise<void>; release(): void };
}

export function weakLink(to: () => TestHost): WeakLink {
  let doomed: string | null = null;
  let held: { readonly method: string; readonly reached: () => void; readonly released: Promise<void> } | null = null;
  let connections = 0;
  let current: { cut(): void } | null = null;
  return {
    get connections() {
      return connections;
    },
    cutAtAnswer: (method) => void (doomed = method),
    cut: () => current?.cut(),
    hold(method) {
      let reach!: () => void;
      let release!: () => void;
      const reached = new Promise<void>((resolve) => (reach = resolve));
      held = { method, reached: reach, released: new Promise((resolve) => (release = resolve)) };
      return { reached, release };
    },
    async reach(_folder, label) {
      connections += 1;
      const [near, far] = channelPair();
      to().host.serve(far, () => label);
      let fatal: number | null = null;
      let late: { readonly id: number } & NonNullable<typeof held> | null = null;
      const link: Channel = {
        send(message) {
          if (message.t === 'call' && message.method === doomed) {
            fatal = message.id;
            doomed = null;
          }
          if (message.t === 'call' && message.method === held?.method) {
            late = { id: message.id, ...held };
            held = null;
          }
          near.send(message);
        },
        onMessage: (listener) =>
          near.onMessage((message) => {
            const { t, id } = message as { t: string; id?: number };
            if (fatal !== null && id === fatal && (t === 'result' || t === 'error')) cut();
            else if (late !== null && id === late.id && (t === 'result' || t === 'error')) {
              late.reached();
              void late.released.then(() => listener(message));
            } else listener(message);
          }),
        onClose: (listener) => near.onClose(listener),
        close: () => near.close(),
      };
      const client = connect(link, label);
      // Both sides hear of it, as where a link is cut.
      const cut = (): void => {
        far.close();
        client.close();
      };
      current = { cut };
      return client;
    },
  };
}
