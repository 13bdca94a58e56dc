/** How the app reaches other hosts, to migrate to them: the user's ssh, and hosts of this computer, started where none runs. */
import { app } from 'electron';
import type { HostCarriers } from '../core/api/connect-host.ts';
import { connectLocal, isNobodyThere } from '../core/api/local-client.ts';
import { prepareStateFolder, stateLayout } from '../core/status/state-folder.ts';
import { startScreenlessHost } from './hand-over.ts';

const connectMs = 5_000;
/** Finding running guests again may take a new host a while before it listens. */
const startMs = 30_000;

export function otherHosts(appFolder: string): HostCarriers {
  return {
    sshProgram: process.env['VIREO_SSH'],
    async reachFolder(stateFolder, label, signal) {
      const layout = stateLayout(stateFolder);
      try {
        return await connectLocal(layout.socket, label, { deadlineMs: connectMs, signal });
      } catch (error) {
        if (!isNobodyThere(error)) throw error;
      }
      await prepareStateFolder(layout);
      await startScreenlessHost({ layout, packaged: app.isPackaged, sandbox: !app.commandLine.hasSwitch('no-sandbox'), appFolder, env: process.env });
      return await connectLocal(layout.socket, label, { deadlineMs: startMs, waitForHost: true, signal });
    },
  };
}
