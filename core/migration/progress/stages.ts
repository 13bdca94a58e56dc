/** The words of a migration's stages, and which levers each leaves. Phases are what is on disk; stages are what people see. */
import type { MigrationView } from '../migration-view.ts';

/** Why a lever cannot be used in this migration; null where it can. */
export interface LeverRefusals {
  readonly autoConverge?: string | null;
  readonly postcopy?: string | null;
  readonly cancel?: string | null;
}

export type Stage =
  /** Connecting, Begin and Prepare. */
  | 'preparing'
  | 'disks'
  | 'memory'
  /** The guest stands still here, or is about to. */
  | 'switching over'
  | 'post-copy'
  /** All is sent; Finish and Confirm. */
  | 'finishing'
  /** On the destination, until Finish. */
  | 'receiving';

interface Scene {
  readonly side: 'source' | 'destination';
  readonly stage: Stage;
  readonly cancelling: boolean;
}

export function activityOf({ side, stage, iteration, cancelling, outcome }: Scene & { readonly iteration: number | null; readonly outcome: MigrationView['outcome'] | null }): string {
  if (outcome === 'completed') return side === 'source' ? 'Moved' : 'Received';
  if (outcome === 'cancelled') return 'Cancelled';
  if (outcome === 'failed') return 'Failed';
  if (cancelling) return 'Cancelling';
  switch (stage) {
    case 'preparing':
      return 'Preparing the destination';
    case 'disks':
      return 'Copying disks';
    case 'memory':
      return iteration === null ? 'Copying memory' : `Copying memory, pass ${iteration}`;
    case 'switching over':
      return 'Switching over';
    case 'post-copy':
      return side === 'source' ? 'Sending what is left (post-copy)' : 'Running, fetching what is left (post-copy)';
    case 'finishing':
      return side === 'source' ? 'Waiting for the destination' : 'Starting the guest';
    case 'receiving':
      return 'Receiving';
  }
}

export function leversOf({ side, stage, ended, cancelling, slowed, refusals }: Scene & { readonly ended: boolean; readonly slowed: boolean; readonly refusals: LeverRefusals }): MigrationView['levers'] {
  const common = commonRefusal({ side, ended, cancelling });
  const lever = (reason: string | null | undefined): { available: boolean; reason: string | null } => ({ available: !reason, reason: reason ?? null });
  const isCopying = stage === 'disks' || stage === 'memory';
  const notCopying = stage === 'preparing' ? 'The copy has not begun' : 'The copy of the memory is over';
  const isPast = stage === 'switching over' || stage === 'finishing';
  return {
    autoConverge: lever(common ?? refusals.autoConverge ?? (slowed ? 'The guest is slowed already' : isCopying ? null : notCopying)),
    postcopy: lever(common ?? refusals.postcopy ?? (stage === 'post-copy' ? 'It is in post-copy' : stage === 'memory' ? null : stage === 'disks' ? 'The disks are copied first' : notCopying)),
    suspend: lever(common ?? (stage === 'post-copy' ? 'The guest runs on the destination' : isPast ? 'The guest stands still for the switch-over' : null)),
    cancel: lever(common ?? refusals.cancel ?? (stage === 'post-copy' ? 'In post-copy neither host has the whole guest' : stage === 'finishing' ? 'All is sent: the destination decides' : null)),
  };
}

function commonRefusal({ side, ended, cancelling }: { readonly side: 'source' | 'destination'; readonly ended: boolean; readonly cancelling: boolean }): string | null {
  if (ended) return 'The migration has ended';
  if (side === 'destination') return 'The other host leads: it is done there';
  return cancelling ? 'It is being cancelled' : null;
}
