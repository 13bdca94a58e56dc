/** The main process's end of a window's message port as a Channel. */
import type { MessagePortMain } from 'electron';
import type { Channel, WireMessage } from '../core/api/channel.ts';
import { channelOverPort } from '../core/api/port-channel.ts';

export function channelOverMessagePort(port: MessagePortMain): Channel {
  return channelOverPort({
    post: (message) => port.postMessage(withOwnBytes(message)),
    onMessage: (listener) => void port.on('message', (event) => listener(event.data)),
    onClose: (listener) => void port.on('close', listener),
    start: () => port.start(),
    close: () => port.close(),
  });
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
