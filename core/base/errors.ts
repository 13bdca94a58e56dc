/**
 * The one error type that crosses every floor and every door.
 *
 * The codes and the sentence that opens each message are libvirt's (virterror.h, libvirt 11.3), so that people and
 * scripts that know virsh recognise what went wrong. The message says what failed, on which object and with which
 * value; the cause is attached, never repeated.
 */

/** libvirt's error codes with their numbers and the words that open their messages. */
export const errorCodes = {
  INTERNAL_ERROR: { number: 1, opening: 'internal error: ' },
  NO_SUPPORT: { number: 3, opening: 'this function is not supported by the connection driver: ' },
  INVALID_ARG: { number: 8, opening: 'invalid argument: ' },
  OPERATION_FAILED: { number: 9, opening: 'operation failed: ' },
  XML_ERROR: { number: 27, opening: 'XML error: ' },
  DOM_EXIST: { number: 20, opening: 'domain exists already: ' },
  OPERATION_DENIED: { number: 29, opening: 'operation forbidden: ' },
  SYSTEM_ERROR: { number: 38, opening: '' },
  RPC: { number: 39, opening: '' },
  NO_DOMAIN: { number: 42, opening: 'Domain not found: ' },
  OPERATION_INVALID: { number: 55, opening: 'Requested operation is not valid: ' },
  INVALID_SECRET: { number: 65, opening: 'Invalid secret: ' },
  NO_SECRET: { number: 66, opening: 'Secret not found: ' },
  CONFIG_UNSUPPORTED: { number: 67, opening: 'unsupported configuration: ' },
  OPERATION_TIMEOUT: { number: 68, opening: 'Timed out during operation: ' },
  HOOK_SCRIPT_FAILED: { number: 70, opening: 'Hook script execution failed: ' },
  ARGUMENT_UNSUPPORTED: { number: 74, opening: 'argument unsupported: ' },
  OPERATION_ABORTED: { number: 78, opening: 'operation aborted: ' },
  MIGRATE_UNSAFE: { number: 81, opening: 'Unsafe migration: ' },
  OVERFLOW: { number: 82, opening: 'numerical overflow: ' },
  OPERATION_UNSUPPORTED: { number: 84, opening: 'Operation not supported: ' },
  AGENT_UNRESPONSIVE: { number: 86, opening: 'Guest agent is not responding: ' },
  RESOURCE_BUSY: { number: 87, opening: 'resource busy: ' },
  AGENT_UNSYNCED: { number: 97, opening: 'guest agent replied with wrong id to guest-sync command: ' },
  DEVICE_MISSING: { number: 99, opening: 'device not found: ' },
  AGENT_COMMAND_TIMEOUT: { number: 112, opening: 'guest agent command timed out: ' },
  AGENT_COMMAND_FAILED: { number: 113, opening: 'guest agent command failed: ' },
} as const;

export type ErrorCode = keyof typeof errorCodes;

/** The name and UUID of the domain an error is about. */
export interface ErrorDomain {
  readonly name: string;
  readonly uuid: string;
}

export interface ErrorOptions {
  readonly domain?: ErrorDomain | undefined;
  /** Structured fields for screens and scripts: holders of a job, line and column of an XML error, a file's path. */
  readonly details?: Readonly<Record<string, unknown>> | undefined;
  readonly cause?: unknown;
}

/** An error as it travels through a door: plain data, the same fields. */
export interface ErrorRecord {
  readonly code: ErrorCode;
  readonly message: string;
  readonly domain?: ErrorDomain | undefined;
  readonly details?: Readonly<Record<string, unknown>> | undefined;
}

export class VireoError extends Error {
  override readonly name = 'VireoError';
  readonly code: ErrorCode;
  readonly domain: ErrorDomain | undefined;
  readonly details: Readonly<Record<string, unknown>>;

  /** `text` is the message without the code's opening words; they are put before it here and nowhere else. */
  constructor(code: ErrorCode, text: string, options: ErrorOptions = {}) {
    super(errorCodes[code].opening + text, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.domain = options.domain;
    this.details = options.details ?? {};
  }

  /** Adds the domain to an error raised by code that does not know it; an error that names one keeps it. */
  about(domain: ErrorDomain): VireoError {
    if (this.domain) return this;
    const copy = new VireoError(this.code, this.message.slice(errorCodes[this.code].opening.length), {
      domain,
      details: this.details,
      cause: this.cause,
    });
    if (this.stack !== undefined) copy.stack = this.stack;
    return copy;
  }

  toRecord(): ErrorRecord {
    return { code: this.code, message: this.message, domain: this.domain, details: this.details };
  }

  static fromRecord(record: ErrorRecord): VireoError {
    const opening = errorCodes[record.code].opening;
    const text = record.message.startsWith(opening) ? record.message.slice(opening.length) : record.message;
    return new VireoError(record.code, text, { domain: record.domain, details: record.details });
  }
}

/** Any thrown value as a VireoError: ours unchanged, everything else an internal error that keeps its cause. */
export function asVireoError(thrown: unknown): VireoError {
  if (thrown instanceof VireoError) return thrown;
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  if (isSystemError(thrown)) {
    return new VireoError('SYSTEM_ERROR', text, { cause: thrown, details: { errno: thrown.code, path: thrown.path } });
  }
  return new VireoError('INTERNAL_ERROR', text, { cause: thrown });
}

/** An error of the operating system as Node reports it (`ENOENT`, `ECONNREFUSED`, ...). */
export function isSystemError(thrown: unknown): thrown is Error & { code: string; path?: string; syscall: string } {
  return thrown instanceof Error && 'syscall' in thrown && 'code' in thrown && typeof thrown.code === 'string';
}

/** Stops at our own bug, in production too. */
export function invariant(holds: unknown, what: string): asserts holds {
  if (!holds) throw new VireoError('INTERNAL_ERROR', `broken invariant: ${what}`);
}
