/** Nothing of the caller's environment reaches QEMU or what runs beside it but what it needs to find its files. */
export function cleanEnvironment(runFolder: string): Record<string, string> {
  const { PATH = '/usr/local/bin:/usr/bin:/bin' } = process.env;
  return { PATH, LC_ALL: 'C', HOME: runFolder, XDG_RUNTIME_DIR: runFolder };
}
