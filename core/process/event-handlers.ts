/**
 * Every event of QEMU's schema, and what the driver does about it or why it does nothing. An event that the generated
 * schema has and this table has not does not compile. One that only a newer QEMU sends is noted once a run.
 */
import type { KnownQmpEvent, QmpEvent, QmpEvents } from '../monitor/commands.ts';
import {
  onBalloonChange, onBlockIoError, onDeviceDeleted, onDeviceStayed, onImageCorrupted, onMemoryDeviceSize, onMemoryFailure, onPortChange, onRtcChange, onSlotState, onTrayMoved, onWriteThreshold,
} from './event-handlers-devices.ts';
import { onCrashLoaded, onPanic, onReset, onResume, onShutdown, onStop, onSuspend, onSuspendToDisk, onWakeup, onWatchdog } from './event-handlers-guest.ts';
import { onDisplayClient, onStreamDisconnected } from './event-handlers-network.ts';
import { onRxFilterChanged } from './event-handlers-nic.ts';
import type { Keeping } from './event-queue.ts';
import type { EventScene } from './event-scene.ts';

/** Handled; `key` tells apart what a later event of the same name does not outdate. */
interface Handled<D> {
  readonly keeping: Keeping;
  readonly key?: (data: D) => string;
  readonly handle: (scene: EventScene, data: D) => void;
}

/** Not handled, and why that is right. Whoever waits for it on `live.qmpEvents` gets every one. */
interface Ignored {
  readonly ignored: string;
}

type EventTable = { readonly [E in keyof QmpEvents]: Handled<QmpEvents[E]> | Ignored };

const whoTriggers = 'whoever triggers it waits for it under its job';

export const eventTable: EventTable = {
  // The guest as a whole.
  STOP: { keeping: 'state', handle: onStop },
  RESUME: { keeping: 'state', handle: onResume },
  SUSPEND: { keeping: 'state', handle: onSuspend },
  SUSPEND_DISK: { keeping: 'state', handle: onSuspendToDisk },
  WAKEUP: { keeping: 'state', handle: onWakeup },
  SHUTDOWN: { keeping: 'each', handle: onShutdown },
  RESET: { keeping: 'latest', key: ({ guest }) => String(guest), handle: onReset }, // the firmware may reset once more: the first tells who began it
  POWERDOWN: { ignored: 'it says that the power button was pressed; what the guest makes of it comes as SHUTDOWN' },
  GUEST_PANICKED: { keeping: 'each', handle: onPanic },
  GUEST_CRASHLOADED: { keeping: 'latest', handle: onCrashLoaded },
  WATCHDOG: { keeping: 'latest', key: ({ action }) => action, handle: onWatchdog },
  RTC_CHANGE: { keeping: 'latest', key: (data) => data['qom-path'], handle: onRtcChange },
  MEMORY_FAILURE: { keeping: 'latest', key: ({ recipient, action }) => `${recipient} ${action}`, handle: onMemoryFailure },

  // Its devices.
  BALLOON_CHANGE: { keeping: 'latest', handle: onBalloonChange },
  MEMORY_DEVICE_SIZE_CHANGE: { keeping: 'latest', key: (data) => data['qom-path'], handle: onMemoryDeviceSize },
  VSERPORT_CHANGE: { keeping: 'latest', key: ({ id }) => id, handle: onPortChange },
  DEVICE_DELETED: { keeping: 'each', handle: onDeviceDeleted },
  DEVICE_UNPLUG_GUEST_ERROR: { keeping: 'latest', key: ({ path }) => path, handle: onDeviceStayed },
  MEM_UNPLUG_ERROR: { ignored: 'QEMU sends DEVICE_UNPLUG_GUEST_ERROR for the same device as well' },
  ACPI_DEVICE_OST: { keeping: 'latest', key: ({ info }) => `${info['slot-type']} ${info.slot} ${info.status}`, handle: onSlotState },
  DEVICE_TRAY_MOVED: { keeping: 'latest', key: ({ id }) => id, handle: onTrayMoved },
  NIC_RX_FILTER_CHANGED: { keeping: 'latest', key: ({ name, path }) => name ?? path, handle: onRxFilterChanged },
  FAILOVER_NEGOTIATED: { ignored: 'no interface is given a standby: teaming is the guest\'s, and nothing has to be plugged for it at a start' },
  UNPLUG_PRIMARY: { ignored: 'it belongs to the migration of a guest with a failover pair; the migration waits for it' },

  // Its disks.
  BLOCK_IO_ERROR: { keeping: 'latest', key: (data) => `${data['node-name'] ?? data.device} ${data.action} ${data.nospace ?? false}`, handle: onBlockIoError },
  BLOCK_IMAGE_CORRUPTED: { keeping: 'latest', key: (data) => `${data['node-name'] ?? data.device} ${data.fatal}`, handle: onImageCorrupted },
  BLOCK_WRITE_THRESHOLD: { keeping: 'latest', key: (data) => data['node-name'], handle: onWriteThreshold },
  BLOCK_EXPORT_DELETED: { ignored: `exports are made by backups and migrations: ${whoTriggers}` },
  BLOCK_JOB_CANCELLED: { ignored: whoTriggers },
  BLOCK_JOB_COMPLETED: { ignored: whoTriggers },
  BLOCK_JOB_ERROR: { ignored: 'BLOCK_JOB_COMPLETED with its error follows' },
  BLOCK_JOB_PENDING: { ignored: whoTriggers },
  BLOCK_JOB_READY: { ignored: whoTriggers },
  JOB_STATUS_CHANGE: { ignored: whoTriggers },
  QUORUM_FAILURE: { ignored: 'no disk is given a quorum node' },
  QUORUM_REPORT_BAD: { ignored: 'no disk is given a quorum node' },
  PR_MANAGER_STATUS_CHANGED: { ignored: 'QEMU connects again by itself; that the helper ended is told by who runs it (start-qemu.ts)' },

  // Who looks at it.
  VNC_CONNECTED: { keeping: 'latest', key: ({ client }) => `${client.host} ${client.service}`, handle: (scene, { server, client }) => onDisplayClient(scene, 'connect', server, client) },
  VNC_INITIALIZED: { keeping: 'latest', key: ({ client }) => `${client.host} ${client.service}`, handle: (scene, { server, client }) => onDisplayClient(scene, 'initialize', server, client) },
  VNC_DISCONNECTED: { keeping: 'latest', key: ({ client }) => `${client.host} ${client.service}`, handle: (scene, { server, client }) => onDisplayClient(scene, 'disconnect', server, client) },
  SPICE_CONNECTED: { keeping: 'latest', key: ({ client }) => `${client.host} ${client.port}`, handle: (scene, { server, client }) => onDisplayClient(scene, 'connect', server, client) },
  SPICE_INITIALIZED: { keeping: 'latest', key: ({ client }) => `${client.host} ${client.port}`, handle: (scene, { server, client }) => onDisplayClient(scene, 'initialize', server, client) },
  SPICE_DISCONNECTED: { keeping: 'latest', key: ({ client }) => `${client.host} ${client.port}`, handle: (scene, { server, client }) => onDisplayClient(scene, 'disconnect', server, client) },
  SPICE_MIGRATE_COMPLETED: { ignored: `SPICE clients are moved by a migration: ${whoTriggers}` },

  // Its network.
  NETDEV_STREAM_CONNECTED: { ignored: 'QEMU connects by itself, and a connection that is there needs nothing' },
  NETDEV_STREAM_DISCONNECTED: { keeping: 'latest', key: (data) => data['netdev-id'], handle: onStreamDisconnected },

  // Long work of QEMU's own.
  DUMP_COMPLETED: { ignored: `a dump is a job of its own: ${whoTriggers}` },
  MIGRATION: { ignored: whoTriggers },
  MIGRATION_PASS: { ignored: whoTriggers },
  COLO_EXIT: { ignored: 'no guest runs under COLO' },
  RDMA_GID_STATUS_CHANGED: { ignored: 'no guest is given a paravirtual RDMA device' },
  VFU_CLIENT_HANGUP: { ignored: 'no QEMU serves devices over vfio-user' },
};

/** How an event waits: what is ignored is kept too, in case somebody waits for it. */
export function keepingOf(event: QmpEvent): { readonly name: string; readonly keeping: Keeping; readonly key: string } {
  if (event.event === 'unknown') return { name: event.name, keeping: 'latest', key: '' };
  const entry: Handled<never> | Ignored = eventTable[event.event];
  if ('ignored' in entry) return { name: event.event, keeping: 'each', key: '' };
  return { name: event.event, keeping: entry.keeping, key: entry.key?.(event.data as never) ?? '' };
}

/** True for what the table ignores and nobody waits for: it need not even be queued. */
export function isForNobody({ live }: EventScene, event: QmpEvent): boolean {
  return event.event !== 'unknown' && 'ignored' in eventTable[event.event] && live.qmpEvents.size === 0;
}

/** True for what changes nothing of the domain, and only wakes who waits for what he triggered. */
export function isForWaiters(event: QmpEvent): boolean {
  return event.event !== 'unknown' && 'ignored' in eventTable[event.event];
}

/** Handles one event of a run that is not over; then whoever waits for it is told. */
export function handleEvent(scene: EventScene, event: QmpEvent): void {
  if (scene.domain.live !== scene.live) return;
  if (event.event === 'unknown') noteUnknown(scene, event.name);
  else handleKnown(scene, event);
  scene.live.qmpEvents.fire(event);
}

function handleKnown(scene: EventScene, event: KnownQmpEvent): void {
  const entry: Handled<never> | Ignored = eventTable[event.event];
  if (!('ignored' in entry)) entry.handle(scene, event.data as never);
}

/** Only so many names are remembered: they come from QEMU. */
const maximumUnknown = 64;

function noteUnknown(scene: EventScene, name: string): void {
  if (scene.unknownEvents.has(name) || scene.unknownEvents.size >= maximumUnknown) return;
  scene.unknownEvents.add(name);
  scene.context.log.write('info', 'QEMU sent an event that this driver does not know', { domain: scene.domain.name, event: name });
}
