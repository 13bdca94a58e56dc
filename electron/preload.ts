/**
 * The one thing that a page gets beside the web's own means: a message port whose other end the main process serves.
 * Everything else (validation, names, rights) happens at that end.
 */
import { contextBridge, ipcRenderer } from 'electron';

contextBridge.exposeInMainWorld('vireo', {
  /** The port arrives as a message `{ type: 'vireo:port' }` of this window. */
  connect(): void {
    const { port1, port2 } = new MessageChannel();
    ipcRenderer.postMessage('vireo:connect', null, [port1]);
    window.postMessage({ type: 'vireo:port' }, window.location.origin, [port2]);
  },
});
