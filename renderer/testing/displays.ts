/** Displays and screens for previews: what a text console and a desktop look like from far away. */
import type { AnyMethodResult } from '../../core/api/client.ts';
import type { Implementation } from '../../core/api/server.ts';
import type { displayFactsMethods } from '../../core/api/display-facts-contract.ts';
import type { DomainSummary } from '../../core/domain/domain-summary.ts';
import { fakeScreenshot } from './usage.ts';

type Display = AnyMethodResult<'domainGetDisplays'>['displays'][number];

export const privateDisplay: DomainSummary['displays'][number] = { index: 0, type: 'vnc', place: 'private socket', unavailable: null, pointer: 'absolute', writer: null, watchers: 0, sessions: [] };

/** Told by the display's place: `network` in it is one that everybody reaches. */
function factsOf({ type, place, sessions }: DomainSummary['displays'][number], runs: boolean): Display {
  const isTcp = place.includes(':');
  const port = Number(place.split(':').at(-1));
  const shown = type === 'vnc' || type === 'spice' ? type : 'sdl';
  return {
    type: shown,
    listen: isTcp ? { on: 'tcp', address: place.slice(0, place.lastIndexOf(':')), port, tlsPort: null, websocketPort: null } : shown === 'sdl' ? { on: 'nothing' } : { on: 'socket', path: runs ? '/home/ann/.local/state/vireo/run/x4f/v' : null },
    password: isTcp && shown === 'spice' ? 'set' : 'none',
    passwordValidTo: isTcp && shown === 'spice' ? '2030-01-31T23:59:59' : null,
    encryption: 'none',
    reach: place.startsWith('0.0.0.0') ? 'network' : isTcp ? 'computer' : 'private',
    warning: place.startsWith('0.0.0.0') ? 'everybody in the network of 0.0.0.0 can look at the guest and type into it: the display asks for no password and is not encrypted' : null,
    uri: !runs || shown === 'sdl' ? null : isTcp ? `${shown}://localhost:${shown === 'vnc' ? port - 5900 : port}` : `${shown}+unix:///home/ann/.local/state/vireo/run/x4f/v`,
    clients: runs ? [...sessions.map(() => ({ host: null, service: null, websocket: false, certificate: null, user: null })), ...(isTcp ? [{ host: '192.0.2.17', service: '49152', websocket: false, certificate: null, user: null }] : [])] : null,
  };
}

export function displaysPart(find: (key: string) => DomainSummary): Partial<Implementation<typeof displayFactsMethods>> {
  return {
    domainGetThumbnail: async (_call, { known }) => {
      if (known === 'one') return { version: 'one', picture: null };
      const { image, widthPixels, heightPixels } = await fakeScreenshot();
      return { version: 'one', picture: { image, widthPixels, heightPixels, screenWidthPixels: widthPixels, screenHeightPixels: heightPixels } };
    },
    domainGetDisplays: async (_call, { domain }) => {
      const { displays, id } = find(domain);
      return { running: id !== null, displays: displays.map((display) => factsOf(display, id !== null)) };
    },
  };
}
