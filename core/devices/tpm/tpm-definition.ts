/** What `<tpm>` holds: a model that the guest sees, and behind it a chip of the host, an emulator of ours, or somebody's. */
import { attribute, child, childFlag, type Infer, object, optional, union, withDefault } from '../../conf/codec/codec.ts';
import { integer, oneOf, pattern, someText, uuid, yesNo } from '../../conf/codec/scalar.ts';
import { deviceFields } from '../../conf/device-address.ts';
import type { DeviceOf } from '../../conf/device-definition.ts';

const version = optional(attribute('version', oneOf(['1.2', '2.0'])));
const profileName = pattern(/^[A-Za-z0-9.:-]{1,128}$/, 'letters, digits, ".", ":" and "-"');

const emulatorCodec = object({
  version,
  /** Whether the state stays when a transient domain ends. */
  persistentState: optional(attribute('persistent_state', yesNo)),
  /** How much swtpm says, 0 to 255. */
  debugLevel: optional(attribute('debug', integer(0, 255))),
  encryption: optional(child('encryption', object({ secret: attribute('secret', uuid) }))),
  activePcrBanks: optional(child('active_pcr_banks', object({ sha1: childFlag('sha1'), sha256: childFlag('sha256'), sha384: childFlag('sha384'), sha512: childFlag('sha512') }))),
  /** Where the state lies; null for the domain's own folder. */
  source: optional(child('source', object({ type: attribute('type', oneOf(['file', 'dir'])), path: attribute('path', someText) }))),
  profile: optional(child('profile', object({
    source: optional(attribute('source', profileName)),
    removeDisabled: optional(attribute('removeDisabled', oneOf(['check', 'fips-host']))),
    name: optional(attribute('name', profileName)),
  }))),
});

export const tpmCodec = object({
  model: optional(attribute('model', oneOf(['tpm-tis', 'tpm-crb', 'tpm-spapr', 'spapr-tpm-proxy']))),
  backend: child('backend', union('type', {
    passthrough: object({ version, device: optional(child('device', object({ path: optional(attribute('path', someText)) }))) }),
    emulator: emulatorCodec,
    external: object({
      version,
      source: optional(child('source', object({
        type: withDefault(attribute('type', oneOf(['unix'])), 'unix'),
        mode: withDefault(attribute('mode', oneOf(['connect', 'bind'])), 'connect'),
        path: optional(attribute('path', someText)),
      }))),
    }),
  })),
  ...deviceFields,
});

declare module '../../conf/device-definition.ts' {
  interface DeviceDefinitions {
    tpm: Infer<typeof tpmCodec>;
  }
}

export type Tpm = DeviceOf<'tpm'>;
export type TpmEmulator = Extract<Tpm['backend'], { readonly type: 'emulator' }>;

/** The chip that a passthrough without a path means. */
export const defaultTpmPath = '/dev/tpm0';

export function passthroughPath({ backend }: Tpm): string {
  return (backend.type === 'passthrough' ? backend.device?.path : null) ?? defaultTpmPath;
}
