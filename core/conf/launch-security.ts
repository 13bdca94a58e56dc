/** `<launchSecurity>`: guests whose memory their own host cannot read. */
import { attribute, child, childText, type Infer, object, optional, union } from './codec/codec.ts';
import { someText, unsigned, wideHexadecimal, yesNo } from './codec/scalar.ts';
import { attributeChild } from './codec/shorthands.ts';

const kernelHashes = { kernelHashes: optional(attribute('kernelHashes', yesNo)) };
const memoryBits = {
  cbitpos: optional(childText('cbitpos', unsigned)),
  reducedPhysicalBits: optional(childText('reducedPhysBits', unsigned)),
};

/** Texts in base64 or hexadecimal that go to QEMU as they are. */
const blob = (name: string) => optional(childText(name, someText));

export const launchSecurityElement = optional(
  child('launchSecurity', union('type', {
    sev: object({ ...kernelHashes, ...memoryBits, policy: childText('policy', wideHexadecimal(4)), dhCert: blob('dhCert'), session: blob('session') }),
    'sev-snp': object({
      ...kernelHashes,
      authorKey: optional(attribute('authorKey', yesNo)),
      vcek: optional(attribute('vcek', yesNo)),
      ...memoryBits,
      policy: childText('policy', wideHexadecimal(8)),
      guestVisibleWorkarounds: blob('guestVisibleWorkarounds'),
      idBlock: blob('idBlock'),
      idAuth: blob('idAuth'),
      hostData: blob('hostData'),
    }),
    's390-pv': object({}),
    tdx: object({
      policy: optional(childText('policy', wideHexadecimal(1))),
      mrConfigId: blob('mrConfigId'),
      mrOwner: blob('mrOwner'),
      mrOwnerConfig: blob('mrOwnerConfig'),
      quoteService: attributeChild('quoteGenerationService', 'path', someText),
    }),
  })),
);

export type LaunchSecurity = NonNullable<Infer<typeof launchSecurityElement>>;
