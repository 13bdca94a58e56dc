/**
 * The door of the windows: takes the ports that our own pages send and serves each of them. A port that comes from
 * anywhere else (a frame, a foreign page, a window that is not ours) is closed unheard.
 */
import { type IpcMainEvent, type WebContents, ipcMain } from 'electron';
import type { Channel } from '../core/api/channel.ts';
import type { Log } from '../core/base/log.ts';
import { isAppPage } from './app-files.ts';
import { channelOverMessagePort } from './message-port-channel.ts';

export interface IpcDoorOptions {
  readonly log: Log;
  /** How others know the window, or null where it is none of ours. */
  nameOf(contents: WebContents): string | null;
  /** Serves one channel under this name until the channel closes or the answer is disposed. */
  serve(channel: Channel, name: string, contents: WebContents): Disposable;
}

/** A page needs one port and another after each reload; more at a time is a page gone wild. */
const maximumPortsPerWindow = 4;

export function openIpcDoor(options: IpcDoorOptions): Disposable {
  const served = new Map<WebContents, Set<Channel>>();
  const onConnect = (event: IpcMainEvent): void => {
    const [port] = event.ports;
    if (!port) return;
    const name = isOwnTopFrame(event) ? options.nameOf(event.sender) : null;
    const channels = channelsOf(served, event.sender);
    if (name === null || channels.size >= maximumPortsPerWindow) {
      options.log.write('warning', 'a port was refused', { from: event.senderFrame?.url.slice(0, 200) ?? 'a frame that is gone', open: channels.size });
      return port.close();
    }
    const channel = channelOverMessagePort(port);
    channels.add(channel);
    channel.onClose(() => channels.delete(channel));
    options.serve(channel, name, event.sender);
  };
  ipcMain.on('vireo:connect', onConnect);
  return {
    [Symbol.dispose]() {
      ipcMain.off('vireo:connect', onConnect);
      for (const channels of served.values()) closeAll(channels);
    },
  };
}

function isOwnTopFrame(event: IpcMainEvent): boolean {
  const frame = event.senderFrame;
  return frame !== null && frame === event.sender.mainFrame && isAppPage(frame.url);
}

/** The window's channels. They end with its page: a killed renderer does not always close its ports. */
function channelsOf(served: Map<WebContents, Set<Channel>>, contents: WebContents): Set<Channel> {
  const known = served.get(contents);
  if (known) return known;
  const channels = new Set<Channel>();
  served.set(contents, channels);
  contents.on('render-process-gone', () => closeAll(channels));
  contents.once('destroyed', () => {
    served.delete(contents);
    closeAll(channels);
  });
  return channels;
}

function closeAll(channels: Set<Channel>): void {
  for (const channel of [...channels]) channel.close();
}
