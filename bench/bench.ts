/** What a measurement is: a name, a limit, and rows of samples that were taken side by side. */
import type { HostProcess } from './host-process.ts';

export type Unit = 'ms' | 'MiB/s' | 'MiB' | 'KiB' | '';

/** One line of a table: samples in the order of the rounds, one a round unless told otherwise. */
export interface Row {
  readonly what: string;
  readonly unit: Unit;
  readonly samples: readonly number[];
  /** The row with the bare thing, measured in the same rounds: round by round the ratio and the difference are told. */
  readonly base?: string;
}

export interface Measurement {
  readonly rows: readonly Row[];
  /** Whole sentences: what was counted once, what was checked, what could not be measured here. */
  readonly notes: readonly string[];
}

export interface BenchContext {
  /** Aborts at the limit and when the user stops the run; every wait of a bench ends with it. */
  readonly signal: AbortSignal;
  /** How often a measurement is repeated. */
  readonly rounds: number;
  /** A host in a process of its own, on a state folder of its own; whoever takes it disposes it. */
  startHost(): Promise<HostProcess>;
}

export interface Bench {
  readonly name: string;
  readonly title: string;
  readonly defaultRounds: number;
  readonly limitMs: number;
  run(context: BenchContext): Promise<Measurement>;
}

/** Fails where a measurement cannot be done on this machine at all; the others go on. */
export class CannotMeasure extends Error {
  override readonly name = 'CannotMeasure';
}
