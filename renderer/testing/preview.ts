/** Stands in for the preload on preview pages: `?scene=<name>` chooses what the fake host shows. */
import '../before-all.ts';
import { type FakeHost, createFakeHost } from './fake-host.ts';
import { channelOverMessagePort } from '../client/port-channel.ts';
import { sceneNamed } from './scenes.ts';

declare global {
  interface Window {
    fakeHost: FakeHost;
    /** Ends the connection as a main process that is gone does: Electron tells a port, a plain browser does not. */
    loseHost(): void;
  }
}

const scene = sceneNamed(new URLSearchParams(location.search).get('scene') ?? 'few');
const host = createFakeHost(scene);
window.fakeHost = host;
let isLost = scene.trouble === 'gone';
const ports: MessagePort[] = [];
window.addEventListener('message', (event) => ports.push(...event.ports));
window.loseHost = () => {
  isLost = true;
  for (const port of ports) port.dispatchEvent(new Event('close'));
};
function connect(): void {
  if (isLost) return;
  const { port1, port2 } = new MessageChannel();
  host.serve(channelOverMessagePort(port1));
  window.postMessage({ type: 'vireo:port' }, '*', [port2]);
}

Object.defineProperty(window, 'vireo', { value: { connect } });
