/** What the next driver must know of a save that is under way (core/save): beside the run's folder, gone with it. */
export function saveRecordFile(runFolder: string): string {
  return `${runFolder}.save.json`;
}
