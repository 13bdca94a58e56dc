/** `<smartcard>`: a card reader of the guest, with the host's card, one made of certificates, or one at a distance. */
import { VireoError } from '../../base/errors.ts';
import { children, childText, type Infer, object, optional, text, union } from '../../conf/codec/codec.ts';
import { pattern, someText } from '../../conf/codec/scalar.ts';
import { devicesOf, type DeviceOf } from '../../conf/device-definition.ts';
import { addressProperties, aliasOf } from '../address-properties.ts';
import { characterFields, chardevId } from '../character/character.ts';
import { characterNeeds, chardevFragments } from '../character/chardev.ts';
import { liveCharacter, prepareCharacter } from '../character/live-character.ts';
import { validateCharacter } from '../character/validate-character.ts';
import { type CommandFragment, json, type JsonObject } from '../command-fragment.ts';
import type { DeviceModule, DomainSurroundings, HostNeed } from '../device-module.ts';
import type { DeviceLaunch } from '../launch-context.ts';
import { pciFields } from '../pci-fields.ts';
import { requireDeviceType } from '../require-device-type.ts';

const smartcardCodec = object({
  card: union('mode', {
    host: object({}),
    'host-certificates': object({
      certificates: children('certificate', object({ name: text(someText) })),
      database: optional(childText('database', pattern(/^\/.*$/s, 'an absolute path'))),
    }),
    passthrough: object(characterFields),
  }),
  ...pciFields,
});

declare module '../../conf/device-definition.ts' {
  interface DeviceDefinitions {
    smartcard: Infer<typeof smartcardCodec>;
  }
}

type Smartcard = DeviceOf<'smartcard'>;

/** Where the system keeps its certificates. */
const usualDatabase = '/etc/pki/nssdb';

/** A card of certificates has one for signing, one for encrypting and one for proving who it is. */
const certificatesOfCard = 3;

export const smartcardModule: DeviceModule<'smartcard'> = {
  kind: 'smartcard',
  codec: smartcardCodec,
  defaults: (smartcard) => smartcard,
  domainDefaults: 'none',
  validate: validateSmartcard,
  address: () => ({ type: 'ccid' }),
  alias: (_, number) => number('smartcard'),
  abi: { card: 'may-change', alias: 'may-change', acpi: 'same', address: 'same' },
  prepare: (smartcard, launch) => withCharacter(smartcard, (character) => prepareCharacter(character, launch, false)),
  commandLine,
  boots: () => 'none',
  hostNeeds,
  sideProcesses: 'none',
  hotplug: 'unsupported',
  live: (smartcard, facts) => withCharacter(smartcard, (character) => liveCharacter(character, facts)),
  label: ({ card }) => `smart card (${card.mode})`,
};

type Passthrough = Extract<Smartcard['card'], { readonly mode: 'passthrough' }> & Pick<Smartcard, 'alias'>;

function withCharacter(smartcard: Smartcard, change: (character: Passthrough) => Passthrough): Smartcard {
  if (smartcard.card.mode !== 'passthrough') return smartcard;
  const { alias: _, ...card } = change({ ...smartcard.card, alias: smartcard.alias });
  return { ...smartcard, card };
}

function driverOf({ card }: Smartcard): string {
  return card.mode === 'passthrough' ? 'ccid-card-passthru' : 'ccid-card-emulated';
}

function validateSmartcard(smartcard: Smartcard, domain: DomainSurroundings): void {
  const { card, address } = smartcard;
  const name = `smartcard of mode '${card.mode}'`;
  if (devicesOf(domain.definition.devices, 'smartcard').length > 1) throw new VireoError('CONFIG_UNSUPPORTED', "more than one <smartcard>: QEMU's card reader has one slot");
  if (address && address.type !== 'ccid') throw new VireoError('CONFIG_UNSUPPORTED', `${name}: its <address> is of type 'ccid', not '${address.type}'`);
  if (address && (address.controller !== 0 || (address.slot ?? 0) !== 0)) throw new VireoError('CONFIG_UNSUPPORTED', `${name}: QEMU has one card reader with one slot: controller 0, slot 0`);
  if (card.mode === 'host-certificates' && card.certificates.length !== certificatesOfCard) {
    throw new VireoError('XML_ERROR', `${name}: it has ${card.certificates.length} <certificate> elements and needs exactly ${certificatesOfCard}`);
  }
  if (card.mode === 'passthrough') validateCharacter(card, name, domain);
  requireDeviceType(domain.capabilities, driverOf(smartcard), name);
}

function commandLine(smartcard: Smartcard, launch: DeviceLaunch): readonly CommandFragment[] {
  const id = aliasOf(smartcard);
  const { card } = smartcard;
  const chardev = card.mode === 'passthrough' ? chardevFragments(card, id, launch, 'smartcard') : [];
  const { slot: _, ...bus } = addressProperties(smartcard.address, launch);
  return [...chardev, json('device', { driver: driverOf(smartcard), ...cardProperties(card, id), id, ...bus })];
}

function cardProperties(card: Smartcard['card'], id: string): JsonObject {
  switch (card.mode) {
    case 'host':
      return { backend: 'nss-emulated' };
    case 'host-certificates':
      return { backend: 'certificates', ...Object.fromEntries(card.certificates.map(({ name }, index) => [`cert${index + 1}`, name])), db: card.database ?? usualDatabase };
    case 'passthrough':
      return { chardev: chardevId(id) };
  }
}

function hostNeeds({ card }: Smartcard): readonly HostNeed[] {
  if (card.mode === 'passthrough') return characterNeeds(card);
  return card.mode === 'host-certificates' ? [{ type: 'path', path: card.database ?? usualDatabase, access: 'read', why: 'the certificates of <smartcard>' }] : [];
}
