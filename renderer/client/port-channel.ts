/**
 * A Channel over the MessagePort that the main process hands to this page.
 *
 * The preload can only ask: main answers by a message to the window with the port in it. Requests and answers are not
 * paired, so this module keeps one queue of waiters; the order of answers is the order of requests. Electron's `close`
 * event on a port tells that main's end is gone.
 */
import type { Channel } from '../../core/api/channel.ts';
import { channelOverPort } from '../../core/api/port-channel.ts';
import { VireoError } from '../../core/base/errors.ts';

declare global {
  interface Window {
    /** What the preload exposes: asks the main process for a port, which arrives as `{ type: 'vireo:port' }`. */
    readonly vireo?: { connect(): void };
  }
}

/** How long the main process may take to hand over a port. */
const portTimeoutMs = 10_000;

/** Asks for a port and wraps it. Fails with RPC where there is no preload or main does not answer. */
export async function openPortChannel(signal: AbortSignal): Promise<Channel> {
  return channelOverMessagePort(await requestPort(signal));
}

function requestPort(signal: AbortSignal): Promise<MessagePort> {
  return new Promise((resolve, reject) => {
    const bridge = window.vireo;
    if (!bridge) return reject(new VireoError('RPC', 'this page was not opened by Vireo, so it has no way to its host'));
    const stop = (): void => {
      window.removeEventListener('message', onMessage);
      signal.removeEventListener('abort', onAbort);
      clearTimeout(timer);
    };
    const onMessage = (event: MessageEvent<unknown>): void => {
      const port = event.ports[0];
      if (event.source !== window || !isPortMessage(event.data) || !port) return;
      event.stopImmediatePropagation(); // one answer serves one request
      stop();
      resolve(port);
    };
    const onAbort = (): void => {
      stop();
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      stop();
      reject(new VireoError('RPC', `the main process handed over no port within ${portTimeoutMs} ms`));
    }, portTimeoutMs);
    window.addEventListener('message', onMessage);
    signal.addEventListener('abort', onAbort, { once: true });
    bridge.connect();
  });
}

function isPortMessage(body: unknown): boolean {
  return typeof body === 'object' && body !== null && 'type' in body && body.type === 'vireo:port';
}

/** Electron's `close` event is no DOM standard, hence the untyped listener. */
export function channelOverMessagePort(port: MessagePort): Channel {
  return channelOverPort({
    post: (message) => port.postMessage(message),
    onMessage: (listener) => port.addEventListener('message', (event: MessageEvent<unknown>) => listener(event.data)),
    onClose: (listener) => port.addEventListener('close', listener),
    start: () => port.start(),
    close: () => port.close(),
  });
}
