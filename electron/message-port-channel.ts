/** The main process's end of a window's message port as a Channel. */
import type { MessagePortMain } from 'electron';
import type { Channel, WireMessage } from '../core/api/channel.ts';
import { Emitter } from '../core/base/events.ts';

export function channelOverMessagePort(port: MessagePortMain): Channel {
  const messages = new Emitter<unknown>();
  const closed = new Emitter<void>();
  let open = true;
  let started = false;
  const end = (): void => {
    if (!open) return;
    open = false;
    closed.fire();
  };
  port.on('message', (event) => messages.fire(event.data));
  port.on('close', end);
  return {
    send(message) {
      if (open) port.postMessage(withOwnBytes(message));
    },
    onMessage(listener) {
      const subscription = messages.on(listener);
      if (!started) {
        started = true;
        port.start(); // what came before is kept by the port until now
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

/**
 * A view is cloned with the whole buffer below it, and Node's small buffers share one pool: without this copy a window
 * would be sent kilobytes for each key, and with them bytes that are none of its business.
 */
function withOwnBytes(message: WireMessage): WireMessage {
  if (message.t !== 'bytes') return message;
  const { bytes } = message;
  const isAlone = bytes.constructor === Uint8Array && bytes.byteLength === bytes.buffer.byteLength;
  return isAlone ? message : { ...message, bytes: new Uint8Array(bytes) };
}
