/** Refuses controllers that QEMU would refuse, or that this driver cannot run (D4). */
import { VireoError } from '../../base/errors.ts';
import { devicesOf, type DeviceOf } from '../../conf/device-definition.ts';
import { effectiveIothreads } from '../../conf/iothreads.ts';
import type { DomainSurroundings } from '../device-module.ts';
import { findController } from './controller-alias.ts';
import { deviceTypeOf, driverOf, isBuiltIn, isVirtioScsi } from './controller-model.ts';
import { validatePciController } from './validate-pci-controller.ts';

type Controller = DeviceOf<'controller'>;

/** QEMU numbers the ports of one virtio-serial device from 0 to 30. */
export const maximumVirtioSerialPorts = 31;

const maximumXhciPorts = 15;

export function validateController(controller: Controller, domain: DomainSurroundings): void {
  const { type, index, model } = controller;
  const refuse = (text: string): never => {
    throw new VireoError('CONFIG_UNSUPPORTED', `${type} controller ${index}: ${text}`);
  };
  refuseTwins(controller, domain);
  validateModel(controller, domain, refuse);
  validateDriver(controller, domain, refuse);
  switch (type) {
    case 'virtio-serial':
      if (controller.ports !== null && (controller.ports < 1 || controller.ports > maximumVirtioSerialPorts)) {
        refuse(`it has ${controller.ports} ports; QEMU allows 1 to ${maximumVirtioSerialPorts}`);
      }
      break;
    case 'usb':
      validateUsb(controller, domain, refuse);
      break;
    case 'ide':
      if (!isBuiltIn(controller, domain.board)) refuse(domain.board.builtInDisks === 'ide' ? 'this machine has a single IDE controller' : 'this machine has no IDE controller');
      break;
    case 'fdc':
      if (index !== 0) refuse('a machine has a single floppy controller');
      break;
    case 'scsi':
      if (model === 'ncr53c90') refuse("model 'ncr53c90' is part of boards that this driver does not run");
      break;
    case 'pci':
      validatePciController(controller, domain);
      break;
    default:
      break;
  }
}

function refuseTwins(controller: Controller, { definition }: DomainSurroundings): void {
  const { type, index, masterStartPort } = controller;
  if (masterStartPort !== null) return;
  const first = findController(definition, type, index ?? 0);
  // The last of several is what is found under the number.
  if (first !== null && first !== controller) throw new VireoError('XML_ERROR', `Multiple '${type}' controllers with index '${index}'`);
}

function validateModel(controller: Controller, { board, capabilities, definition }: DomainSurroundings, refuse: (text: string) => never): void {
  const { type, model } = controller;
  if (type === 'xenbus') refuse('it exists on Xen only');
  if (type === 'isa') refuse("'isa' controllers are not made by QEMU; machines with ISA have their bridge");
  if (model === 'qusb1' || model === 'qusb2') refuse(`model '${model}' exists on Xen only`);
  if (type === 'fdc') {
    if (board.floppy === 'none') refuse(`the machine '${definition.os.type.machine}' has no place for a floppy controller`);
    if (board.floppy === 'added' && !capabilities.deviceTypes.has('isa-fdc')) refuse('this QEMU has no isa-fdc');
    return;
  }
  if (type === 'ide' || isBuiltIn(controller, board) || model === 'none' || (type === 'pci' && model?.endsWith('-root'))) return;
  const { address } = controller;
  if (address !== null && address.type !== 'pci' && model?.endsWith('transitional')) refuse(`model '${model}' exists on PCI only, and its address is of type '${address.type}'`);
  const driver = driverOf(controller, board);
  if (driver === null) refuse(model === null ? 'it needs a model' : `model '${model}' is not supported`);
  else if (!capabilities.deviceTypes.has(deviceTypeOf(driver))) refuse(`this QEMU has no ${driver}${model === null ? '' : ` for model '${model}'`}`);
}

/** Only virtio-scsi has queues and threads of its own. */
function validateDriver({ type, model, driver }: Controller, { definition }: DomainSurroundings, refuse: (text: string) => never): void {
  if (!driver) return;
  if (!(type === 'scsi' && isVirtioScsi(model))) {
    const given = [['queues', driver.queues], ['cmd_per_lun', driver.cmdPerLun], ['max_sectors', driver.maxSectors], ['ioeventfd', driver.ioeventfd], ['iothread', driver.iothread]] as const;
    const [wrong] = given.find(([, value]) => value !== null && value !== 0) ?? [];
    if (wrong !== undefined) refuse(`driver attribute '${wrong}' is for virtio-scsi controllers only`);
    if (driver.iothreads.length > 0) refuse('I/O threads are for virtio-scsi controllers only');
    return;
  }
  if (driver.iothread && driver.iothreads.length > 0) refuse("driver attribute 'iothread' and the element 'iothreads' exclude each other");
  const known = new Set(effectiveIothreads(definition).map(({ id }) => id));
  for (const id of [driver.iothread, ...driver.iothreads.map((each) => each.id)]) {
    if (id && !known.has(id)) refuse(`iothread '${id}' is not defined in iothreads or iothreadids`);
  }
}

function validateUsb(controller: Controller, domain: DomainSurroundings, refuse: (text: string) => never): void {
  const { index, model, ports, masterStartPort } = controller;
  const isXhci = model?.endsWith('xhci') ?? false;
  if (isXhci && ports !== null && (ports < 1 || ports > maximumXhciPorts)) refuse(`it has ${ports} ports; QEMU allows 1 to ${maximumXhciPorts}`);
  if (!isXhci && ports !== null) refuse(`the number of ports can be chosen for qemu-xhci and nec-xhci only, not for '${model ?? ''}'`);
  const others = devicesOf(domain.definition.devices, 'controller').filter((other) => other !== controller && other.type === 'usb');
  if (model === 'none' && others.length > 0) refuse("model 'none' switches USB off, but the domain has other USB controllers");
  if (masterStartPort !== null && !findController(domain.definition, 'usb', index ?? 0)) refuse(`there is no master with index ${index} for the companion ${model ?? ''}`);
}
