/** qemu-monitor-command: any command by name, which taints the domain because the driver does not know what it did. */
import { VireoError } from '../base/errors.ts';
import type { Domain } from '../domain/domain.ts';
import { taint } from '../domain/taints.ts';
import type { Call } from '../job/call.ts';
import type { ProcessContext } from '../process/process-context.ts';
import { requireLive } from '../process/power.ts';

/** @returns QEMU's answer as JSON text, or the human monitor's text with `hmp`. */
export async function monitorCommand(context: ProcessContext, call: Call, domain: Domain, command: string, hmp: boolean): Promise<string> {
  const request = hmp ? null : parseCommand(command);
  await using job = await domain.jobs.begin(call, 'modify');
  const monitor = job.monitor();
  await taint(context, domain, requireLive(domain), 'custom-monitor');
  if (!request) return monitor.execute('human-monitor-command', { 'command-line': command });
  const result = await monitor.executeUnchecked(request.execute, request.arguments);
  return JSON.stringify({ return: result });
}

function parseCommand(text: string): { execute: string; arguments: Record<string, unknown> } {
  const wrong = (what: string): VireoError => new VireoError('INVALID_ARG', `the monitor command ${what}: ${text.slice(0, 200)}`);
  if (/^[a-z][a-z0-9_-]*$/.test(text)) return { execute: text, arguments: {} };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw wrong('is neither a command name nor JSON');
  }
  if (typeof value !== 'object' || value === null || !('execute' in value) || typeof value.execute !== 'string') throw wrong("has no string 'execute'");
  const args: unknown = 'arguments' in value ? value.arguments : {};
  if (typeof args !== 'object' || args === null || Array.isArray(args)) throw wrong("has 'arguments' that are no object");
  return { execute: value.execute, arguments: { ...args } };
}
