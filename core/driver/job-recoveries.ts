/** How each kind of long job is gone on with, or rolled back, by a driver that finds it (B7). */
import type { MigrationContext } from '../migration/migration-context.ts';
import { recoverIncoming } from '../migration/recovery/recover-incoming.ts';
import { recoverOutgoing } from '../migration/recovery/recover-outgoing.ts';
import { recoverDump } from '../process/dump-recovery.ts';
import type { JobRecoveries } from '../process/job-recovery.ts';
import { recoverSave } from '../save/save-recovery.ts';

export function jobRecoveries(migration: () => MigrationContext): JobRecoveries {
  return {
    start: 'undone',
    dump: recoverDump,
    save: recoverSave,
    snapshot: 'not there yet',
    backup: 'not there yet',
    'migration-out': (_context, domain, job) => recoverOutgoing(migration(), domain, job),
    'migration-in': (_context, domain, job) => recoverIncoming(migration(), domain, job),
  };
}
