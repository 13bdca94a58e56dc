/** Small pictures of screens and what is known of displays, as the contract has them. */
import { VireoError } from '../base/errors.ts';
import type { Driver } from '../driver/driver.ts';
import { reloadDisplays } from '../process/reload-displays.ts';
import { displaysOf } from '../statistics/display-facts.ts';
import { takeThumbnail } from '../statistics/thumbnail.ts';
import type { displayFactsMethods } from './display-facts-contract.ts';
import type { Implementation } from './server.ts';

/** What an app around the host can show; others ask for it through the contract. */
export interface HostWindows {
  showDisplay(uuid: string, display: number): void;
}

export function displayFactsService(driver: Driver, windows: () => HostWindows | null): Implementation<typeof displayFactsMethods> {
  const { context } = driver;
  return {
    domainGetThumbnail: async (call, { domain, ...request }) => {
      const { version, picture } = await driver.on(domain, (each) => takeThumbnail(context, call, each, request));
      return { version, picture: picture && { ...picture, image: picture.image.toString('base64') } };
    },
    domainGetDisplays: (call, { domain, ...request }) => driver.on(domain, (each) => displaysOf(context, call, each, request)),
    domainShowDisplay: async (_call, { domain, display }) => {
      const { uuid, displays } = driver.find(domain).summary();
      if (!displays.some(({ index }) => index === display)) throw new VireoError('INVALID_ARG', displays.length === 0 ? 'the domain has no display' : `the domain has no display ${display}`);
      const there = windows();
      if (!there) throw new VireoError('OPERATION_UNSUPPORTED', 'no app with windows has this state folder');
      there.showDisplay(uuid, display);
      return null;
    },
    domainGraphicsReload: async (call, { domain }) => {
      await driver.on(domain, (each) => reloadDisplays(context, call, each));
      return null;
    },
  };
}
