/** Puts screen, session, clipboard, pointer and keys together, once a page and outside React. */
import { createStore } from 'zustand/vanilla';
import { attempt } from '../shared/failure-toast.tsx';
import type { Session } from '../shared/session.ts';
import { createClipboard } from './clipboard.ts';
import type { DisplayParts, DisplaySettings } from './display-context.ts';
import { DisplaySession } from './display-session.ts';
import { followPointer } from './pointer-grab.ts';
import { Screen, pointsOf } from './screen.ts';

declare global {
  interface Window {
    /** For tests: the guest's picture as it is drawn, three bytes a point, by rows; null while there is none. */
    vireoDisplayPicture?: () => { readonly width: number; readonly height: number; readonly points: string } | null;
  }
}

const settingsKey = 'vireo:display-settings';
const usual: DisplaySettings = { scales: true, resizesGuest: false, copiesToGuest: false, copiesFromGuest: false };

export interface DisplayAddress {
  readonly uuid: string;
  readonly index: number;
  readonly number: number;
}

/** The address that the page was opened with: `?domain=<uuid>&display=<index>&number=<n>`. */
export function displayAddress(query: string): DisplayAddress {
  const parameters = new URLSearchParams(query);
  return { uuid: parameters.get('domain') ?? '', index: Number(parameters.get('display')) || 0, number: Number(parameters.get('number')) || 1 };
}

export function createDisplay({ host }: Session, address: DisplayAddress): DisplayParts {
  const screen = new Screen();
  const settings = createStore<DisplaySettings>(() => ({ ...usual, ...rememberedView() }));
  const clipboard = createClipboard({ host, settings, offer: (text) => screen.offerText(text), isWriting: () => session.store.getState().mode === 'write' });
  const session: DisplaySession = new DisplaySession({ host, screen, uuid: address.uuid, index: address.index, onCutText: clipboard.fromGuest });
  const pointer = followPointer(screen, session);
  const apply = (): void => {
    const { scales, resizesGuest } = settings.getState();
    screen.settings = { isWriting: session.store.getState().mode === 'write' && session.store.getState().sessionId !== null, scales, resizesGuest };
  };
  session.store.subscribe((state, before) => {
    if (state.mode !== before.mode || state.sessionId !== before.sessionId) apply();
    if (state.phase === 'shown' && before.phase !== 'shown') clipboard.toGuest();
  });
  settings.subscribe((state, before) => {
    const { scales, resizesGuest } = state;
    localStorage.setItem(settingsKey, JSON.stringify({ scales, resizesGuest }));
    apply();
    if (state.copiesToGuest && !before.copiesToGuest) clipboard.toGuest();
  });
  apply();
  window.addEventListener('focus', () => clipboard.toGuest());
  const fullScreen = createStore(() => ({ isFull: false }));
  const toggleFullScreen = (): void => void attempt('The window stays as it is', async () => {
    const { fullScreen: isFull } = await host.client.call('desktopSetFullScreen', { fullScreen: null });
    fullScreen.setState({ isFull });
  });
  // The desktop has ways of its own to give a window its place back, and tells the page nothing but the size.
  window.addEventListener('resize', () => window.innerHeight < window.screen.height && fullScreen.setState({ isFull: false }));
  window.addEventListener('keydown', (event) => {
    if (event.ctrlKey && event.altKey && event.code === 'Enter') {
      event.preventDefault();
      event.stopPropagation();
      toggleFullScreen();
    } else if (!['Control', 'Shift', 'Alt', 'Meta', 'AltGraph'].includes(event.key) && !(event.target instanceof Element && event.target.closest('header, [role="dialog"], [role="menu"], .notices'))) session.tried();
  }, true);
  screen.element.addEventListener('mousedown', () => session.tried(), true);
  window.vireoDisplayPicture = () => pictureOf(screen.canvas);
  return { ...address, screen, session, settings, grab: pointer.store, fullScreen, grabPointer: pointer.grab, toggleFullScreen, sendClipboard: clipboard.sendOnce };
}

function rememberedView(): Partial<DisplaySettings> {
  try {
    const { scales, resizesGuest } = JSON.parse(localStorage.getItem(settingsKey) ?? '{}') as Partial<Record<string, unknown>>;
    return { ...(typeof scales === 'boolean' ? { scales } : {}), ...(typeof resizesGuest === 'boolean' ? { resizesGuest } : {}) };
  } catch {
    return {}; // what another version left there
  }
}

function pictureOf(canvas: HTMLCanvasElement | null): ReturnType<NonNullable<Window['vireoDisplayPicture']>> {
  if (!canvas || canvas.width === 0 || canvas.height === 0) return null;
  const { width, height } = canvas;
  const data = pointsOf(canvas, { x: 0, y: 0, width, height });
  let points = '';
  for (let at = 0; at < data.length; at += 4) points += String.fromCharCode(data[at]!, data[at + 1]!, data[at + 2]!);
  return { width, height, points: btoa(points) };
}
