/** `-device` as the element that this driver renders to it. */
import type { XmlElement } from '../../xml/xml-element.ts';
import { bootOrder, element, indexOf, type NativeParts, pciAddress, usbAddress, virtioDriver } from './native-parts.ts';
import { type Json, text } from './qemu-options.ts';
import { readCharacterDevice } from './read-character.ts';
import { readDisk } from './read-disk.ts';

/** Null for a driver that is not understood. */
export function readDevice(properties: Json, parts: NativeParts, taken: Map<string, number>): XmlElement | null {
  const driver = text(properties['driver']) ?? '';
  return (
    readDisk(driver, properties, parts, taken) ??
    readCharacterDevice(driver, properties, parts) ??
    readController(driver, properties) ??
    readInterface(driver, properties, parts) ??
    readInput(driver, properties) ??
    readVideo(driver, properties) ??
    readOther(driver, properties, parts)
  );
}

const pciModels = new Set(['pcie-root-port', 'ioh3420', 'pci-bridge', 'pcie-pci-bridge', 'i82801b11-bridge', 'x3130-upstream', 'xio3130-downstream']);
const pciModelNames: Readonly<Record<string, string>> = {
  ioh3420: 'pcie-root-port', 'pcie-pci-bridge': 'pcie-to-pci-bridge', 'i82801b11-bridge': 'dmi-to-pci-bridge', 'x3130-upstream': 'pcie-switch-upstream-port', 'xio3130-downstream': 'pcie-switch-downstream-port',
};
const usbModels: Readonly<Record<string, string>> = {
  'qemu-xhci': 'qemu-xhci', 'nec-usb-xhci': 'nec-xhci', 'piix3-usb-uhci': 'piix3-uhci', 'piix4-usb-uhci': 'piix4-uhci', 'usb-ehci': 'ehci', 'pci-ohci': 'pci-ohci', 'ich9-usb-ehci1': 'ich9-ehci1', 'ich9-usb-uhci1': 'ich9-uhci1', 'ich9-usb-uhci2': 'ich9-uhci2', 'ich9-usb-uhci3': 'ich9-uhci3',
};
const scsiModels: Readonly<Record<string, string>> = { 'virtio-scsi': 'virtio-scsi', lsi: 'lsilogic', megasas: 'lsisas1078', mptsas1068: 'lsisas1068', pvscsi: 'vmpvscsi' };

function readController(driver: string, properties: Json): XmlElement | null {
  const index = indexOf(text(properties['id']));
  const address = pciAddress(properties);
  if (pciModels.has(driver)) {
    const target = element('target', { chassis: text(properties['chassis']), chassisNr: text(properties['chassis_nr']), port: text(properties['port']), hotplug: onOff(properties['hotplug']) });
    return element('controller', { type: 'pci', index, model: pciModelNames[driver] ?? driver }, [element('model', { name: driver }), target, address]);
  }
  const usb = usbModels[driver];
  if (usb !== undefined) {
    const start = text(properties['firstport']);
    return element('controller', { type: 'usb', index: indexOf((text(properties['id']) ?? '').replace(/^usb$/, 'usb0').replace(/-.*$/, '').replace(/^usb$/, 'usb0')), model: usb, ports: text(properties['p2']) }, [start === null ? null : element('master', { startport: start }), address]);
  }
  const virtio = virtioDriver(driver);
  if (virtio?.device === 'virtio-serial') return element('controller', { type: 'virtio-serial', index, ports: text(properties['max_ports']), vectors: text(properties['vectors']), model: virtioModel(virtio.model) }, [address]);
  const scsi = scsiModels[virtio?.device ?? driver];
  if (scsi !== undefined) {
    const tuning = { queues: text(properties['num_queues']), cmd_per_lun: text(properties['cmd_per_lun']), max_sectors: text(properties['max_sectors']) };
    const hasTuning = Object.values(tuning).some((value) => value !== null);
    return element('controller', { type: 'scsi', index, model: virtio ? (virtio.model === 'virtio' ? scsi : virtio.model) : scsi }, [hasTuning ? element('driver', tuning) : null, address]);
  }
  return driver === 'ahci' ? element('controller', { type: 'sata', index }, [address]) : null;
}

/** The plain model is what is meant where none is named. */
function virtioModel(model: string): string | null {
  return model === 'virtio' ? null : model;
}

function readInterface(driver: string, properties: Json, { netdevs }: NativeParts): XmlElement | null {
  const netdev = netdevs.get(text(properties['netdev']) ?? '');
  if (!netdev) return null;
  const virtio = virtioDriver(driver);
  const type = text(netdev['type']);
  const mtu = text(properties['host_mtu']);
  return element('interface', { type: type === 'tap' ? 'ethernet' : type }, [
    element('mac', { address: text(properties['mac']) }),
    type === 'tap' ? element('target', { dev: text(netdev['ifname']), managed: 'no' }) : null,
    element('model', { type: virtio ? virtio.model : driver }),
    mtu === null ? null : element('mtu', { size: mtu }),
    bootOrder(properties),
    pciAddress(properties),
  ]);
}

const inputs: Readonly<Record<string, readonly [type: string, bus: string]>> = {
  'usb-tablet': ['tablet', 'usb'], 'usb-mouse': ['mouse', 'usb'], 'usb-kbd': ['keyboard', 'usb'], 'virtio-tablet': ['tablet', 'virtio'], 'virtio-mouse': ['mouse', 'virtio'], 'virtio-keyboard': ['keyboard', 'virtio'],
};

function readInput(driver: string, properties: Json): XmlElement | null {
  const [type, bus] = inputs[virtioDriver(driver)?.device ?? driver] ?? [];
  if (type === undefined || bus === undefined) return null;
  return element('input', { type, bus }, [bus === 'usb' ? usbAddress(properties) : pciAddress(properties)]);
}

const videos: Readonly<Record<string, string>> = { VGA: 'vga', 'cirrus-vga': 'cirrus', 'vmware-svga': 'vmvga', 'qxl-vga': 'qxl', qxl: 'qxl', 'virtio-vga': 'virtio', 'virtio-gpu': 'virtio', 'bochs-display': 'bochs', ramfb: 'ramfb' };

function readVideo(driver: string, properties: Json): XmlElement | null {
  const type = driver === 'virtio-vga' ? 'virtio' : videos[virtioDriver(driver)?.device ?? driver];
  if (type === undefined) return null;
  const megabytes = text(properties['vgamem_mb']);
  const kibibytes = megabytes === null ? null : String(Number(megabytes) * 1024);
  const bytes = (name: string): string | null => (text(properties[name]) === null ? null : String(Number(text(properties[name])) / 1024));
  const model = type === 'qxl'
    ? { type, ram: bytes('ram_size'), vram: bytes('vram_size'), vgamem: kibibytes, heads: text(properties['max_outputs']) }
    : { type, vram: kibibytes ?? bytes('vgamem'), heads: text(properties['max_outputs']) };
  return element('video', {}, [element('model', { ...model, primary: driver === 'qxl' || driver.startsWith('virtio-gpu') ? null : 'yes' }), pciAddress(properties)]);
}

function readOther(driver: string, properties: Json, { objects }: NativeParts): XmlElement | null {
  const virtio = virtioDriver(driver);
  if (virtio?.device === 'virtio-balloon') {
    return element('memballoon', { model: virtio.model, autodeflate: onOff(properties['deflate-on-oom']), freePageReporting: onOff(properties['free-page-reporting']) }, [pciAddress(properties)]);
  }
  if (virtio?.device === 'virtio-rng') {
    const source = objects.get(text(properties['rng']) ?? '');
    const period = text(properties['period']);
    const rate = text(properties['max-bytes']) === null ? null : element('rate', { bytes: text(properties['max-bytes']), period });
    const file = text(source?.['filename']);
    const backend = source?.['qom-type'] === 'rng-builtin' ? element('backend', { model: 'builtin' }) : element('backend', { model: 'random' }, [file]);
    return element('rng', { model: virtio.model }, [rate, backend, pciAddress(properties)]);
  }
  if (driver === 'i6300esb' || driver === 'ib700') return element('watchdog', { model: driver }, [pciAddress(properties)]);
  return null;
}

function onOff(value: unknown): string | null {
  return value === undefined ? null : value === true || value === 'on' ? 'on' : 'off';
}
