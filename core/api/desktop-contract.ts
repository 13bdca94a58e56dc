/** What windows ask of the desktop app around the driver: other windows, the clipboard, files, the theme. */
import { z } from 'zod';

const none = z.null();

function desktop<P extends z.ZodType, R extends z.ZodType>(params: P, result: R): { access: 'write'; params: P; result: R } {
  return { access: 'write', params, result };
}

export const desktopMethods = {
  /** Opens one more window on a console (`console:<uuid>:<alias>:<n>`), or the domain's first console for null. */
  desktopOpenConsole: desktop(z.object({ uuid: z.string(), device: z.string().nullable() }), none),
  /** Shows the main window, on `uuid` where given. */
  desktopShowMain: desktop(z.object({ uuid: z.string().nullable() }), none),
  desktopGetSettings: desktop(z.object({}), z.object({ theme: z.enum(['system', 'light', 'dark']), platform: z.string(), version: z.string(), electron: z.string(), tray: z.boolean() })),
  desktopSetTheme: desktop(z.object({ theme: z.enum(['system', 'light', 'dark']) }), none),
  /** Lets the user choose a definition; null when they cancel. */
  desktopChooseDefinition: desktop(z.object({}), z.object({ path: z.string(), xml: z.string() }).nullable()),
  desktopReadClipboard: desktop(z.object({}), z.object({ text: z.string() })),
  desktopWriteClipboard: desktop(z.object({ text: z.string().max(16 << 20) }), none),
  /** Ends the app; guests keep running. */
  desktopQuit: desktop(z.object({}), none),
} as const;

export type DesktopMethods = typeof desktopMethods;
