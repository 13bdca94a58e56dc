/**
 * A scope of systemd for QEMU, where systemd runs this computer: a unit of its own, so that neither the end of the app's
 * nor of the session's unit takes the guest with it. The process is there already; systemd is asked to take it over.
 */
import { lstat, readFile } from 'node:fs/promises';
import type { Log } from '../base/log.ts';
import type { HostCommand } from '../devices/device-module.ts';
import { findProgram } from '../process/host-needs.ts';
import { runHostCommand } from '../process/host-command.ts';

export interface ScopeMember {
  readonly id: number;
  readonly name: string;
  readonly uuid: string;
  readonly pid: number;
}

/** systemd unit names take these characters; everything else is written as its code, as systemd-escape(1) does. */
export function scopeName({ id, name, uuid }: Omit<ScopeMember, 'pid'>): string {
  const escaped = [...Buffer.from(name, 'utf8')].map((byte) => {
    const character = String.fromCodePoint(byte);
    return /[A-Za-z0-9_.]/.test(character) ? character : `\\x${byte.toString(16).padStart(2, '0')}`;
  }).join('');
  const ending = `-${uuid.slice(0, 8)}.scope`;
  return `vireo-${id}-${escaped.slice(0, 200).replace(/\\x?[0-9a-f]?$/, '')}${ending}`;
}

/** The call of org.freedesktop.systemd1's StartTransientUnit; with Delegate the groups below are ours to make. */
export function scopeCommand(member: ScopeMember, isRoot: boolean): HostCommand {
  const properties = ['Description', 's', `Vireo guest ${member.name}`, 'Delegate', 'b', 'true', 'PIDs', 'au', '1', String(member.pid)];
  return [
    'busctl', isRoot ? '--system' : '--user', '--quiet', 'call', 'org.freedesktop.systemd1', '/org/freedesktop/systemd1', 'org.freedesktop.systemd1.Manager', 'StartTransientUnit',
    'ssa(sv)a(sa(sv))', scopeName(member), 'fail', '3', ...properties, '0',
  ];
}

/** Whether this computer was started by systemd, as sd_booted(3) asks. */
async function isSystemd(): Promise<boolean> {
  return await lstat('/run/systemd/system').then((facts) => facts.isDirectory(), () => false);
}

/** @returns the group that systemd has put QEMU in, a path in the unified hierarchy; null where there is no systemd, or it refused. */
export async function enterScope(member: ScopeMember, log: Log): Promise<string | null> {
  if (!(await isSystemd()) || (await findProgram(['busctl'])) === null) return null;
  try {
    await runHostCommand('a scope of systemd', scopeCommand(member, process.geteuid?.() === 0));
  } catch (error) {
    log.write('warning', 'systemd gives the guest no scope of its own', { domain: member.name, error: String(error) });
    return null;
  }
  const groups = await readFile(`/proc/${member.pid}/cgroup`, 'utf8').catch(() => '');
  return /^0::(\/.*\.scope)$/m.exec(groups)?.[1] ?? null;
}
