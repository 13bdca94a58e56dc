/** In which encoding the host reads a log; it knows the few that firmware and old systems write beside UTF-8. */
import { type ConsoleEncoding, consoleEncodings } from '../../core/console/history/encodings.ts';
import type { GuestEncodingId } from './guest-encoding.ts';

/** ASCII is the same in all of them, so what another encoding adds to it is all that is not found. */
export function logEncoding(encoding: GuestEncodingId): ConsoleEncoding {
  return consoleEncodings.find((known) => known === encoding) ?? (encoding === 'windows-1252' || encoding === 'iso-8859-15' ? 'latin1' : 'utf-8');
}
