/** The contract of timelines, and the one place where what clients ask for becomes entries of them. */
import { VireoError } from '../base/errors.ts';
import type { Domain } from '../domain/domain.ts';
import type { DriverContext } from '../driver/driver-context.ts';
import type { Call } from '../job/call.ts';
import { actionEntry } from '../timeline/action-entry.ts';
import type { Implementation, MethodTable } from './server.ts';
import type { timelineMethods } from './timeline-contract.ts';

export function timelineService(context: DriverContext): Implementation<typeof timelineMethods> {
  return {
    domainGetTimeline: async (_call, { domain, ...query }) => {
      const uuid = await uuidOf(context, domain);
      const timeline = context.timelines.of(uuid);
      const { entries, next } = await timeline.read(query);
      return { uuid, path: timeline.path, entries: [...entries], next };
    },
  };
}

const anyUuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** @throws NO_DOMAIN for a name that no domain has, and for a UUID that has left nothing. */
async function uuidOf({ registry, timelines }: DriverContext, reference: string): Promise<string> {
  try {
    return registry.find(reference).uuid;
  } catch (error) {
    const uuid = reference.toLowerCase();
    if (anyUuid.test(uuid) && (await timelines.has(uuid))) return uuid;
    throw error;
  }
}

/** The same methods; those that change something leave an entry with the domains that they are about. */
export function withActions<T extends MethodTable>(methods: T, implementation: Implementation<T>, context: DriverContext): Implementation<T> {
  const table: MethodTable = methods;
  const recorded = Object.entries(implementation).map(([name, run]) => [name, table[name]?.access === 'write' ? recording(name, run as Method, context) : run]);
  return Object.fromEntries(recorded) as Implementation<T>;
}

type Method = (call: Call, params: unknown) => Promise<unknown>;

function recording(method: string, run: Method, { clock, registry, timelines }: Pick<DriverContext, 'clock' | 'registry' | 'timelines'>): Method {
  return async (call, given) => {
    const params = isObject(given) ? given : {};
    const beganMs = clock.now();
    const named = typeof params['domain'] === 'string' ? domainNamed(registry, params['domain']) : null;
    const tell = (uuid: string | undefined, error?: unknown): void => {
      if (uuid !== undefined) timelines.record(uuid, actionEntry({ method, call, params, durationMs: clock.now() - beganMs, ...(error === undefined ? {} : { error }) }));
    };
    try {
      const result = await run(call, given);
      tell(named?.uuid ?? uuidIn(result));
      return result;
    } catch (error) {
      tell(named?.uuid ?? (error instanceof VireoError ? error.domain?.uuid : undefined), error);
      throw error;
    }
  };
}

function domainNamed(registry: { find(reference: string): Domain }, reference: string): Domain | null {
  try {
    return registry.find(reference);
  } catch {
    return null; // the method says so itself
  }
}

/** The domain that a definition has made. */
function uuidIn(result: unknown): string | undefined {
  const domain = isObject(result) ? result['domain'] : undefined;
  const uuid = isObject(domain) ? domain['uuid'] : undefined;
  return typeof uuid === 'string' ? uuid : undefined;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
