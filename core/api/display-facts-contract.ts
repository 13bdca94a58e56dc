/** What the main window and commands ask about displays: a small picture of the screen, who may look at it and how. */
import { z } from 'zod';

const domain = z.string().min(1).max(1024);

const displayClientSchema = z.object({
  /** An address, or null for a client of the private socket. */
  host: z.string().nullable(),
  service: z.string().nullable(),
  websocket: z.boolean(),
  /** The name in the client's certificate. */
  certificate: z.string().nullable(),
  user: z.string().nullable(),
});

export const displaySchema = z.object({
  type: z.enum(['vnc', 'spice', 'sdl', 'egl-headless', 'dbus', 'rdp', 'desktop']),
  listen: z.discriminatedUnion('on', [
    /** Null is a socket in the folder of a run that is not there yet. */
    z.object({ on: z.literal('socket'), path: z.string().nullable() }),
    /** Ports are null where there is none, or none yet. */
    z.object({ on: z.literal('tcp'), address: z.string(), port: z.number().int().nullable(), tlsPort: z.number().int().nullable(), websocketPort: z.number().int().nullable() }),
    z.object({ on: z.literal('nothing') }),
  ]),
  /** `empty` and `expired` let nobody in. */
  password: z.enum(['none', 'set', 'empty', 'expired']),
  /** In UTC, as the definition has it. */
  passwordValidTo: z.string().nullable(),
  encryption: z.enum(['none', 'TLS', 'TLS with client certificates', 'some channels']),
  /** How far it can be reached: by this user, by everybody on this computer, by everybody in the network. */
  reach: z.enum(['private', 'computer', 'network']),
  /** Why it should not stay as it is; null where nothing is wrong with it. */
  warning: z.string().nullable(),
  /** For a viewer, as `virsh domdisplay` prints it; null where none can connect, or none yet. */
  uri: z.string().nullable(),
  /** Who is connected; null where it was not asked, or nobody can tell. */
  clients: z.array(displayClientSchema).nullable(),
});
export type DisplayFacts = z.infer<typeof displaySchema>;
export type DisplayClient = z.infer<typeof displayClientSchema>;

export const displayFactsMethods = {
  /**
   * A picture of a screen that is at most so wide, as PNG; null where it is the one whose `version` the caller knows. It is
   * refused at once where somebody else works with the domain.
   */
  domainGetThumbnail: {
    access: 'read',
    params: z.object({ domain, screen: z.number().int().min(0).max(255).default(0), maximumWidthPixels: z.number().int().min(16).max(1_920).default(320), known: z.string().max(64).nullable().default(null) }),
    result: z.object({
      version: z.string(),
      picture: z.object({ widthPixels: z.number().int(), heightPixels: z.number().int(), screenWidthPixels: z.number().int(), screenHeightPixels: z.number().int(), image: z.base64().max(16 << 20) }).nullable(),
    }),
  },
  /** The displays of a domain as it runs, or as it will. `secure` writes passwords into the URIs; `clients` asks QEMU who is connected. */
  domainGetDisplays: {
    access: 'read',
    params: z.object({ domain, secure: z.boolean().default(false), clients: z.boolean().default(true) }),
    result: z.object({ running: z.boolean(), displays: z.array(displaySchema) }),
  },
  /**
   * Opens the app's window on a display. @throws OPERATION_UNSUPPORTED where no app with windows owns the state folder,
   * INVALID_ARG for a display that the domain does not have.
   */
  domainShowDisplay: { access: 'read', params: z.object({ domain, display: z.number().int().min(0).max(255).default(0) }), result: z.null() },
  /** Reads the certificates of displays anew (`display-reload`, QEMU 6.0); only VNC has some that can be. */
  domainGraphicsReload: { access: 'write', params: z.object({ domain, type: z.enum(['any', 'vnc']).default('any') }), result: z.null() },
} as const;
