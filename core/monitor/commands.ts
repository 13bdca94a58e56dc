/** The words of the monitor as types: what is sent with a command, what comes back, what is told unasked. */
import type { QmpCommands, QmpEvents } from './qmp-schema.generated.ts';

export type { QmpCommands, QmpEvents, QmpOutOfBandCommand } from './qmp-schema.generated.ts';

export type QmpCommand = keyof QmpCommands;
export type QmpArguments<C extends QmpCommand> = QmpCommands[C]['arguments'];
export type QmpResult<C extends QmpCommand> = QmpCommands[C]['result'];

/** Commands that only ask, and the one that only looks. */
export type QmpQuery = Extract<QmpCommand, `query-${string}` | 'qom-get' | 'qom-list' | 'screendump'>;

/** When QEMU says that an event happened, by the host's wall clock; both are -1 where it could not read the clock. */
export interface QmpTimestamp {
  readonly seconds: number;
  readonly microseconds: number;
}

/** An event of the schema that the types were generated from. */
export type KnownQmpEvent = {
  [E in keyof QmpEvents]: { readonly event: E; readonly data: QmpEvents[E]; readonly timestamp: QmpTimestamp };
}[keyof QmpEvents];

/** An event that only a newer QEMU has. */
export interface UnknownQmpEvent {
  readonly event: 'unknown';
  readonly name: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly timestamp: QmpTimestamp;
}

/** Tell them apart by `event`. */
export type QmpEvent = KnownQmpEvent | UnknownQmpEvent;

export interface ExecuteOptions {
  /**
   * How long this caller waits; without it, as long as the monitor lives. Giving up does not undo the command: QEMU may
   * still carry it out, and its late reply is swallowed.
   */
  readonly timeoutMs?: number | undefined;
  /** Aborting gives up in the same way; the call rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** What follows a command's name: its arguments may be left out where none of them is needed. */
export type ExecuteRest<C extends QmpCommand> =
  Readonly<Record<string, never>> extends QmpArguments<C>
    ? [args?: QmpArguments<C>, options?: ExecuteOptions]
    : [args: QmpArguments<C>, options?: ExecuteOptions];
