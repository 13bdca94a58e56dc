import { describe, expect, test } from 'vitest';
import { complete, goldenLaunch, recordedCapabilities } from '../../../test/golden/golden-launch.ts';
import { buildCommandLine } from '../../command/build-command-line.ts';
import { liveDefinition } from '../../command/live-definition.ts';
import { type DeviceOf, devicesOf } from '../../conf/device-definition.ts';
import { formatDomain, parseDomain, unknownNodes } from '../domain-xml.ts';

const capabilities = await recordedCapabilities();

function domain(devices: string, machine = 'q35', rest = ''): string {
  return `<domain type='qemu'><name>x</name><memory unit='MiB'>64</memory>${rest}<os><type machine='${machine}'>hvm</type></os><devices><memballoon model='none'/>${devices}</devices></domain>`;
}

function controllersOf(devices: string, machine = 'q35', rest = ''): readonly DeviceOf<'controller'>[] {
  return devicesOf(complete(domain(devices, machine, rest), capabilities).devices, 'controller');
}

/** The -device of the one whose driver is given, without what every domain has. */
function deviceOf(driver: string, devices: string, machine = 'q35', rest = ''): unknown {
  const launch = goldenLaunch(capabilities);
  const { argv } = buildCommandLine(liveDefinition(complete(domain(devices, machine, rest), capabilities), launch), launch);
  const rendered = argv.filter((_, at) => argv[at - 1] === '-device').map((text) => JSON.parse(text) as Record<string, unknown>);
  return rendered.find((device) => device['driver'] === driver);
}

const noUsb = "<controller type='usb' model='none'/>";

describe('on the command line', () => {
  test.each<[string, string, string, Record<string, unknown>]>([
    ['pcie-root-port', "<controller type='pci' model='pcie-root-port'><target chassis='9' port='0x20' hotplug='off' memReserve='2048'/></controller>", 'q35', { port: 32, chassis: 9, hotplug: false, 'mem-reserve': 2_097_152, id: 'pci.1' }],
    ['ioh3420', "<controller type='pci' model='pcie-root-port'><model name='ioh3420'/></controller>", 'q35', { port: 8, chassis: 1 }],
    ['x3130-upstream', "<controller type='pci' model='pcie-root-port'/><controller type='pci' model='pcie-switch-upstream-port'/>", 'q35', { id: 'pci.2', bus: 'pci.1', addr: '0x0' }],
    ['i82801b11-bridge', "<controller type='pci' model='dmi-to-pci-bridge'/>", 'q35', { id: 'pci.1', bus: 'pcie.0', addr: '0x1e' }],
    ['pxb', "<controller type='pci' model='pci-expander-bus'/>", 'pc', { bus_nr: 254, id: 'pci.1', bus: 'pci.0' }],
    ['pci-bridge', "<controller type='pci' model='pci-bridge'/>", 'pc', { chassis_nr: 1, id: 'pci.1', bus: 'pci.0' }],
    ['qemu-xhci', "<controller type='usb' model='qemu-xhci' ports='8'/>", 'q35', { p2: 8, p3: 8, id: 'usb' }],
    ['lsi', "<controller type='scsi'/>", 'pc', { id: 'scsi0', bus: 'pci.0' }],
    ['megasas', "<controller type='scsi' model='lsisas1078' index='3'/>", 'pc', { id: 'scsi3' }],
    ['virtio-scsi-pci', "<controller type='scsi' model='virtio-scsi'><driver queues='4' cmd_per_lun='50' max_sectors='512' ioeventfd='on' iothread='1' iommu='on'/></controller>", 'q35',
      { iommu_platform: true, iothread: 'iothread1', num_queues: 4, cmd_per_lun: 50, max_sectors: 512, ioeventfd: true, id: 'scsi0' }],
    ['virtio-scsi-pci-transitional', "<controller type='scsi' model='virtio-transitional'/>", 'pc', { id: 'scsi0' }],
    ['virtio-serial-pci', "<controller type='virtio-serial' ports='16' vectors='4'><driver packed='on'/></controller>", 'q35', { packed: true, max_ports: 16, vectors: 4, id: 'virtio-serial0' }],
    ['ahci', "<controller type='sata' index='1'/>", 'q35', { id: 'sata1' }],
    ['usb-ccid', "<controller type='ccid'/>", 'q35', { id: 'ccid0', bus: 'usb.0', port: '1' }],
  ])('%s is made from %s', (driver, devices, machine, properties) => {
    expect(deviceOf(driver, devices, machine, '<iothreads>1</iothreads>')).toMatchObject({ driver, ...properties });
  });

  test('the parts of the board are not made again', () => {
    for (const driver of ['pcie-root', 'ahci', 'ich9-ahci']) expect(deviceOf(driver, noUsb)).toBeUndefined();
    expect(deviceOf('piix3-ide', "<controller type='ide' index='0'/>", 'pc')).toBeUndefined();
  });

  test('the hole for addresses above 4 GiB is a property of the host bridge', () => {
    const launch = goldenLaunch(capabilities);
    const xml = domain("<controller type='pci' index='0' model='pcie-root'><pcihole64 unit='GiB'>1</pcihole64></controller>");
    expect(buildCommandLine(liveDefinition(complete(xml, capabilities), launch), launch).argv).toContain('q35-pcihost.pci-hole64-size=1048576K');
  });
});

describe('completing', () => {
  const named = (controllers: readonly DeviceOf<'controller'>[]): readonly string[] => controllers.filter(({ type }) => type === 'usb').map(({ index, model, masterStartPort }) => `${index} ${model} ${masterStartPort ?? '-'}`);

  test('the functions of one ICH9 chip get one number and one slot, and companions their first port', () => {
    const chip = ['ehci1', 'uhci1', 'uhci2', 'uhci3'].map((name) => `<controller type='usb' model='ich9-${name}'/>`).join('');
    const controllers = controllersOf(chip + chip);
    expect(named(controllers)).toEqual([0, 1].flatMap((index) => [`${index} ich9-ehci1 -`, `${index} ich9-uhci1 0`, `${index} ich9-uhci2 2`, `${index} ich9-uhci3 4`]));
    expect(controllers.filter(({ index, type }) => type === 'usb' && index === 1).map(({ address }) => (address?.type === 'pci' ? `${address.slot}.${address.function}` : ''))).toEqual(['26.7', '26.0', '26.1', '26.2']);
  });

  test('an EHCI stands before its companions, which QEMU plugs into it', () => {
    const chip = "<controller type='usb' index='0' model='ich9-uhci1'/><controller type='usb' index='0' model='ich9-ehci1'/>";
    expect(named(controllersOf(chip))).toEqual(['0 ich9-ehci1 -', '0 ich9-uhci1 0']);
  });

  test("the model is the board's first that QEMU has", () => {
    expect(named(controllersOf('', 'pc'))).toEqual(['0 piix3-uhci -']);
    expect(named(controllersOf("<controller type='usb'/>"))).toEqual(['0 piix3-uhci -']);
    const withoutXhci = { ...capabilities, deviceTypes: new Set([...capabilities.deviceTypes].filter((type) => !type.includes('xhci'))) };
    expect(named(devicesOf(complete(domain(''), withoutXhci).devices, 'controller'))).toEqual(['0 ich9-ehci1 -', '0 ich9-uhci1 0', '0 ich9-uhci2 2', '0 ich9-uhci3 4']);
  });

  test('two ports never share a chassis', () => {
    const ports = controllersOf(`${noUsb}<controller type='pci' index='1' model='pcie-root-port'><target chassis='2'/></controller><controller type='pci' index='2' model='pcie-root-port'/>`);
    expect(ports.flatMap(({ target }) => target?.chassis ?? [])).toEqual([2, 255]);
  });

  test('expander buses count down from the last number', () => {
    const buses = controllersOf("<controller type='pci' model='pci-expander-bus'/><controller type='pci' model='pci-expander-bus'><target busNr='200'/></controller><controller type='pci' model='pci-expander-bus'/>", 'pc');
    expect(buses.flatMap(({ target }) => target?.busNr ?? [])).toEqual([198, 200, 196]);
  });
});

describe('refused', () => {
  test.each([
    ["<controller type='scsi' model='buslogic'/>", 'q35', /scsi controller 0: model 'buslogic' is not supported/],
    ["<controller type='xenbus'/>", 'q35', /xenbus controller 0: it exists on Xen only/],
    ["<controller type='usb' model='qusb1'/>", 'q35', /model 'qusb1' exists on Xen only/],
    ["<controller type='usb' model='nec-xhci' ports='16'/>", 'q35', /it has 16 ports; QEMU allows 1 to 15/],
    ["<controller type='usb' model='piix3-uhci' ports='4'/>", 'pc', /the number of ports can be chosen for qemu-xhci and nec-xhci only/],
    ["<controller type='usb' model='ich9-uhci1'/>", 'q35', /there is no master with index 0/],
    [`${noUsb}<controller type='usb' index='1' model='qemu-xhci'/>`, 'q35', /model 'none' switches USB off/],
    ["<controller type='ide'/>", 'q35', /ide controller 0: this machine has no IDE controller/],
    ["<controller type='ide' index='1'/>", 'pc', /this machine has a single IDE controller/],
    ["<controller type='sata'><driver queues='2'/></controller>", 'q35', /driver attribute 'queues' is for virtio-scsi controllers only/],
    ["<controller type='scsi' model='virtio-scsi'><driver iothread='7'/></controller>", 'q35', /iothread '7' is not defined/],
    ["<controller type='pci' index='0' model='pci-root'/>", 'q35', /pci controller 0 is 'pci-root', but the q35 machine has a pcie-root/],
    ["<controller type='pci' index='1' model='pcie-root-port'/>", 'pc', /needs a machine with PCI Express/],
    ["<controller type='pci' model='pci-expander-bus'/>", 'q35', /none is left on a pci-root/],
    ["<controller type='pci' index='1' model='pcie-root-port'><target busNr='4'/></controller>", 'q35', /pci controller 1 \(pcie-root-port\): target 'busNr' is not for this model/],
    ["<controller type='pci' index='1' model='pcie-root-port'><model name='pci-bridge'/></controller>", 'q35', /model name 'pci-bridge' is not a device for it/],
    ["<controller type='pci' index='1' model='pcie-expander-bus'><target><node>3</node></target></controller>", 'q35', /NUMA node 3 is not among the 0 cells/],
    ["<controller type='pci' index='1' model='pci-bridge'><address type='pci' bus='2' slot='1'/></controller><controller type='pci' index='2' model='pci-bridge'><address type='pci' bus='1' slot='1'/></controller>", 'pc', /pci controller 1 is plugged into itself: 1 -> 2 -> 1/],
  ])('%s on %s', (devices, machine, reason) => {
    expect(() => controllersOf(devices, machine)).toThrow(reason);
  });
});

describe('the document', () => {
  const written = (controller: string): string => /<controller[^]*<\/controller>|<controller[^>]*\/>/.exec(formatDomain(parseDomain(domain(controller)), { form: 'inactive' }))?.[0] ?? '';

  test('says everything in the order of libvirt', () => {
    const controller = "<controller type='pci' model='pcie-root-port' index='3'><address type='pci' slot='4'/><acpi index='5'/><target port='16' chassis='0x3'/><model name='pcie-root-port'/><alias name='ua-port'/></controller>";
    expect(written(controller).replaceAll(/\n\s*/g, '')).toBe(
      "<controller type='pci' index='3' model='pcie-root-port'><model name='pcie-root-port'/><target chassis='3' port='0x10'/><alias name='ua-port'/><acpi index='5'/>" +
        "<address type='pci' domain='0x0000' bus='0x00' slot='0x04' function='0x0'/></controller>",
    );
  });

  test('keeps the threads of single queues', () => {
    const mapping = "<iothreads><iothread id='1'><queue id='0'/><queue id='2'/></iothread><iothread id='2'/></iothreads>";
    expect(written(`<controller type='scsi' model='virtio-scsi'><driver>${mapping}</driver></controller>`).replaceAll(/\n\s*/g, '')).toContain(mapping);
  });

  test('keeps what a type does not have as unknown', () => {
    const parsed = parseDomain(domain("<controller type='sata' model='ahci'/><controller type='pci' model='pci-bridge'><pcihole64 unit='KiB'>1</pcihole64></controller>"));
    expect(unknownNodes(parsed).map(({ path }) => path)).toEqual(['domain/devices/controller@model', 'domain/devices/controller/pcihole64']);
  });
});
