/** The driver's own log: one line a message, with fields, to wherever the host wants it. */
export type LogLevel = 'debug' | 'info' | 'warning' | 'error';

export interface Log {
  write(level: LogLevel, message: string, fields?: Readonly<Record<string, unknown>>): void;
  /** The same log with fields added to every line. */
  with(fields: Readonly<Record<string, unknown>>): Log;
}

export function createLog(sink: (line: string) => void, now: () => number = Date.now, fields: Readonly<Record<string, unknown>> = {}): Log {
  return {
    write(level, message, more) {
      const all = { ...fields, ...more };
      const rest = Object.entries(all).map(([key, value]) => ` ${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`).join('');
      sink(`${new Date(now()).toISOString()} ${level} ${message}${rest}`);
    },
    with: (more) => createLog(sink, now, { ...fields, ...more }),
  };
}

export const silentLog: Log = { write() {}, with: () => silentLog };

/** A host runs for months, and every monitor command is a debug line: they are written only for who asks for them. */
export function withoutDebug(log: Log): Log {
  return {
    write(level, message, fields) {
      if (level !== 'debug') log.write(level, message, fields);
    },
    with: (fields) => withoutDebug(log.with(fields)),
  };
}
