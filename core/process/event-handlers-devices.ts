/** What a guest's devices do: disks that fail, trays that move, channels that open, memory that comes and goes. */
import { devicesOf, type DeviceDefinition } from '../conf/device-definition.ts';
import type { DomainDefinition } from '../conf/domain-definition.ts';
import type { DiskError } from '../domain/domain-summary.ts';
import type { QmpEvents } from '../monitor/commands.ts';
import { agentPort, withChannelState } from './agent-channel.ts';
import { markPaused } from './cpus.ts';
import { type DiskPlace, diskOfDevice, diskOfNode } from './disk-of-node.ts';
import type { EventScene } from './event-scene.ts';
import { asSoonAsFree } from './event-worker.ts';

/** libvirt's words for what QEMU does about a failed request. */
const errorActions = { ignore: 'none', stop: 'pause', report: 'report' } as const;

/** ENOSPC, as a QEMU without a language says it. */
const noSpaceWords = 'No space left on device';

/** QEMU stops the CPUs a moment after the event; the reason is known only now. */
export function onBlockIoError(scene: EventScene, event: QmpEvents['BLOCK_IO_ERROR']): void {
  const { domain, live } = scene;
  const place = placeOf(live.definition, event);
  const disk = place?.disk.target.dev ?? (event['node-name'] || event.device);
  const alias = place?.disk.alias ?? '';
  const action = errorActions[event.action];
  const isFull = event.nospace === true || event.reason === noSpaceWords; // QEMU sets the flag only where it would stop (7.2)
  if (event.action !== 'ignore') remember(scene, { disk, error: isFull ? 'no space' : 'unspecified error', message: event.reason });
  const details = { path: place?.path ?? '', alias, action };
  scene.note(disk, `I/O error device='${alias}' node-name='${event['node-name'] ?? ''}' operation='${event.operation}' action='${action}' reason='${event.reason}'`);
  if (event.action === 'stop' && domain.state === 'running') {
    live.pauseReason = 'I/O error';
    markPaused(domain, live);
    scene.saveSoon();
  }
  scene.tell('io-error', `${disk}: ${event.reason}`, details, `${disk} ${action}`);
  const reason = isFull ? 'enospc' : 'message';
  scene.tell('io-error-reason', reason, { ...details, reason, message: event.reason, disk }, `${disk} ${action}`);
}

function placeOf(definition: DomainDefinition, event: QmpEvents['BLOCK_IO_ERROR'] | QmpEvents['BLOCK_IMAGE_CORRUPTED']): DiskPlace | null {
  const node = event['node-name'];
  const path = 'qom-path' in event && typeof event['qom-path'] === 'string' ? event['qom-path'] : event.device; // QEMU 9.2 names the device
  return (node === undefined ? null : diskOfNode(definition, node)) ?? diskOfDevice(definition, path);
}

function remember({ domain, live }: EventScene, error: DiskError): void {
  const known = live.diskErrors.get(error.disk);
  if (known?.error === error.error && known.message === error.message) return;
  live.diskErrors = new Map([...live.diskErrors, [error.disk, error]]);
  domain.changed();
}

export function onImageCorrupted(scene: EventScene, event: QmpEvents['BLOCK_IMAGE_CORRUPTED']): void {
  const place = placeOf(scene.live.definition, event);
  const disk = place?.disk.target.dev ?? (event['node-name'] || event.device);
  remember(scene, { disk, error: 'unspecified error', message: event.msg });
  scene.note(disk, `image of ${disk} is damaged${event.fatal ? ' and is not written any more' : ''}: ${event.msg}`);
  scene.tell('io-error', `${disk}: ${event.msg}`, { path: place?.path ?? '', alias: place?.disk.alias ?? '', action: 'report' }, `${disk} corrupted`);
}

export function onWriteThreshold(scene: EventScene, event: QmpEvents['BLOCK_WRITE_THRESHOLD']): void {
  const place = diskOfNode(scene.live.definition, event['node-name']);
  if (!place) return; // an image of a backup
  const dev = place.disk.target.dev;
  scene.tell('block-threshold', dev, { dev, path: place.path, threshold: event['write-threshold'], excess: event['amount-exceeded'] }, event['node-name']);
}

export function onTrayMoved(scene: EventScene, event: QmpEvents['DEVICE_TRAY_MOVED']): void {
  const { domain, live } = scene;
  const place = diskOfDevice(live.definition, event.id || event.device);
  if (!place) return;
  const { alias } = place.disk;
  const tray = event['tray-open'] ? ('open' as const) : null; // closed is what a tray is unless something else is said
  live.definition = withDevices(live.definition, (device) => (device.kind === 'disk' && device.alias === alias ? { ...device, target: { ...device.target, tray } } : device));
  domain.changed();
  scene.saveSoon();
  const reason = event['tray-open'] ? 'opened' : 'closed';
  scene.tell('tray-change', `${place.disk.target.dev} ${reason}`, { alias: alias ?? '', disk: place.disk.target.dev, reason }, alias ?? '');
}

function withDevices(definition: DomainDefinition, change: (device: DeviceDefinition) => DeviceDefinition): DomainDefinition {
  return { ...definition, devices: definition.devices.map(change) };
}

/**
 * The guest gave a device up. A virtio device is told twice, the second time without its alias (QEMU 7.2). The device
 * leaves the live definition under a job, so that no API finds it half gone; what it had on the host goes with whoever
 * asked for its removal.
 */
export function onDeviceDeleted(scene: EventScene, { device: alias }: QmpEvents['DEVICE_DELETED']): void {
  if (alias === undefined) return;
  const { context, domain, live } = scene;
  scene.worker.add(`removal of ${alias}`, () =>
    asSoonAsFree(context, 'processDeviceDeleted', domain, live, async (call) => {
      await using job = await domain.jobs.begin(call, 'modify');
      job.assertHeld();
      if (domain.live !== live || !removeDevice(scene, alias)) return;
      await context.saveStatus(domain);
    }),
  );
}

/** @returns false for what is no device of the definition, such as a vCPU. */
function removeDevice({ context, domain, live }: EventScene, alias: string): boolean {
  const devices = live.definition.devices.filter((device) => device.alias !== alias);
  if (devices.length === live.definition.devices.length) return false;
  live.definition = { ...live.definition, devices };
  context.hub.happened(domain, 'device-removed', alias, { alias });
  return true;
}

export function onDeviceStayed(scene: EventScene, { device: alias }: QmpEvents['DEVICE_UNPLUG_GUEST_ERROR']): void {
  if (alias !== undefined) scene.tell('device-removal-failed', alias, { alias }, alias);
}

/** ACPI 5.0, table 6-162: what a guest answers that keeps a memory module. */
export function onSlotState(scene: EventScene, { info }: QmpEvents['ACPI_DEVICE_OST']): void {
  const { device: alias, source, status } = info;
  const isEjection = source === 0x003 || source === 0x103;
  const isRefusal = status === 0x01 || (status >= 0x80 && status <= 0x83);
  if (alias !== undefined && info['slot-type'] === 'DIMM' && isEjection && isRefusal) scene.tell('device-removal-failed', alias, { alias }, alias);
}

/** Consoles send this event too: where there is no channel, nothing changes. */
export function onPortChange(scene: EventScene, { id, open }: QmpEvents['VSERPORT_CHANGE']): void {
  const { context, domain, live } = scene;
  const isChannel = devicesOf(live.definition.devices, 'channel').some(({ alias }) => alias === id);
  if (isChannel) {
    live.definition = withChannelState(live.definition, id, open);
    scene.saveSoon();
  }
  if (agentPort(live.definition) !== id) return;
  live.agent = open ? 'connected' : 'disconnected';
  context.hub.happened(domain, 'agent-lifecycle', live.agent);
}

/** QEMU counts the balloon alone; what virtio-mem devices give comes on top, as in `<currentMemory>`. */
export function onBalloonChange(scene: EventScene, { actual }: QmpEvents['BALLOON_CHANGE']): void {
  const { domain, live } = scene;
  const currentMemoryKiB = Math.floor(actual / 1024) + pluggedKiB(live.definition);
  live.definition = { ...live.definition, currentMemoryKiB };
  domain.changed();
  scene.saveSoon();
  scene.tell('balloon-change', String(currentMemoryKiB), { actualKiB: currentMemoryKiB });
}

/** What virtio-mem devices have plugged now. */
function pluggedKiB({ devices }: DomainDefinition): number {
  return devicesOf(devices, 'memory').reduce((sum, memory) => sum + (memory.model === 'virtio-mem' ? (memory.target.currentKiB ?? 0) : 0), 0);
}

export function onMemoryDeviceSize(scene: EventScene, { id: alias, size }: QmpEvents['MEMORY_DEVICE_SIZE_CHANGE']): void {
  const { domain, live } = scene;
  if (alias === undefined) return;
  const before = pluggedKiB(live.definition);
  const currentKiB = Math.ceil(size / 1024);
  const changed = withDevices(live.definition, (device) =>
    device.kind === 'memory' && device.model === 'virtio-mem' && device.alias === alias ? { ...device, target: { ...device.target, currentKiB } } : device,
  );
  const currentMemoryKiB = (changed.currentMemoryKiB ?? changed.memoryKiB) - before + pluggedKiB(changed);
  live.definition = { ...changed, currentMemoryKiB };
  domain.changed();
  scene.saveSoon();
  scene.tell('memory-device-size-change', `${alias} ${currentKiB}`, { alias, sizeKiB: currentKiB }, alias);
}

export function onMemoryFailure(scene: EventScene, { recipient, action, flags }: QmpEvents['MEMORY_FAILURE']): void {
  scene.note('memory failure', `memory failure, recipient='${recipient}' action='${action}'`);
  scene.tell('memory-failure', `${recipient} ${action}`, { recipient, action, actionRequired: flags['action-required'], recursive: flags.recursive }, `${recipient} ${action}`);
}

/** With `offset='variable'` the next boot begins with the clock that the guest has set; QEMU counts from the start. */
export function onRtcChange(scene: EventScene, { offset }: QmpEvents['RTC_CHANGE']): void {
  const { live } = scene;
  const { clock } = live.definition;
  let seconds = offset;
  if (clock.offset === 'variable') {
    seconds += live.clockStartSeconds;
    live.definition = { ...live.definition, clock: { ...clock, adjustment: seconds } };
    scene.saveSoon();
  }
  scene.tell('rtc-change', String(seconds), { utcOffsetSeconds: seconds });
}
