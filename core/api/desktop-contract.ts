/** What windows ask of the desktop app around the driver: other windows, the clipboard, files, the theme. */
import { z } from 'zod';
import { consoleEncodings } from '../console/history/encodings.ts';
import { consoleLayoutSchema } from './console-layout.ts';

const none = z.null();

function desktop<P extends z.ZodType, R extends z.ZodType>(params: P, result: R): { access: 'write'; params: P; result: R } {
  return { access: 'write', params, result };
}

/** What becomes of guests that run when the app is quit; `ask` puts it before the user each time. */
export const quitChoices = ['ask', 'keep', 'shutdown'] as const;
export type QuitChoice = (typeof quitChoices)[number];

const leavingGuest = z.object({ uuid: z.string(), name: z.string(), step: z.enum(['asking', 'asked', 'off', 'refused']), reason: z.string().nullable() });

/** How far quitting is, while it waits for the user or for guests. */
export const quitStateSchema = z.discriminatedUnion('step', [
  z.object({ step: z.literal('question'), guests: z.array(z.object({ uuid: z.string(), name: z.string() })) }),
  z.object({ step: z.literal('shutting down'), guests: z.array(leavingGuest), sinceMs: z.number(), untilMs: z.number() }),
  /** Time is over, or no other guest can go by itself. */
  z.object({ step: z.literal('left over'), guests: z.array(leavingGuest) }),
  z.object({ step: z.literal('forcing off'), guests: z.array(leavingGuest) }),
]);
export type QuitState = z.infer<typeof quitStateSchema>;

export const desktopMethods = {
  /**
   * Opens one more window on a console (`console:<uuid>:<alias>:<n>`), or the domain's first console for null; with
   * `layout`, which names it too, on several at once. `existing` shows the window that has it where there is one.
   */
  desktopOpenConsole: desktop(z.object({ uuid: z.string(), device: z.string().nullable(), mode: z.enum(['write', 'watch']).default('write'), layout: consoleLayoutSchema.nullable().default(null), where: z.enum(['new', 'existing']).default('new') }), none),
  /** Shows a place of a console's log, by an offset of its stream, in a window that has the console, or in a new one that watches. */
  desktopShowConsoleAt: desktop(z.object({ uuid: z.string(), device: z.string().max(256), offset: z.number().int().nonnegative(), atMs: z.number().nullable() }), none),
  /** Opens one more window on a display (`display:<uuid>:<index>:<n>`); `display` is the `index` of the summary's `displays`. */
  desktopOpenDisplay: desktop(z.object({ uuid: z.string(), display: z.number().int().min(0).max(255).default(0) }), none),
  /** Lets the window that asks fill the screen, or gives it its place back; null is the other of the two. Answers what was asked for. */
  desktopSetFullScreen: desktop(z.object({ fullScreen: z.boolean().nullable() }), z.object({ fullScreen: z.boolean() })),
  /** Shows the main window, on `uuid` where given. */
  desktopShowMain: desktop(z.object({ uuid: z.string().nullable() }), none),
  desktopGetSettings: desktop(z.object({}), z.object({ theme: z.enum(['system', 'light', 'dark']), platform: z.string(), version: z.string(), electron: z.string(), tray: z.boolean(), onQuit: z.enum(quitChoices), startsAtLogin: z.boolean() })),
  desktopSetTheme: desktop(z.object({ theme: z.enum(['system', 'light', 'dark']) }), none),
  /** Lets the user choose a definition; null when they cancel. */
  desktopChooseDefinition: desktop(z.object({}), z.object({ path: z.string(), xml: z.string() }).nullable()),
  /** Lets the user choose a folder of definitions to import; null when they cancel. */
  desktopChooseImportFolder: desktop(z.object({}), z.object({ path: z.string() }).nullable()),
  /** Lets the user choose a save image to restore; null when they cancel. */
  desktopChooseSaveImage: desktop(z.object({}), z.object({ path: z.string() }).nullable()),
  /** Lets the user name a file and writes it; null when they cancel. */
  desktopSaveText: desktop(z.object({ suggestedName: z.string().min(1).max(255), text: z.string().max(32 << 20) }), z.object({ path: z.string() }).nullable()),
  /** Lets the user name a file and writes a PNG to it; null when they cancel. */
  desktopSaveImage: desktop(z.object({ suggestedName: z.string().min(1).max(255), image: z.base64().max(28_000_000) }), z.object({ path: z.string() }).nullable()),
  /** Puts a PNG on the clipboard. */
  desktopCopyImage: desktop(z.object({ image: z.base64().max(28_000_000) }), none),
  /** Lets the user name a file that somebody else will write; null when they cancel. */
  desktopChooseFile: desktop(z.object({ title: z.string().min(1).max(255), suggestedName: z.string().min(1).max(255) }), z.object({ path: z.string() }).nullable()),
  /** Lets the user name a file and makes it, for this connection to write piece by piece and to close; null when they cancel. */
  desktopCreateFile: desktop(z.object({ title: z.string().min(1).max(255), suggestedName: z.string().min(1).max(255) }), z.object({ file: z.string(), path: z.string() }).nullable()),
  /** Resolves when the piece is in the file, with the bytes in it. A file that cannot be written is closed. */
  desktopAppendToFile: desktop(z.object({ file: z.string().max(64), data: z.string().max(6 << 20), encoding: z.enum(['utf-8', 'base64']).default('utf-8') }), z.object({ sizeBytes: z.number() })),
  /** Null where it is closed already, as after a failure. */
  desktopCloseFile: desktop(z.object({ file: z.string().max(64) }), z.object({ path: z.string(), sizeBytes: z.number() }).nullable()),
  /** Lets the user name a file and writes what is kept of a console to it; null when they cancel. */
  desktopSaveConsole: desktop(
    z.object({
      uuid: z.string(),
      device: z.string().max(256).nullable(),
      from: z.enum(['run', 'beginning']),
      format: z.enum(['text', 'raw', 'asciicast']),
      encoding: z.enum(consoleEncodings),
      timestamps: z.boolean(),
      title: z.string().max(512),
      columns: z.number().int().min(1).max(10_000),
      rows: z.number().int().min(1).max(10_000),
      suggestedName: z.string().min(1).max(255),
    }),
    z.object({ path: z.string(), sizeBytes: z.number() }).nullable(),
  ),
  /** A guest rang; told by the desktop unless it is to be quiet or the window has the focus. */
  desktopRing: desktop(z.object({ uuid: z.string(), label: z.string().max(256) }), none),
  /** The licences of all software that the app contains, as text. */
  desktopGetNotices: desktop(z.object({}), z.object({ text: z.string() })),
  desktopReadClipboard: desktop(z.object({}), z.object({ text: z.string() })),
  desktopWriteClipboard: desktop(z.object({ text: z.string().max(16 << 20) }), none),
  /** Whether guests with an autostart mark are started when the user logs in, without a window. */
  desktopSetStartsAtLogin: desktop(z.object({ startsAtLogin: z.boolean() }), none),
  desktopSetOnQuit: desktop(z.object({ onQuit: z.enum(quitChoices) }), none),
  /** Ends the app, after a question where guests run and no answer is remembered. */
  desktopQuit: desktop(z.object({}), none),
  desktopGetQuit: desktop(z.object({}), z.object({ quit: quitStateSchema.nullable() })),
  /** Answers the question, or what to do with guests that are left over; `remember` counts for the question alone. */
  desktopAnswerQuit: desktop(z.object({ answer: z.enum(['keep', 'shutdown', 'force off', 'cancel']), remember: z.boolean().default(false) }), none),
} as const;

export type DesktopMethods = typeof desktopMethods;
