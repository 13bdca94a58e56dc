/** Rows and places of the main window that are no domain, as keys of its selection. */
export const jobsKey = 'jobs';

const otherPrefix = 'other:';

export function otherHostKey(uri: string): string {
  return `${otherPrefix}${uri}`;
}

/** The host that a key means; null for every other row. */
export function otherHostOf(key: string): string | null {
  return key.startsWith(otherPrefix) ? key.slice(otherPrefix.length) : null;
}
