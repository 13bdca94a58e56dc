/**
 * What all runs of a search share: the host program, the two emulators, and a state folder whose probes of them are done,
 * so that a run begins with the act and not with a second of probing.
 */
import { chmod, cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { openHost } from '../../core/api/host.ts';
import { systemClock } from '../../core/base/clock.ts';
import { silentLog } from '../../core/base/log.ts';
import { stateLayout } from '../../core/status/state-folder.ts';
import { bootGuestXml } from '../support/boot-guest.ts';
import { bootSectorImage } from '../support/boot-sector.ts';

export type EmulatorKind = 'scripted' | 'real';

/** Probes go to the real QEMU, whose capabilities the scripted one claims; only a domain's run goes to the script. */
const scriptedWrapper = (program: string): string => `#!/bin/sh
case "$*" in
*" -uuid "*) exec '${process.execPath}' '${program}' "$@" ;;
esac
exec qemu-system-x86_64 "$@"
`;

export interface CrashPrograms {
  /** crashing-host-main.ts and scripted-qemu-main.ts. */
  readonly host: string;
  readonly qemu: string;
}

export class CrashWorld implements AsyncDisposable {
  readonly folder: string;
  readonly hostProgram: string;
  readonly #templates: string;

  private constructor(folder: string, hostProgram: string) {
    this.folder = folder;
    this.hostProgram = hostProgram;
    this.#templates = path.join(folder, 'templates');
  }

  /** @param programs bundled for plain Node. @param fixtures where the recorded schema of QEMU is. */
  static async make(programs: CrashPrograms, fixtures: string): Promise<CrashWorld> {
    const folder = await mkdtemp('/tmp/vireo-');
    // The name is how a QEMU is known among the system's processes; the schema is where the fake looks for it.
    const qemu = path.join(folder, 'bin', 'qemu-system-scripted.mjs');
    await cp(programs.qemu, qemu);
    await cp(fixtures, path.join(folder, 'fixtures'), { recursive: true });
    const world = new CrashWorld(folder, programs.host);
    await writeFile(world.emulator('scripted'), scriptedWrapper(qemu));
    await chmod(world.emulator('scripted'), 0o755);
    await world.#probe();
    return world;
  }

  emulator(kind: EmulatorKind): string {
    return kind === 'real' ? '/usr/bin/qemu-system-x86_64' : path.join(this.folder, 'qemu-system-wrapper');
  }

  /** A state folder for one run; its leases are beside it. */
  async makeHome(): Promise<string> {
    const home = await mkdtemp('/tmp/vireo-');
    await cp(this.#templates, home, { recursive: true });
    await mkdir(`${home}-leases`);
    await writeFile(path.join(home, 'settings.json'), JSON.stringify({ leaseFolder: `${home}-leases` }));
    await writeFile(path.join(home, 'guest.raw'), bootSectorImage());
    return home;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }

  async #probe(): Promise<void> {
    const home = await mkdtemp('/tmp/vireo-');
    const host = await openHost({ layout: stateLayout(home), role: 'in process', clock: systemClock, log: silentLog, version: '0.0.0-test' });
    const client = host.client('the probe');
    for (const kind of ['scripted', 'real'] as const) await client.call('domainDefineXML', { xml: bootGuestXml('/guest.raw', { name: kind, emulator: this.emulator(kind) }) });
    // Until the accelerator has been tried: every other host finds the verdict.
    while ((await client.call('hostGetStatus', {})).accelerator === null) await new Promise((resolve) => setTimeout(resolve, 50));
    client.close();
    await host.close();
    await mkdir(this.#templates, { recursive: true });
    for (const name of ['capabilities', 'host-uuid']) await cp(path.join(home, name), path.join(this.#templates, name), { recursive: true });
    await rm(home, { recursive: true, force: true });
  }
}
