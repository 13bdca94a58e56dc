/**
 * The phases of a migration as they stand in the state file, in libvirt's words (qemu_migration.c, 11.3): what a driver
 * that was killed goes by. docs/MIGRATION.md says what each means on each side.
 */
export const sourcePhases = ['begin3', 'perform3', 'perform3_done', 'confirm3_cancelled', 'confirm3', 'postcopy_failed', 'begin_resume', 'perform_resume', 'confirm_resume'] as const;
export const destinationPhases = ['prepare', 'finish2', 'finish3', 'postcopy_failed', 'prepare_resume', 'finish_resume'] as const;

export type SourcePhase = (typeof sourcePhases)[number];
export type DestinationPhase = (typeof destinationPhases)[number];
