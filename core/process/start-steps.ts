/**
 * The steps of a start, in their order (F3). The table is the only list of them: errors, the timeline and the tests that
 * make each one fail all read it. A step either does its work or throws, and what it began is then undone by whoever
 * holds it: `start.resources` while the start lasts, `live.onEnd` from the spawn on, the run's folder for what lies in it.
 */
import { liveDefinition } from '../command/live-definition.ts';
import { devicesOf } from '../conf/device-definition.ts';
import { cutIdleLogs } from '../console/log-rotation.ts';
import { lookAtUsbDevices } from '../devices/hostdev/look-at-usb-devices.ts';
import { chooseIdentity, labelFiles } from '../label/label-run.ts';
import { enterGroups, tuneThreads } from '../tuning/tune-run.ts';
import { prepareVariableStore } from '../firmware/variable-store.ts';
import { handLeasesOver, takeLeases } from '../lock/lease-steps.ts';
import { consoleLogBounds } from '../status/host-settings.ts';
import { bindToClient } from './autodestroy.ts';
import { setBalloonStatistics } from './balloon-statistics.ts';
import { prepareHook, startHook } from './call-hooks.ts';
import { limitDisks } from './disk-limits.ts';
import { setDisplayPasswords } from './display-passwords.ts';
import { reserveDisplayPorts } from './display-ports.ts';
import { checkHostNeeds } from './host-needs.ts';
import { setLinkStates } from './link-states.ts';
import { connectMonitor } from './monitor-link.ts';
import { runHostSetups, sideWorkOf } from './side-work.ts';
import { openConsoles, readLiveCpu, readLiveFacts } from './start-facts.ts';
import { StartFolders } from './start-folders.ts';
import { lookAtDisks } from './start-images.ts';
import { chooseEmulator } from './start-launch.ts';
import { spawnPaused, startPrograms } from './start-qemu.ts';
import type { StartState } from './start-state.ts';
import { markTaints } from './start-taints.ts';
import { runCpus, tellStarted } from './start-told.ts';

export interface StartStep {
  /** Stands in `while it was being started (<name>)` and in the timeline. */
  readonly name: string;
  run(start: StartState): Promise<void>;
}

/** Before QEMU: a caller that gives up, or a driver that closes, is heard before each of them. */
export const stepsBeforeQemu: readonly StartStep[] = [
  { name: 'emulator', run: chooseEmulator },
  { name: 'identity', run: chooseIdentity },
  { name: 'exact CPU', run: withExactCpu },
  { name: 'prepare hook', run: prepareHook }, // it may bring what is looked for next
  { name: 'host devices', run: async (start) => void (start.definition = await lookAtUsbDevices(start.definition)) },
  { name: 'images', run: lookAtDisks },
  { name: 'folders', run: makeFolders },
  { name: 'domain log', run: async ({ context, domain }) => void (await context.domainLog(domain.uuid).cutIfLarge()) },
  { name: 'console logs', run: ({ context, domain }) => cutIdleLogs(context.logFolder(domain.uuid), consoleLogBounds(context.settings), context.log) }, // before QEMU has them open
  { name: 'firmware variables', run: ({ definition, options }) => prepareVariableStore(definition.os, { reset: options.resetNvram ?? false }) },
  { name: 'live definition', run: makeLiveDefinition },
  { name: 'host needs', run: ({ work }) => checkHostNeeds(work.needs) },
  { name: 'disk leases', run: takeLeases }, // before anything is done to an image
  { name: 'labels', run: labelFiles },
  { name: 'programs beside QEMU', run: startPrograms },
  { name: 'start hook', run: (start) => startHook(start, 'start') },
];

/** The one after which there is a process: from here on only a destroy, QEMU's own end or the driver's closing ends a start. */
export const spawnStep: StartStep = { name: 'QEMU', run: spawnPaused };

/** QEMU is there, its CPUs stand still and its memory is empty. Whatever throws here ends the run. */
export const stepsToReady: readonly StartStep[] = [
  { name: 'leases handed over', run: handLeasesOver },
  { name: 'client', run: bindToClient },
  { name: 'control groups', run: enterGroups },
  { name: 'state file', run: ({ context, domain }) => context.saveStatus(domain) }, // from here on a restarted driver finds the process
  { name: 'monitor', run: ({ context, domain, live, events }) => connectMonitor(context, domain, live, events, { deadlineMs: context.monitorDeadlineMs, waitForSocket: true }) },
  { name: 'taints', run: markTaints },
  { name: 'live facts', run: readLiveFacts },
  { name: 'live CPU', run: readLiveCpu },
  { name: 'threads', run: tuneThreads },
  { name: 'consoles', run: openConsoles }, // before the CPUs run: a socket that is connected late has missed what the guest said
  { name: 'balloon', run: setBalloon },
  { name: 'balloon statistics', run: ({ live, job }) => setBalloonStatistics(live, job) },
  { name: 'disk limits', run: ({ live, job }) => limitDisks(live, job) },
  { name: 'link states', run: ({ live, job }) => setLinkStates(live, job) },
  { name: 'display passwords', run: setDisplayPasswords },
  { name: 'host set-up', run: ({ work, live }) => runHostSetups(work.setups, live.died) },
];

/** Everything is there; a boot has nothing to load. */
export const stepsToRun: readonly StartStep[] = [
  { name: 'saved state', run: async (start) => start.options.incoming?.load?.(start) },
  { name: 'CPUs', run: runCpus },
  { name: 'started hook', run: (start) => startHook(start, 'started') },
  { name: 'told', run: tellStarted },
];

/** All of them, in order. */
export const startSteps: readonly StartStep[] = [...stepsBeforeQemu, spawnStep, ...stepsToReady, ...stepsToRun];

/** The run keeps the CPU that it begins with, on whatever host it goes on. */
async function withExactCpu(start: StartState): Promise<void> {
  const { capabilities, accelerator } = start.launch;
  start.definition = await start.context.hostCpus.withExactCpu(start.definition, capabilities, accelerator, start.call.signal);
}

async function makeFolders(start: StartState): Promise<void> {
  start.folders = start.resources.use(await StartFolders.make(start.context, start.domain, start.launch));
}

/** Aliases, paths and the ports of displays; the ports are kept from other starts until QEMU has them. */
async function makeLiveDefinition(start: StartState): Promise<void> {
  const displays = start.resources.use(await reserveDisplayPorts(liveDefinition(start.definition, start.launch)));
  start.definition = { ...displays.definition, id: start.context.registry.nextId() };
  start.work = sideWorkOf(start.definition, start.launch);
}

/** `<currentMemory>` below `<memory>`: what the guest leaves to the host as soon as its driver for the balloon is there. */
async function setBalloon({ live, job, options }: StartState): Promise<void> {
  if (options.incoming) return; // it comes with the guest
  const { currentMemoryKiB, memoryKiB, devices } = live.definition;
  const hasBalloon = devicesOf(devices, 'memballoon').some(({ model }) => model !== 'none');
  if (!hasBalloon || currentMemoryKiB === null || currentMemoryKiB >= memoryKiB) return;
  await job.nest((monitor) => monitor.execute('balloon', { value: currentMemoryKiB * 1024 }));
}
