/** Errors about a save image name it: whoever reads them has many. */
import { VireoError, asVireoError, errorCodes } from '../base/errors.ts';

/** The same error, its message after `opening`, which names the file. A path of the wrong kind is the operation's failure. */
export function aboutImage(file: string, opening: string, thrown: unknown): VireoError {
  const { code, message, details, cause } = asVireoError(thrown);
  const text = message.slice(errorCodes[code].opening.length);
  return new VireoError(code === 'INVALID_ARG' || code === 'INTERNAL_ERROR' ? 'OPERATION_FAILED' : code, `${opening}: ${text}`, { cause: cause ?? thrown, details: { ...details, file } });
}
