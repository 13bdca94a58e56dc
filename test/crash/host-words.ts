/** What the host that dies tells the one who watches it, a JSON line each. */
export type HostWords =
  /** Whose QEMU ran when the act began. */
  | { readonly pids: Readonly<Record<string, number>> }
  /** Where it is about to die. */
  | { readonly died: string }
  /** It came to the end of the scenario, through these. */
  | { readonly moments: readonly string[] };
