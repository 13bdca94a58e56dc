/** Opens a console for a command, and says what to do about a refusal. */
import type { Client, ClientStream, StreamHandlers } from '../../core/api/client.ts';
import { VireoError, asVireoError } from '../../core/base/errors.ts';

export type ConsoleStream = ClientStream<'domainOpenConsole'>;
export type ConsoleHandlers = StreamHandlers<'domainOpenConsole'>;

export interface ConsolePlace {
  readonly domain: string;
  /** Null opens the first console. */
  readonly device: string | null;
  readonly mode: 'write' | 'watch' | 'write-or-watch';
  readonly force: boolean;
  readonly from: 'history' | 'run';
}

/** @throws what the host says, with the way out where somebody else holds the input. */
export async function openConsole(client: Client, place: ConsolePlace, handlers: ConsoleHandlers): Promise<ConsoleStream> {
  try {
    return await client.openStream('domainOpenConsole', place, handlers);
  } catch (thrown) {
    const error = asVireoError(thrown);
    if (typeof error.details['holder'] !== 'string') throw error;
    throw VireoError.fromRecord({ ...error.toRecord(), details: { ...error.details, remedy: 'use --force to take it over, --request to ask for it, or --watch to look on' } });
  }
}
