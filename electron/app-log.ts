/** The app's log on stderr. */
import { type Log, createLog, withoutDebug } from '../core/base/log.ts';

/** VIREO_DEBUG=1 asks for the debug lines. */
export function createAppLog(env: NodeJS.ProcessEnv): Log {
  const log = createLog((line) => process.stderr.write(`${line}\n`));
  return env['VIREO_DEBUG'] ? log : withoutDebug(log);
}
