/** What the next driver must know of a migration that is under way (core/migration): beside the run's folder, gone with it. */
export function migrationRecordFile(runFolder: string, side: 'source' | 'destination'): string {
  return `${runFolder}.${side === 'source' ? 'migration-out' : 'migration-in'}.json`;
}
