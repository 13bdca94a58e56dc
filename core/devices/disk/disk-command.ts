/** A disk on QEMU's command line: the block graph, then the guest's device on top of it. */
import { boardOf } from '../../conf/machine-family.ts';
import { devicesOf } from '../../conf/device-definition.ts';
import { aliasOf } from '../address-properties.ts';
import { type CommandFragment, json, keyed, plain, withoutNulls } from '../command-fragment.ts';
import type { DeviceLaunch } from '../launch-context.ts';
import { diskNodes, vhostUserChardev } from './block-nodes.ts';
import type { Disk } from './disk-definition.ts';
import { deviceProperties, diskDriver } from './disk-device.ts';
import { diskBus, diskIndex } from './disk-target.ts';

/** `disk` is prepared: its images have numbers. @throws CONFIG_UNSUPPORTED for a source that QEMU cannot open. */
export function diskCommandLine(disk: Disk, launch: DeviceLaunch): readonly CommandFragment[] {
  const driver = diskDriver(disk);
  if (disk.backend.type === 'vhostuser') {
    const chardev = `chr-vu-${aliasOf(disk)}`;
    return [...vhostUserChardev(disk, chardev, launch), json('device', deviceProperties(disk, driver ?? '', { drive: null, chardev }, launch))];
  }
  const { fragments, top } = diskNodes(disk, launch);
  // A card in the board's slot has no -device; it is the one thing that is still made by -drive.
  if (driver === null) return [...fragments, cardInSlot(disk, top)];
  return [...fragments, ...floppyController(disk, launch), json('device', deviceProperties(disk, driver, { drive: top, chardev: null }, launch))];
}

/** The one floppy controller comes with the first drive; that it boots from a drive is a property of its own. */
function floppyController(disk: Disk, launch: DeviceLaunch): readonly CommandFragment[] {
  if (diskBus(disk) !== 'fdc') return [];
  const floppies = devicesOf(launch.definition.devices, 'disk').filter((other) => diskBus(other) === 'fdc');
  if (floppies[0] !== disk) return [];
  const bootIndex = (unit: number): number | null => {
    const drive = floppies.find(({ address }) => address?.type === 'drive' && address.unit === unit);
    return drive ? launch.bootIndexOf(drive) : null;
  };
  const boot = { bootindexA: bootIndex(0), bootindexB: bootIndex(1) };
  if (boardOf(launch.definition.os.type).floppy === 'added') return [json('device', withoutNulls({ driver: 'isa-fdc', ...boot }))];
  return Object.entries(boot).flatMap(([key, index]) => (index === null ? [] : [plain('global', `isa-fdc.${key}=${index}`)]));
}

function cardInSlot(disk: Disk, top: string | null): CommandFragment {
  const file = top === null ? null : `json:${JSON.stringify({ driver: 'raw', file: top })}`;
  return keyed('drive', null, { if: 'sd', index: diskIndex(disk.target.dev), id: aliasOf(disk), readonly: disk.readonly ? true : null, file });
}
