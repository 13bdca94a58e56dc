/** What the app was started with. Chromium's own switches stand in the same list and are nobody's business here. */

export interface StartOptions {
  /** The state folder that `--home` names; null where the environment decides. */
  readonly home: string | null;
  /** `--host`: serve the state folder without a window. */
  readonly screenless: boolean;
}

/** Reads `--home DIR`, `--home=DIR` and `--host`; the last folder counts. */
export function parseStartOptions(argv: readonly string[]): StartOptions {
  let home: string | null = null;
  for (const [index, word] of argv.entries()) {
    if (word.startsWith('--home=')) home = word.slice('--home='.length) || null;
    else if (word === '--home') home = argv[index + 1] ?? null;
  }
  return { home, screenless: argv.includes('--host') };
}
