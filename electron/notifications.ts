/**
 * Shows notices as the desktop's notifications, unless somebody asked for quiet. A click shows the domain. Where no
 * service shows notifications nothing happens: the windows and the tray tell the same.
 */
import { BrowserWindow, Notification } from 'electron';
import type { DomainWatch } from './domain-watch.ts';
import { noticeOf } from './notices.ts';

export interface NotificationsOptions {
  readonly watch: DomainWatch;
  readonly icon: string;
  readonly isQuiet: () => boolean;
  /** Shows the domain that a notification is about. */
  readonly open: (uuid: string) => void;
}

/** A notification that is collected as garbage loses its click; not every service tells when one is closed. */
const maximumKept = 16;

export function showNotifications({ watch, icon, isQuiet, open }: NotificationsOptions): Disposable {
  const kept = new Set<Notification>();
  return watch.events.on(({ event, before }) => {
    const notice = noticeOf(event, before);
    if (!notice || isQuiet() || !Notification.isSupported()) return;
    if (notice.kind === 'ended' && BrowserWindow.getFocusedWindow()) return;
    const notification = new Notification({ title: notice.title, body: notice.body, icon });
    notification.on('click', () => open(notice.uuid));
    notification.on('close', () => kept.delete(notification));
    kept.add(notification);
    for (const oldest of kept) {
      if (kept.size <= maximumKept) break;
      kept.delete(oldest);
    }
    notification.show();
  });
}
