/** What a fake host knows of displays. */
import type { displayFactsMethods } from '../../core/api/display-facts-contract.ts';
import type { AnyMethodResult } from '../../core/api/client.ts';
import type { Implementation } from '../../core/api/server.ts';

type Display = AnyMethodResult<'domainGetDisplays'>['displays'][number];

export function fakeDisplay(changes: Partial<Display> = {}): Display {
  return { type: 'vnc', listen: { on: 'socket', path: '/state/run/x/v' }, password: 'none', passwordValidTo: null, encryption: 'none', reach: 'private', warning: null, uri: 'vnc+unix:///state/run/x/v', clients: null, ...changes };
}

/** @param displays what a domain has, looked up anew for each call. */
export function fakeDisplays(displays: () => readonly Display[]): Implementation<typeof displayFactsMethods> {
  return {
    domainGetThumbnail: async () => ({ version: 'one', picture: null }),
    domainGetDisplays: async (_call, { secure }) => ({ running: true, displays: displays().map((each) => ({ ...each, uri: each.uri && (secure ? each.uri.replace('//', '//:hush@') : each.uri) })) }),
    domainShowDisplay: async () => null,
    domainGraphicsReload: async () => null,
  };
}
