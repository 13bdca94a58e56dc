/** What is found out about one file, step by step; everything here can cross a thread and become JSON. */

/** The steps of the driver's own code, in order; a file that is refused at one does not reach the next. */
export type Step = 'parse' | 'format' | 'complete' | 'render';

/** A clear no: one of the driver's typed errors. */
export interface Refusal {
  readonly step: Step;
  readonly code: string;
  readonly message: string;
  /** The line in the file, where the error knows one. */
  readonly line: number | null;
}

export interface ExaminedFile {
  readonly file: string;
  /** Why the file is none of ours, null where it holds a domain. */
  readonly skipped: string | null;
  readonly parsed: boolean;
  /** Null where no schema was there to ask. */
  readonly schemaValid: boolean | null;
  /** What the schema's validator said first. */
  readonly schemaError: string | null;
  readonly roundTrip: boolean;
  readonly stable: boolean;
  readonly rendered: boolean;
  /** Null where it was not tried: --no-qemu, no QEMU for the architecture, or nothing rendered for it. */
  readonly accepted: boolean | null;
  /** What QEMU, or the host, said against it. */
  readonly acceptError: string | null;
  readonly refused: Refusal | null;
  /** An error that is none of the driver's, or a time over the limit: a bug of ours. */
  readonly crash: string | null;
  /** Paths of what the codecs keep without understanding it: `domain/devices/disk@mood`. */
  readonly unknown: readonly string[];
  /** Which QEMU it was rendered for. */
  readonly emulator: string | null;
  readonly milliseconds: number;
}

export const unexamined: Omit<ExaminedFile, 'file'> = {
  skipped: null,
  parsed: false,
  schemaValid: null,
  schemaError: null,
  roundTrip: false,
  stable: false,
  rendered: false,
  accepted: null,
  acceptError: null,
  refused: null,
  crash: null,
  unknown: [],
  emulator: null,
  milliseconds: 0,
};

export interface Summary {
  readonly files: number;
  readonly parsed: number;
  readonly schemaValid: number;
  readonly roundTrip: number;
  readonly stable: number;
  readonly rendered: number;
  readonly accepted: number;
  readonly refused: number;
}

/** Files that hold no domain are not counted. */
export function summarize(files: readonly ExaminedFile[]): Summary {
  const domains = files.filter(({ skipped }) => skipped === null);
  const count = (holds: (file: ExaminedFile) => boolean): number => domains.filter(holds).length;
  return {
    files: domains.length,
    parsed: count(({ parsed }) => parsed),
    schemaValid: count(({ schemaValid }) => schemaValid === true),
    roundTrip: count(({ roundTrip }) => roundTrip),
    stable: count(({ stable }) => stable),
    rendered: count(({ rendered }) => rendered),
    accepted: count(({ accepted }) => accepted === true),
    refused: count(({ refused }) => refused !== null),
  };
}
