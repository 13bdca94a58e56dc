/**
 * The devices of the domain capabilities document, in libvirt's order (formatdomaincaps, libvirt 11). Kinds that the
 * driver does not know yet stand here too: they are printed as unsupported until a folder of core/devices reads them.
 * libvirt has no enums for the type and model of a network card; they are added, as its schema allows any enum.
 */
import type { TrialParts } from './trial-domain.ts';
import type { Section } from './vocabulary.ts';

/** Every value's domain is a bare one with this device. */
const device = (xml: (value: string) => string) => (value: string): readonly TrialParts[] => [{ devices: xml(value) }];

const diskBuses = ['ide', 'fdc', 'scsi', 'virtio', 'xen', 'usb', 'sata', 'sd'];
const targetOfBus: Readonly<Record<string, string>> = { ide: 'hda', fdc: 'fda', virtio: 'vda', xen: 'xvda' };

function disk(kind: string, bus: string, attributes = ''): TrialParts {
  const source = kind === 'lun' ? `type='block' device='lun'${attributes}><source dev='/dev/trial'/>` : `type='file' device='${kind}'${attributes}><source file='/trial'/>`;
  return { devices: `<disk ${source}<target dev='${targetOfBus[bus] ?? 'sda'}' bus='${bus}'/></disk>` };
}

const diskSection: Section = {
  name: 'disk',
  enums: [
    { name: 'diskDevice', values: ['disk', 'cdrom', 'floppy', 'lun'], variants: (kind) => diskBuses.map((bus) => disk(kind, bus)) },
    { name: 'bus', values: diskBuses, variants: (bus) => ['disk', 'cdrom', 'floppy'].map((kind) => disk(kind, bus)) },
    { name: 'model', values: ['virtio', 'virtio-transitional', 'virtio-non-transitional'], variants: (model) => [disk('disk', 'virtio', ` model='${model}'`)] },
  ],
};

const virtioModels = ['virtio', 'virtio-transitional', 'virtio-non-transitional'];

const hostdevSources: Readonly<Record<string, string>> = {
  usb: "<source><address bus='1' device='2'/></source>",
  pci: "<source><address domain='0' bus='1' slot='0' function='0'/></source>",
  scsi: "<source><adapter name='scsi_host0'/><address bus='0' target='0' unit='0'/></source>",
  mdev: "<source><address uuid='00000000-0000-4000-8000-000000000001'/></source>",
};

function hostdev(type: string, startupPolicy = '', driver = ''): string {
  const source = (hostdevSources[type] ?? '').replace('<source>', `<source${startupPolicy}>`);
  return `<hostdev mode='subsystem' type='${type}'${type === 'mdev' ? " model='vfio-pci'" : ''}>${driver}${source}</hostdev>`;
}

const hostdevSection: Section = {
  name: 'hostdev',
  enums: [
    { name: 'mode', values: ['subsystem'], variants: () => Object.keys(hostdevSources).map((type) => ({ devices: hostdev(type) })) },
    { name: 'startupPolicy', values: ['default', 'mandatory', 'requisite', 'optional'], variants: device((policy) => hostdev('usb', ` startupPolicy='${policy}'`)) },
    { name: 'subsysType', values: Object.keys(hostdevSources), variants: device((type) => hostdev(type)) },
    { name: 'capsType', values: ['storage', 'misc', 'net'], variants: device((type) => `<hostdev mode='capabilities' type='${type}'><source/></hostdev>`) },
    { name: 'pciBackend', values: ['default', 'vfio'], variants: device((name) => hostdev('pci', '', name === 'default' ? '' : `<driver name='${name}'/>`)) },
  ],
};

const rngBackends: Readonly<Record<string, string>> = {
  random: "<backend model='random'>/dev/urandom</backend>",
  egd: "<backend model='egd' type='unix'><source mode='connect' path='/trial'/></backend>",
  builtin: "<backend model='builtin'/>",
};

const rngSection: Section = {
  name: 'rng',
  enums: [
    { name: 'model', values: virtioModels, variants: (model) => Object.values(rngBackends).map((backend) => ({ devices: `<rng model='${model}'>${backend}</rng>` })) },
    { name: 'backendModel', values: Object.keys(rngBackends), variants: device((backend) => `<rng model='virtio'>${rngBackends[backend]}</rng>`) },
  ],
};

/** virtiofsd shares the guest's memory, so a domain with it must too. */
const sharedMemory = "<memoryBacking><source type='memfd'/><access mode='shared'/></memoryBacking>";

const filesystemSection: Section = {
  name: 'filesystem',
  enums: [{
    name: 'driverType',
    values: ['path', 'virtiofs', 'mtp'],
    variants: (driver) => [{
      devices: `<filesystem type='mount'><driver type='${driver}'/><source dir='/trial'/><target dir='trial'/></filesystem>`,
      ...(driver === 'virtiofs' ? { domain: sharedMemory } : {}),
    }],
  }],
};

const tpmModels = ['tpm-tis', 'tpm-crb', 'tpm-spapr', 'spapr-tpm-proxy'];
const tpmBackends: Readonly<Record<string, string>> = {
  passthrough: "<backend type='passthrough'><device path='/dev/tpm0'/></backend>",
  emulator: "<backend type='emulator' version='2.0'/>",
  external: "<backend type='external'><source type='unix' mode='connect' path='/trial'/></backend>",
};
const tpm = (model: string, backend: string): TrialParts => ({ devices: `<tpm model='${model}'>${backend}</tpm>` });

const tpmSection: Section = {
  name: 'tpm',
  enums: [
    { name: 'model', values: tpmModels, variants: (model) => Object.values(tpmBackends).map((backend) => tpm(model, backend)) },
    { name: 'backendModel', values: Object.keys(tpmBackends), variants: (backend) => tpmModels.map((model) => tpm(model, tpmBackends[backend] ?? '')) },
    { name: 'backendVersion', values: ['1.2', '2.0'], variants: (version) => tpmModels.map((model) => tpm(model, `<backend type='emulator' version='${version}'/>`)) },
  ],
};

/** Where a character device's bytes may go on the host. */
const characterSources: Readonly<Record<string, string>> = {
  null: '',
  vc: '',
  pty: '',
  dev: "<source path='/dev/trial'/>",
  file: "<source path='/trial'/>",
  pipe: "<source path='/trial'/>",
  stdio: '',
  udp: "<source mode='connect' host='127.0.0.1' service='4555'/>",
  tcp: "<source mode='bind' host='127.0.0.1' service='4555'/>",
  unix: "<source mode='bind'/>",
  spicevmc: '',
  spiceport: "<source channel='org.trial'/>",
  'qemu-vdagent': '<source/>',
  dbus: "<source channel='org.trial'/>",
};
const characterTypes = Object.keys(characterSources);

export const deviceVocabulary: readonly Section[] = [
  diskSection,
  { name: 'graphics', enums: [{ name: 'type', values: ['sdl', 'vnc', 'rdp', 'spice', 'egl-headless', 'dbus'], variants: device((type) => `<graphics type='${type}'/>`) }] },
  {
    name: 'video',
    enums: [{ name: 'modelType', values: ['vga', 'cirrus', 'vmvga', 'qxl', 'virtio', 'none', 'bochs', 'ramfb'], variants: device((type) => `<video><model type='${type}'/></video>`) }],
  },
  hostdevSection,
  rngSection,
  filesystemSection,
  tpmSection,
  { name: 'redirdev', enums: [{ name: 'bus', values: ['usb'], variants: device((bus) => `<redirdev bus='${bus}' type='tcp'>${characterSources['tcp']}</redirdev>`) }] },
  { name: 'channel', enums: [{ name: 'type', values: characterTypes, variants: device((type) => `<channel type='${type}'>${characterSources[type]}<target type='virtio' name='org.trial'/></channel>`) }] },
  {
    name: 'crypto',
    enums: [
      { name: 'model', values: ['virtio'], variants: device((model) => `<crypto model='${model}' type='qemu'><backend model='builtin'/></crypto>`) },
      { name: 'type', values: ['qemu'], variants: device((type) => `<crypto model='virtio' type='${type}'><backend model='builtin'/></crypto>`) },
      { name: 'backendModel', values: ['builtin', 'lkcf'], variants: device((model) => `<crypto model='virtio' type='qemu'><backend model='${model}'/></crypto>`) },
    ],
  },
  {
    name: 'interface',
    enums: [
      { name: 'backendType', values: ['default', 'passt'], variants: device((type) => `<interface type='user'><backend type='${type}'/></interface>`) },
      { name: 'type', values: ['user', 'bridge', 'network', 'ethernet', 'direct', 'vhostuser', 'udp', 'mcast', 'client', 'server', 'null', 'vdpa', 'hostdev'], variants: device(interfaceOfType) },
      {
        name: 'model',
        values: [...virtioModels, 'e1000', 'e1000e', 'igb', 'rtl8139', 'ne2k_pci', 'pcnet', 'vmxnet3'],
        variants: device((model) => `<interface type='user'><model type='${model}'/></interface>`),
      },
    ],
  },
  { name: 'panic', enums: [{ name: 'model', values: ['isa', 'pseries', 'hyperv', 's390', 'pvpanic'], variants: device((model) => `<panic model='${model}'/>`) }] },
  { name: 'console', enums: [{ name: 'type', values: characterTypes, variants: device((type) => `<console type='${type}'>${characterSources[type]}<target type='virtio'/></console>`) }] },
];

function interfaceOfType(type: string): string {
  const sources: Readonly<Record<string, string>> = {
    bridge: "<source bridge='br0'/>",
    network: "<source network='default'/>",
    direct: "<source dev='eth0' mode='bridge'/>",
    vhostuser: "<source type='unix' path='/trial' mode='server'/>",
    udp: "<source address='127.0.0.1' port='4555'><local address='127.0.0.1' port='4556'/></source>",
    mcast: "<source address='230.0.0.1' port='4555'/>",
    client: "<source address='127.0.0.1' port='4555'/>",
    server: "<source address='127.0.0.1' port='4555'/>",
    vdpa: "<source dev='/dev/vhost-vdpa-0'/>",
    hostdev: "<source><address type='pci' domain='0' bus='1' slot='0' function='0'/></source>",
  };
  return `<interface type='${type}'>${sources[type] ?? ''}<model type='virtio'/></interface>`;
}
