/**
 * Shows notices as the desktop's notifications, unless somebody asked for quiet. A click shows the domain or its console. Where no
 * service shows notifications nothing happens: the windows and the tray tell the same.
 */
import { BrowserWindow, Notification } from 'electron';
import type { Client } from '../core/api/client.ts';
import type { HostStatus } from '../core/api/contract.ts';
import { toDisposable } from '../core/base/lifetime.ts';
import type { DomainWatch } from './domain-watch.ts';
import { type Notice, noticeOf, noticesOfStatus } from './notices.ts';

export interface NotificationsOptions {
  readonly watch: DomainWatch;
  readonly client: Client;
  readonly icon: string;
  readonly isQuiet: () => boolean;
  /** Shows the domain that a notification is about, or the console. */
  readonly open: (uuid: string, device: string | null) => void;
}

/** A notification that is collected as garbage loses its click; not every service tells when one is closed. */
const maximumKept = 16;

export function showNotifications({ watch, client, icon, isQuiet, open }: NotificationsOptions): Disposable {
  const kept = new Set<Notification>();
  const show = (notice: Notice): void => {
    if (isQuiet() || !Notification.isSupported()) return;
    if (notice.kind === 'ended' && BrowserWindow.getFocusedWindow()) return;
    const notification = new Notification({ title: notice.title, body: notice.body, icon });
    notification.on('click', () => open(notice.uuid, notice.device));
    notification.on('close', () => kept.delete(notification));
    kept.add(notification);
    for (const oldest of kept) {
      if (kept.size <= maximumKept) break;
      kept.delete(oldest);
    }
    notification.show();
  };
  const told = new Set<string>();
  const showStatus = ({ problems }: HostStatus): void => noticesOfStatus(problems, told).forEach(show);
  const subscriptions = [
    watch.events.on(({ event, before }) => {
      const notice = noticeOf(event, before);
      if (notice) show(notice);
    }),
    client.on('host', ({ status }) => showStatus(status)),
  ];
  // What failed before the app could listen; a host that closes meanwhile has nobody to tell.
  void client.call('hostGetStatus', {}).then(showStatus, () => {});
  return toDisposable(() => subscriptions.forEach((each) => each[Symbol.dispose]()));
}
