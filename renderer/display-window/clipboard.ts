/**
 * The two clipboards, the computer's and the guest's, each way behind a switch of its own. The guest's is QEMU's, which a
 * guest with an agent for it (qemu-vdagent) shares; text only.
 */
import type { StoreApi } from 'zustand/vanilla';
import { attempt } from '../shared/failure-toast.tsx';
import type { Host } from '../store/host-store.ts';
import type { DisplaySettings } from './display-context.ts';

/** QEMU refuses more than a megabyte of it, packed. */
const maximumText = 1_000_000;

export interface ClipboardOptions {
  readonly host: Host;
  readonly settings: StoreApi<DisplaySettings>;
  readonly offer: (text: string) => void;
  readonly isWriting: () => boolean;
}

export interface Clipboard {
  readonly fromGuest: (text: string) => void;
  /** Offers what is on the computer's clipboard where the switch is on and it is new. */
  readonly toGuest: () => void;
  /** Offers it whatever the switch says. */
  readonly sendOnce: () => void;
}

export function createClipboard({ host, settings, offer, isWriting }: ClipboardOptions): Clipboard {
  /** What both have, as far as this window knows: it is not sent back to where it came from. */
  let shared: string | null = null;
  const read = async (): Promise<string> => (await host.client.call('desktopReadClipboard', {})).text.slice(0, maximumText);
  return {
    fromGuest(text) {
      if (!settings.getState().copiesFromGuest || text === '' || text === shared) return;
      shared = text;
      void host.client.call('desktopWriteClipboard', { text: text.slice(0, maximumText) }).catch(() => {}); // the next copy tries again
    },
    toGuest() {
      if (!settings.getState().copiesToGuest || !isWriting() || !document.hasFocus()) return;
      void read().then((text) => {
        if (text === '' || text === shared) return;
        shared = text;
        offer(text);
      }, () => {}); // the host is gone for a moment
    },
    sendOnce() {
      void attempt('The clipboard was not sent', async () => {
        shared = await read();
        offer(shared);
      });
    },
  };
}
