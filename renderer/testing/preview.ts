/** Stands in for the preload on preview pages: `?scene=<name>` chooses what the fake host shows. */
import '../before-all.ts';
import { type FakeHost, createFakeHost } from './fake-host.ts';
import { sceneNamed } from './scenes.ts';

declare global {
  interface Window {
    fakeHost: FakeHost;
    /** Ends the connection as a main process that is gone does: Electron tells a port, a plain browser does not. */
    loseHost(): void;
  }
}

const host = createFakeHost(sceneNamed(new URLSearchParams(location.search).get('scene') ?? 'few'));
window.fakeHost = host;
let isLost = false;
const ports: MessagePort[] = [];
window.addEventListener('message', (event) => ports.push(...event.ports));
window.loseHost = () => {
  isLost = true;
  for (const port of ports) port.dispatchEvent(new Event('close'));
};
Object.defineProperty(window, 'vireo', { value: { connect: () => isLost || host.connect() } });
