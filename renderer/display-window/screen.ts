/**
 * The guest's screen in the window, by noVNC. A connection that ended leaves its last picture where it was; the next one
 * is drawn behind it and takes its place once it has a picture of its own, so that nothing flashes.
 */
import RFB from '@novnc/novnc';
import { type Clock, systemClock } from '../../core/base/clock.ts';
import type { DisplayChannel } from './display-channel.ts';
import { pointerTypeEncoding } from './display-channel.ts';

export interface ScreenHandlers {
  /** The first whole picture is there. */
  readonly onShown: () => void;
  /** The connection's end, after which nothing else comes. */
  readonly onEnded: () => void;
  /** Whether the guest's pointer is told places or motions. */
  readonly onPointer: (kind: 'absolute' | 'relative') => void;
  readonly onCutText: (text: string) => void;
}

export interface ScreenSettings {
  readonly isWriting: boolean;
  readonly scales: boolean;
  /** The guest is asked to be as large as the window. */
  readonly resizesGuest: boolean;
}

/** What noVNC keeps to itself and this file depends on; a noVNC without it does without the guest's kind of pointer. */
interface Inside {
  _FBU?: { encoding: number | null; x: number };
  _handleRect?: () => boolean;
}

const shownEveryMs = 30;
/** A guest that draws nothing at all is shown as it is. */
const shownAtLatestMs = 3_000;

interface Layer {
  readonly element: HTMLDivElement;
  readonly rfb: RFB;
  readonly channel: DisplayChannel;
  isOver: boolean;
}

export class Screen {
  /** The place in the page; the window puts it where it belongs. */
  readonly element: HTMLDivElement;
  readonly #clock: Clock;
  #settings: ScreenSettings = { isWriting: false, scales: true, resizesGuest: false };
  #current: Layer | null = null;
  /** What is seen meanwhile. */
  #before: HTMLDivElement | null = null;

  constructor(clock: Clock = systemClock) {
    this.#clock = clock;
    this.element = document.createElement('div');
    this.element.className = 'screen';
  }

  /** Whether noVNC lets its kind of pointer be found out. */
  static get tellsPointer(): boolean {
    return typeof (RFB.prototype as Inside)._handleRect === 'function';
  }

  get channel(): DisplayChannel | null {
    return this.#current && !this.#current.isOver ? this.#current.channel : null;
  }

  /** The canvas with the guest's picture, for the pointer's grab and for tests. */
  get canvas(): HTMLCanvasElement | null {
    return this.#current?.element.querySelector('canvas') ?? null;
  }

  set settings(settings: ScreenSettings) {
    const had = this.#settings;
    this.#settings = settings;
    this.#apply();
    if (settings.isWriting && !had.isWriting) this.focus();
  }

  connect(channel: DisplayChannel, handlers: ScreenHandlers): void {
    const element = document.createElement('div');
    element.className = 'screen-layer';
    if (this.#current) this.#before ??= this.#current.element;
    if (this.#current && this.#current.element !== this.#before) this.#current.element.remove();
    this.element.prepend(element);
    const rfb = new RFB(element, channel);
    const layer: Layer = { element, rfb, channel, isOver: false };
    this.#current = layer;
    rfb.background = 'transparent';
    this.#apply();
    if (Screen.tellsPointer) hearOfPointer(rfb, handlers.onPointer);
    const screen = element.firstElementChild;
    rfb.addEventListener('connect', () => {
      this.#apply();
      void this.#untilShown(layer).then(() => {
        if (this.#current !== layer) return;
        this.#before?.remove();
        this.#before = null;
        if (this.#settings.isWriting) this.focus();
        handlers.onShown();
      });
    });
    rfb.addEventListener('disconnect', () => {
      layer.isOver = true;
      element.classList.add('over');
      if (screen && this.#current === layer) element.append(screen); // noVNC took its last picture away
      handlers.onEnded();
    });
    rfb.addEventListener('clipboard', (event) => handlers.onCutText((event as CustomEvent<{ text: string }>).detail.text));
  }

  /** Ends the connection over this channel, as its end or from here; noVNC would complain of one that breaks. */
  leave(channel: DisplayChannel): void {
    if (this.#current?.channel === channel && !this.#current.isOver) this.#current.rfb.disconnect();
  }

  focus(): void {
    if (this.channel) this.#current?.rfb.focus({ preventScroll: true });
  }

  /** Presses all of these together and lets go of them, by KeyboardEvent codes. */
  press(codes: readonly string[]): void {
    const rfb = this.channel ? this.#current?.rfb : undefined;
    if (!rfb) return;
    for (const code of codes) rfb.sendKey(0, code, true);
    for (const code of [...codes].reverse()) rfb.sendKey(0, code, false);
  }

  /** Offers text to the guest's clipboard. */
  offerText(text: string): void {
    if (this.channel) this.#current?.rfb.clipboardPasteFrom(text);
  }

  #apply(): void {
    if (!this.#current || this.#current.isOver) return;
    const { rfb } = this.#current;
    const { isWriting, scales, resizesGuest } = this.#settings;
    rfb.viewOnly = !isWriting;
    rfb.showDotCursor = isWriting;
    if (rfb.scaleViewport !== scales) rfb.scaleViewport = scales;
    const resizes = resizesGuest && isWriting;
    if (rfb.resizeSession !== resizes) rfb.resizeSession = resizes;
  }

  /** Resolves when the canvas has a picture in all its corners, or the layer is over. */
  async #untilShown(layer: Layer): Promise<void> {
    const endMs = this.#clock.now() + shownAtLatestMs;
    while (!layer.isOver && this.#clock.now() < endMs && !hasPicture(layer.element.querySelector('canvas'))) await this.#clock.sleep(shownEveryMs);
  }
}

/** Points that nobody has drawn are transparent. */
function hasPicture(canvas: HTMLCanvasElement | null): boolean {
  if (!canvas || canvas.width === 0 || canvas.height === 0) return false;
  const [right, bottom] = [canvas.width - 1, canvas.height - 1];
  const corners = [[0, 0], [right, 0], [0, bottom], [right, bottom]] as const;
  return corners.every(([x, y]) => (pointsOf(canvas, { x, y, width: 1, height: 1 })[3] ?? 0) > 0);
}

/** Four bytes a point, by rows. They are read from a copy: a canvas that is read itself is taken off the graphics card. */
export function pointsOf(canvas: HTMLCanvasElement, { x, y, width, height }: { readonly x: number; readonly y: number; readonly width: number; readonly height: number }): Uint8ClampedArray {
  const copy = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
  if (!copy) return new Uint8ClampedArray(0);
  copy.drawImage(canvas, x, y, width, height, 0, 0, width, height);
  return copy.getImageData(0, 0, width, height).data;
}

/** QEMU's answer comes as a rectangle without points, whose place says it; noVNC itself would take it for an error. */
function hearOfPointer(rfb: RFB, hear: ScreenHandlers['onPointer']): void {
  const inside = rfb as RFB & Inside;
  const handle = inside._handleRect;
  if (!handle) return;
  inside._handleRect = function (this: Inside): boolean {
    if (this._FBU?.encoding !== pointerTypeEncoding) return handle.call(this);
    hear(this._FBU.x === 0 ? 'relative' : 'absolute');
    return true;
  };
}
