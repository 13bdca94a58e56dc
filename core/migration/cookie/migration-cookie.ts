/**
 * What one host tells the other between two phases of a migration, in libvirt's form (qemu_migration_cookie.c, 11.3): an
 * `<qemu-migration>` that a libvirt of the same age would understand. What a phase does not know is null.
 */
import type { CookieStatistics } from './cookie-statistics.ts';

/** What a cookie may name as mandatory: whoever reads it refuses the migration unless it heeds that element. */
export const cookieFeatures = ['graphics', 'lockstate', 'persistent', 'network', 'nbd', 'statistics', 'memory-hotplug', 'cpu-hotplug', 'cpu', 'allowReboot', 'capabilities', 'block-dirty-bitmaps'] as const;
export type CookieFeature = (typeof cookieFeatures)[number];

/** Where clients of the guest's screen are to go; only spice heeds it. */
export interface CookieGraphics {
  readonly type: string;
  readonly port: number;
  /** Of spice; -1 for none. */
  readonly tlsPort: number | null;
  readonly listen: string;
  readonly tlsSubject: string | null;
}

export interface CookieInterface {
  /** Which of the domain's interfaces, counted from 0. */
  readonly index: number;
  readonly vportType: string;
  readonly portData: string | null;
}

export interface CookieNbd {
  /** Where the destination's NBD server listens; null before Prepare, and where it is a Unix socket. */
  readonly port: number | null;
  /** What the source's disks hold, so that the destination can make images of that size. */
  readonly disks: readonly { readonly target: string; readonly capacityBytes: number }[];
}

/** What the destination's or the source's QEMU can do in a migration; `automatic` is what is switched on where both can. */
export interface CookieCapability {
  readonly name: string;
  readonly automatic: boolean;
}

export interface CookieBitmaps {
  readonly target: string;
  readonly bitmaps: readonly { readonly name: string; readonly alias: string }[];
}

export interface MigrationCookie {
  /** The name that the domain has on the source, whatever it is called on the destination. */
  readonly name: string;
  readonly uuid: string;
  /** The host that wrote the cookie. */
  readonly hostName: string;
  readonly hostUuid: string;
  readonly features: readonly CookieFeature[];
  readonly graphics: CookieGraphics | null;
  readonly lockState: { readonly driver: string; readonly leases: string | null } | null;
  /** The `<domain>` that the destination is to keep (persistDestination). */
  readonly persistentXml: string | null;
  readonly network: readonly CookieInterface[] | null;
  readonly nbd: CookieNbd | null;
  readonly statistics: CookieStatistics | null;
  /** The guest's `<cpu>` as the other side's QEMU made it. */
  readonly cpuXml: string | null;
  readonly capabilities: readonly CookieCapability[] | null;
  readonly blockDirtyBitmaps: readonly CookieBitmaps[] | null;
}

/** A cookie that says who wrote it, and what `contents` adds. */
export function createCookie(of: Pick<MigrationCookie, 'name' | 'uuid' | 'hostName' | 'hostUuid'>, contents: Partial<MigrationCookie> = {}): MigrationCookie {
  return { features: [], graphics: null, lockState: null, persistentXml: null, network: null, nbd: null, statistics: null, cpuXml: null, capabilities: null, blockDirtyBitmaps: null, ...contents, name: of.name, uuid: of.uuid, hostName: of.hostName, hostUuid: of.hostUuid };
}
