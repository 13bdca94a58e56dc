/** Ends a migration in QEMU so that nothing of it hangs: asked first, and where the link is dead its sockets are closed under it. */
import { isQemuError } from '../../monitor/qemu-error.ts';
import type { WriteMonitor } from '../../job/domain-run.ts';

/** QEMU gives up what it can; it says so with a MIGRATION event. Asking where nothing migrates does nothing. */
export async function cancelMigration(monitor: WriteMonitor): Promise<void> {
  await monitor.execute('migrate_cancel');
}

/** Closes the sockets of the migration and of NBD clients: whatever waits for a link that is dead ends with an error. @returns what was ended. */
export async function yankMigration(monitor: WriteMonitor, options: { readonly nodes?: boolean } = {}): Promise<number> {
  const instances = await monitor.executeOutOfBand('query-yank');
  const ended = instances.filter(({ type }) => type === 'migration' || (options.nodes === true && type === 'block-node'));
  if (ended.length === 0) return 0;
  try {
    await monitor.executeOutOfBand('yank', { instances: ended }); // past whatever QEMU is busy with
  } catch (error) {
    if (!isQemuError(error)) throw error; // it ended by itself meanwhile
  }
  return ended.length;
}
