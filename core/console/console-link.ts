/**
 * The way between a port and its device, of which there are two: held for the whole run (port-link.ts), or followed in
 * QEMU's log and connected only while somebody writes (logged-link.ts).
 */
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { ConsoleStream } from './console-stream.ts';
import type { ConsoleDevice } from './console-types.ts';
import type { DeviceConnection } from './device-connection.ts';

export interface ConsoleLinkOptions {
  readonly device: ConsoleDevice;
  readonly stream: ConsoleStream;
  readonly clock: Clock;
  readonly log: Log;
  readonly lockFolder: string;
  /** What input goes to, and null while it goes nowhere: a device that is `open` without a connection is only followed for now. */
  readonly onState: (state: 'open' | 'connecting' | 'failed', connection: DeviceConnection | null, error: string | null) => void;
}

export interface ConsoleLink extends AsyncDisposable {
  /** Resolves when the history is in the stream and new bytes follow. @throws what the first attempt met. */
  connect(signal: AbortSignal): Promise<void>;
  /**
   * Tells whether a session owns the input, after each change. With true it resolves when input can be written, at once
   * where the connection is held anyway; a call while one waits joins it. With false a connection of need is let go.
   * @throws OPERATION_FAILED naming who has the device (`holder` in the details), NO_SUPPORT where nobody can write,
   *   SYSTEM_ERROR for the operating system's refusal, OPERATION_ABORTED when the need ended first; another call tries anew.
   */
  needsWriter(isNeeded: boolean): Promise<void>;
}
