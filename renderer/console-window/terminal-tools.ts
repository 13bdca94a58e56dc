/**
 * What a pane does beside showing and typing: copy, paste with a question where that is wise, typing key by key, keys of
 * a menu, settings, recording. Outside React; the dialogs of pane-dialogs.tsx show `dialog`.
 */
import { type StoreApi, createStore } from 'zustand/vanilla';
import type { VireoError } from '../../core/base/errors.ts';
import { attempt, showFailure, showNews } from '../shared/failure-toast.tsx';
import type { Host } from '../store/host-store.ts';
import type { HistoryPlace } from './history-place.ts';
import { ConsoleRecorder, type RecordingFile } from './console-recorder.ts';
import type { ConsoleSession } from './console-session.ts';
import { guestBytes } from './guest-input.ts';
import { type SysRqWay, sysRqPrefix } from './guest-keys.ts';
import { typeKeystrokes } from './keystrokes.ts';
import { lookAtPaste } from './paste-text.ts';
import { type GuestSettings, type Kept, type TerminalSettings, fontSizesPx, guestSettingsKey, guestSettingsSchema, keep, settingsKey, terminalSettingsSchema } from './terminal-settings.ts';
import type { ConsoleTerminal } from './terminal.ts';

export type PaneDialog =
  | { readonly kind: 'paste'; readonly text: string }
  | { readonly kind: 'keystrokes'; readonly text: string }
  | { readonly kind: 'sysrq'; readonly way: SysRqWay }
  | { readonly kind: 'settings' }
  | { readonly kind: 'triggers' }
  | { readonly kind: 'save' };

/** Null while nothing is typed key by key. */
export type KeystrokeProgress = { readonly typed: number; readonly of: number } | null;

/** Somebody looks for a folder meanwhile. */
export const dialogMs = 3_600_000;
/** A guest that rings in a loop is heard once in a while. */
const ringEveryMs = 10_000;
const flashMs = 160;

/** All panes of the page share them, and by the page's storage all windows. */
let shared: Kept<TerminalSettings> | null = null;
export function pageSettings(): Kept<TerminalSettings> {
  shared ??= keep(settingsKey, terminalSettingsSchema, localStorage);
  return shared;
}

/** Whether this window asks before it pastes what may do harm. */
export const pasteQuestions: StoreApi<{ readonly asks: boolean }> = createStore(() => ({ asks: true }));

export interface ToolsOptions {
  readonly host: Host;
  readonly uuid: string;
  readonly device: string | null;
  /** What a person typed: to this guest, or to those of a broadcast. */
  readonly type: (bytes: Uint8Array) => void;
}

/** Panes of this page on the same console; other windows are told by the storage. */
const sharedByGuest = new Map<string, Kept<GuestSettings>>();
export function keepGuestSettings(uuid: string, device: string | null): Kept<GuestSettings> {
  const key = guestSettingsKey(uuid, device);
  const kept = sharedByGuest.get(key) ?? keep(key, guestSettingsSchema, localStorage);
  sharedByGuest.set(key, kept);
  return kept;
}

export class TerminalTools implements Disposable {
  readonly settings: Kept<TerminalSettings> = pageSettings();
  readonly guest: Kept<GuestSettings>;
  readonly dialog: StoreApi<{ readonly open: PaneDialog | null }> = createStore(() => ({ open: null }));
  readonly keystrokes: StoreApi<{ readonly progress: KeystrokeProgress }> = createStore(() => ({ progress: null }));
  /** The place of the log that is shown over the terminal; null while it shows what comes. */
  readonly history: StoreApi<{ readonly place: HistoryPlace | null }> = createStore(() => ({ place: null }));
  readonly recorder = new ConsoleRecorder((error) => this.#recordingFailed(error));
  readonly terminal: ConsoleTerminal;
  readonly #options: ToolsOptions;
  readonly #session: ConsoleSession;
  readonly #ended = new AbortController();
  #keystrokesEnd: AbortController | null = null;
  #rangAtMs = Number.NEGATIVE_INFINITY;

  constructor(terminal: ConsoleTerminal, session: ConsoleSession, guest: Kept<GuestSettings>, options: ToolsOptions) {
    this.terminal = terminal;
    this.guest = guest;
    this.#session = session;
    this.#options = options;
    terminal.pasted.on((text) => this.paste(text));
    session.store.subscribe(({ bells }, before) => {
      if (bells > before.bells) this.#ring();
    });
    this.#copyWhatIsSelected();
    const { signal } = this.#ended;
    // The last moment before the page goes; what is on its way then still reaches the file.
    window.addEventListener('pagehide', () => void this.recorder.stop(), { signal });
  }

  /** Text as xterm makes it of keys and pastes, to the guest in the guest's own way. */
  type(text: string): void {
    const guest = this.guest.store.getState();
    if (guest.localEcho && this.#writes()) this.terminal.echo(text);
    this.#options.type(guestBytes(text, guest));
  }

  copy(): void {
    const text = this.terminal.xterm.getSelection();
    if (text) void attempt('The selection was not copied', () => this.#options.host.client.call('desktopWriteClipboard', { text }));
  }

  pasteFromClipboard(): void {
    void attempt('Nothing was pasted', async () => this.paste((await this.#options.host.client.call('desktopReadClipboard', {})).text));
  }

  /** Asks first where a guest would do more with it than take a word. */
  paste(text: string): void {
    const { reasons } = lookAtPaste(text);
    // A watcher's is not sent anyway, and says so.
    if (reasons.length > 0 && pasteQuestions.getState().asks && this.#writes()) this.dialog.setState({ open: { kind: 'paste', text } });
    else this.pasteNow(text);
  }

  /** xterm brackets it where the guest asked for that, and takes line ends for Return. */
  pasteNow(text: string): void {
    this.terminal.xterm.paste(text);
  }

  keystrokesFromClipboard(): void {
    void attempt('Nothing was typed', async () => this.dialog.setState({ open: { kind: 'keystrokes', text: (await this.#options.host.client.call('desktopReadClipboard', {})).text } }));
  }

  startKeystrokes(text: string, charactersPerS: number, linePauseMs: number): void {
    this.#keystrokesEnd?.abort();
    const ending = new AbortController();
    this.#keystrokesEnd = ending;
    this.settings.change({ keystrokesPerS: charactersPerS, linePauseMs });
    void typeKeystrokes({
      text,
      charactersPerS,
      linePauseMs,
      signal: AbortSignal.any([ending.signal, this.#ended.signal]),
      send: (character) => {
        if (!this.#writes()) return false;
        this.type(character);
        return true;
      },
      onProgress: (typed, of) => this.keystrokes.setState({ progress: { typed, of } }),
    }).then((end) => {
      if (this.#keystrokesEnd !== ending) return;
      const { progress } = this.keystrokes.getState();
      this.keystrokes.setState({ progress: null });
      if (end === 'dropped') showNews('Typing ended', `This window does not write any more: ${progress?.typed ?? 0} of ${progress?.of ?? 0} characters were typed.`);
    });
  }

  cancelKeystrokes(): void {
    this.#keystrokesEnd?.abort();
  }

  /** Shows a place of the log over the terminal, or what comes for null. */
  showHistory(place: HistoryPlace | null): void {
    this.history.setState({ place });
    if (!place) this.terminal.xterm.focus();
  }

  /** A key of a menu. */
  press(text: string): void {
    this.type(text);
    this.terminal.xterm.focus();
  }

  sendBreak(): void {
    this.#session.sendBreak();
    this.terminal.xterm.focus();
  }

  /** Linux listens for a key that follows a break, or Ctrl+O on its virtio consoles. */
  sendSysRq(way: SysRqWay, key: string): void {
    if (way === 'break') this.#session.sendBreak();
    else this.type(sysRqPrefix);
    this.press(key);
  }

  /**
   * A serial line carries no size, nor does the virtio console of the QEMUs that Vireo knows, so the guest's shell is told.
   * A QEMU that passes sizes on (CHR_EVENT_RESIZE) would be told here instead, by a message of the stream.
   */
  fitGuest(): void {
    const { rows, cols } = this.terminal.xterm;
    this.press(`stty rows ${rows} cols ${cols}\r`);
  }

  /** Null is the usual size. All windows follow. */
  resize(by: number | null): void {
    const { fontSizePx } = this.settings.store.getState();
    this.settings.change({ fontSizePx: by === null ? fontSizesPx.usual : Math.min(fontSizesPx.largest, Math.max(fontSizesPx.smallest, fontSizePx + by)) });
  }

  toggleRecording(title: string): void {
    const { path } = this.recorder.store.getState();
    if (path !== null) return void this.recorder.stop().then(() => showNews('The recording has ended', path));
    void attempt('Nothing is recorded', async () => {
      const file = await this.createFile(`Record ${title}`, `${title.replaceAll(/[ /]+/gu, '-')}.cast`);
      if (!file || this.#ended.signal.aborted) return void file?.close();
      const { xterm, received } = this.terminal;
      this.recorder.start(file, {
        title,
        encoding: this.guest.store.getState().encoding,
        columns: xterm.cols,
        rows: xterm.rows,
        onBytes: (listener) => received.on(listener),
        onResize: (listener) => disposableOf(xterm.onResize(({ cols, rows }) => listener(cols, rows))),
      });
    });
  }

  /** A file that the user names now; null when they cancel. */
  async createFile(title: string, suggestedName: string): Promise<RecordingFile & { appendBytes(base64: string): Promise<number> } | null> {
    const { client } = this.#options.host;
    const created = await client.call('desktopCreateFile', { title: title.slice(0, 250), suggestedName: suggestedName.slice(0, 200) }, { timeoutMs: dialogMs });
    if (!created) return null;
    const { file, path } = created;
    return {
      path,
      append: async (text) => (await client.call('desktopAppendToFile', { file, data: text, encoding: 'utf-8' })).sizeBytes,
      appendBytes: async (data) => (await client.call('desktopAppendToFile', { file, data, encoding: 'base64' })).sizeBytes,
      close: async () => void (await client.call('desktopCloseFile', { file })),
    };
  }

  [Symbol.dispose](): void {
    this.#ended.abort();
    this.recorder[Symbol.dispose]();
  }

  #writes(): boolean {
    const { phase, mode } = this.#session.store.getState();
    return phase === 'open' && mode === 'write';
  }

  #recordingFailed(error: VireoError): void {
    showFailure({ title: 'The recording has ended', error, retry: null });
  }

  /** By the mouse alone: what a search selects is not for the clipboard. */
  #copyWhatIsSelected(): void {
    const { xterm } = this.terminal;
    let isSelecting = false;
    const { signal } = this.#ended;
    window.addEventListener('mousedown', ({ target }) => (isSelecting = target instanceof Node && (xterm.element?.contains(target) ?? false)), { signal, capture: true });
    window.addEventListener('mouseup', () => {
      const isOver = isSelecting;
      isSelecting = false;
      if (isOver && this.settings.store.getState().copyOnSelect) setTimeout(() => xterm.hasSelection() && this.copy(), 0); // once xterm has understood the click
    }, { signal });
  }

  #ring(): void {
    const { bell } = this.settings.store.getState();
    const now = performance.now();
    if (bell === 'none') return;
    if (bell === 'visual') return this.#flash();
    if (now - this.#rangAtMs < ringEveryMs) return;
    this.#rangAtMs = now;
    const { uuid, device, host } = this.#options;
    const label = this.#session.store.getState().label ?? device ?? 'console';
    void host.client.call('desktopRing', { uuid, label }).catch(() => {}); // a bell that nobody hears is no failure
  }

  #flash(): void {
    const pane = this.terminal.xterm.element?.parentElement;
    if (!pane || pane.classList.contains('rings')) return;
    pane.classList.add('rings');
    setTimeout(() => pane.classList.remove('rings'), flashMs);
  }
}

function disposableOf(subscription: { dispose(): void }): Disposable {
  return { [Symbol.dispose]: () => subscription.dispose() };
}
