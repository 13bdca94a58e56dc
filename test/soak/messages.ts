/** What the process that runs the soak and its workers tell each other. */

/** One operation's end, added up by name and outcome. */
export type Counts = Readonly<Record<string, Readonly<Record<string, number>>>>;

/** Something that must not happen: what was done, on which domain, and what came of it. */
export interface Finding {
  readonly operation: string;
  readonly domain: string;
  readonly what: string;
}

export interface HostFacts {
  readonly heapMiB: number;
  readonly residentMiB: number;
  readonly descriptors: number;
  /** The event loop's delay since the host began. */
  readonly delayP99Ms: number;
  readonly delayHighestMs: number;
}

export type FromWorker =
  | { readonly type: 'ready' }
  | { readonly type: 'counts'; readonly counts: Counts }
  | { readonly type: 'finding'; readonly finding: Finding }
  | { readonly type: 'paused' }
  | { readonly type: 'facts'; readonly facts: HostFacts };

export type ToWorker = { readonly type: 'pause' } | { readonly type: 'resume' } | { readonly type: 'facts' };
