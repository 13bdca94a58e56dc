/** A Channel over one end of a message port, whichever of Electron's two kinds it is. */
import { Emitter } from '../base/events.ts';
import type { Channel, WireMessage } from './channel.ts';

/** What a MessagePort and a MessagePortMain have in common, in one spelling. */
export interface PortEnd {
  post(message: WireMessage): void;
  onMessage(listener: (body: unknown) => void): void;
  onClose(listener: () => void): void;
  /** What came before is kept by the port until this. */
  start(): void;
  close(): void;
}

export function channelOverPort(port: PortEnd): Channel {
  const messages = new Emitter<unknown>();
  const closed = new Emitter<void>();
  let open = true;
  let started = false;
  const end = (): void => {
    if (!open) return;
    open = false;
    closed.fire();
  };
  port.onMessage((body) => messages.fire(body));
  port.onClose(end);
  return {
    send(message) {
      if (open) port.post(message);
    },
    onMessage(listener) {
      const subscription = messages.on(listener);
      if (!started) {
        started = true;
        port.start();
      }
      return subscription;
    },
    onClose: (listener) => closed.on(listener),
    close() {
      if (!open) return;
      port.close();
      end();
    },
  };
}
