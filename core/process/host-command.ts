/** A short command on the host, such as `ip link set`: run to its end, within a limit, with its own words in the error. */
import { execFile } from 'node:child_process';
import { VireoError } from '../base/errors.ts';
import type { HostCommand } from '../devices/device-module.ts';
import { findProgram } from './host-needs.ts';

const timeoutMs = 10_000;
const maximumOutputBytes = 65_536;

/** `what` opens the message. @returns what the command wrote. @throws OPERATION_FAILED. */
export async function runHostCommand(what: string, [program, ...argv]: HostCommand): Promise<string> {
  const found = await findProgram([program]);
  if (found === null) throw new VireoError('OPERATION_FAILED', `${what}: ${program} is not installed`);
  const { PATH = '/usr/sbin:/usr/bin:/sbin:/bin' } = process.env;
  return await new Promise<string>((resolve, reject) => {
    execFile(found, argv, { timeout: timeoutMs, killSignal: 'SIGKILL', maxBuffer: maximumOutputBytes, env: { PATH, LC_ALL: 'C' }, cwd: '/' }, (error, stdout, stderr) => {
      if (!error) return resolve(stdout);
      const words = stderr.trim().split('\n').at(-1) || error.message;
      reject(new VireoError('OPERATION_FAILED', `${what}: '${[program, ...argv].join(' ')}' failed: ${words}`, { cause: error }));
    });
  });
}
