/**
 * What the command itself has to say when something cannot be done. A VireoError's message opens with the words of its
 * code; virsh's own sentences do not, so they are this class, with the same fields for scripts.
 */
import type { ErrorCode, ErrorDomain, VireoError } from '../core/base/errors.ts';

export interface CommandErrorOptions {
  readonly domain?: ErrorDomain | undefined;
  readonly details?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

export class CommandError extends Error {
  override readonly name: string = 'CommandError';
  readonly code: ErrorCode;
  readonly domain: ErrorDomain | undefined;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, message: string, options: CommandErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.domain = options.domain;
    this.details = options.details ?? {};
  }
}

/** Words that make no sense; told without the empty line that ends a command's output, for none was begun. */
export class UsageError extends CommandError {
  override readonly name = 'UsageError';

  constructor(message: string) {
    super('INVALID_ARG', message);
  }
}

/** A command that could not do what it is for: `what` is told first, as virsh does, and then the reason. */
export class CommandFailure extends CommandError {
  override readonly name = 'CommandFailure';
  readonly reason: VireoError;

  constructor(what: string, reason: VireoError) {
    super(reason.code, what, { domain: reason.domain, details: reason.details, cause: reason });
    this.reason = reason;
  }
}
