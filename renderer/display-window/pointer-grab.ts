/**
 * A guest with a mouse is told motions, and its own pointer soon is elsewhere than the one that is seen here. So a click
 * gives it the pointer whole, until Ctrl+Alt or Escape: the desktop's pointer is hidden, and does not leave the window.
 */
import { type StoreApi, createStore } from 'zustand/vanilla';
import type { DisplaySession } from './display-session.ts';
import type { Screen } from './screen.ts';

export interface PointerGrab {
  readonly store: StoreApi<{ readonly isGrabbed: boolean }>;
  /** Asks the desktop for the pointer; it must be in answer to a click or a key. */
  readonly grab: () => void;
}

export function followPointer(screen: Screen, session: DisplaySession): PointerGrab {
  const store = createStore<{ readonly isGrabbed: boolean }>(() => ({ isGrabbed: false }));
  const isWriting = (): boolean => session.store.getState().mode === 'write';
  const isRelative = (): boolean => screen.channel?.isRelative === true;
  /** Where the desktop does not allow it, clicks and motions go to the guest as they come, until the window is chosen anew. */
  let isRefused = false;
  window.addEventListener('focus', () => (isRefused = false));
  const grab = (): void => {
    const { canvas } = screen;
    screen.focus();
    if (canvas && isWriting() && isRelative()) void Promise.resolve(canvas.requestPointerLock()).catch(() => (isRefused = true));
  };
  const release = (): void => {
    if (document.pointerLockElement) document.exitPointerLock();
  };
  document.addEventListener('pointerlockchange', () => {
    store.setState({ isGrabbed: document.pointerLockElement !== null });
    if (isRelative()) screen.channel?.movePointer(0, 0, 0); // no button stays pressed
  });
  session.store.subscribe(({ mode, pointer }) => {
    if (mode !== 'write' || pointer !== 'relative') release();
  });
  const take = (event: MouseEvent): void => {
    if (!store.getState().isGrabbed) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (event.type === 'click' || event.type === 'contextmenu') return;
    const scale = shownScale(screen.canvas);
    screen.channel?.movePointer(event.movementX / scale, event.movementY / scale, rfbButtons(event.buttons));
  };
  for (const type of ['mousedown', 'mouseup', 'mousemove', 'click', 'contextmenu'] as const) window.addEventListener(type, take, true);
  // The press that asks for the pointer is not the guest's; noVNC must not see it, for it would wait for the release.
  screen.element.addEventListener('mousedown', (event) => {
    if (event.target !== screen.canvas || store.getState().isGrabbed || isRefused || !isWriting() || !isRelative()) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    grab();
  }, true);
  window.addEventListener('keyup', (event) => {
    if ((event.key === 'Control' && event.altKey) || (event.key === 'Alt' && event.ctrlKey)) release();
  }, true);
  return { store, grab };
}

/** How much larger the picture is drawn than it is. */
function shownScale(canvas: HTMLCanvasElement | null): number {
  return canvas && canvas.width > 0 && canvas.clientWidth > 0 ? canvas.clientWidth / canvas.width : 1;
}

/** The web counts left, right, middle; RFB left, middle, right. */
function rfbButtons(buttons: number): number {
  return (buttons & 1) | ((buttons & 4) >> 1) | ((buttons & 2) << 1);
}
