/** What this machine has, looked at anew each time: a package may come and go. */
import { homedir } from 'node:os';
import type { Log } from '../base/log.ts';
import type { InstalledFirmware } from './choose-firmware.ts';
import { firmwareFolders, readFirmwareDescriptors } from './firmware-descriptor.ts';

export async function installedFirmware(nvramFolder: string, log: Log): Promise<InstalledFirmware> {
  const folders = firmwareFolders({ env: process.env, home: homedir(), platform: process.platform });
  return { nvramFolder, descriptors: await readFirmwareDescriptors(folders, log) };
}
