/**
 * Tells a window's page whether anybody can see it. Chromium would say so itself, but only of pages whose timers it may
 * slow down, which a console's must not be.
 */
import type { BrowserWindow } from 'electron';
import type { ServedEvent } from '../core/api/server.ts';
import { Emitter } from '../core/base/events.ts';

export interface WindowEvents extends Disposable {
  /** What all windows are told, and what this one alone is. */
  readonly events: Emitter<ServedEvent>;
}

export function withSight(window: BrowserWindow | null, shared: Emitter<ServedEvent>): WindowEvents {
  const events = new Emitter<ServedEvent>();
  const forwarding = shared.on((event) => events.fire(event));
  let told = true; // what a page takes for granted
  const tell = (): void => {
    if (!window || window.isDestroyed()) return;
    const inSight = window.isVisible() && !window.isMinimized();
    if (inSight === told) return;
    told = inSight;
    events.fire({ name: 'window', payload: { inSight } });
  };
  // Electron declares one signature for each of these events, so a loop over their names does not type.
  window?.on('show', tell).on('hide', tell).on('minimize', tell).on('restore', tell);
  return {
    events,
    [Symbol.dispose]() {
      forwarding[Symbol.dispose]();
      window?.off('show', tell).off('hide', tell).off('minimize', tell).off('restore', tell);
    },
  };
}
