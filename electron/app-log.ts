/** The app's log on stderr. Every monitor command is a debug line: they are written only for who asks for them. */
import { type Log, createLog } from '../core/base/log.ts';

/** VIREO_DEBUG=1 asks for the debug lines. */
export function createAppLog(env: NodeJS.ProcessEnv): Log {
  const log = createLog((line) => process.stderr.write(`${line}\n`));
  return env['VIREO_DEBUG'] ? log : withoutDebug(log);
}

function withoutDebug(log: Log): Log {
  return {
    write(level, message, fields) {
      if (level !== 'debug') log.write(level, message, fields);
    },
    with: (fields) => withoutDebug(log.with(fields)),
  };
}
