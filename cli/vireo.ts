/** The `vireo` command: ties the command line to this process, its terminal, its signals and the hosts of this machine. */
import '../core/base/file-threads.ts';
import process from 'node:process';
import { type HostCarriers, connectHost } from '../core/api/connect-host.ts';
import { openHost } from '../core/api/host.ts';
import { serveHost } from '../core/api/serve-host.ts';
import { systemClock } from '../core/base/clock.ts';
import { createLog, withoutDebug } from '../core/base/log.ts';
import { stateLayout } from '../core/status/state-folder.ts';
import { version } from '../package.json';
import { bridgeStdio } from './bridge-stdio.ts';
import { type HostDoor, runCommandLine } from './run-command-line.ts';
import { type HostProgram, reachHost, reachOrStartHost } from './start-host.ts';

const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    if (interrupted.signal.aborted) process.exit(1); // whoever asks twice does not want to wait
    interrupted.abort(signal);
  });
}

// `vireo list | head` is no failure: whoever reads has enough.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exitCode ??= 1; // a console, which ends for this, says so itself
});

const program: HostProgram = { node: process.env['VIREO_NODE'] ?? process.execPath, script: process.argv[1] ?? '', env: process.env };

const wholeLog = createLog((line) => process.stderr.write(`${line}\n`));
/** VIREO_DEBUG=1 asks for the debug lines. */
const hostLog = process.env['VIREO_DEBUG'] ? wholeLog : withoutDebug(wholeLog);

const carriers: HostCarriers = {
  reachFolder: (stateFolder, label, signal) => reachOrStartHost(stateLayout(stateFolder), label, program, { clock: systemClock, signal }),
  sshProgram: process.env['VIREO_SSH'],
};

const hosts: HostDoor = {
  connect: (stateFolder, label, signal) => reachOrStartHost(stateLayout(stateFolder), label, program, { clock: systemClock, signal }),
  connectIfThere: (stateFolder, label, signal) => reachHost(stateLayout(stateFolder), label, { clock: systemClock, signal }),
  connectTo: (uri, label, signal) => connectHost(uri, label, carriers, signal),
  bridge: (stateFolder, label, signal) => bridgeStdio(stateLayout(stateFolder), label, program, { input: process.stdin, output: process.stdout, clock: systemClock, signal }),
  serve: (stateFolder, tell, signal) =>
    serveHost({
      open: (options) => openHost({ ...options, carriers }),
      layout: stateLayout(stateFolder),
      clock: systemClock,
      log: hostLog,
      version,
      tell,
      interrupted: signal,
    }),
};

void runCommandLine({
  argv: process.argv.slice(2),
  env: process.env,
  folder: process.cwd(),
  platform: process.platform,
  pid: process.pid,
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  clock: systemClock,
  version,
  hosts,
  interrupted: interrupted.signal,
}).then((exitCode) => {
  process.exitCode = exitCode;
  // A pipe whose other end stays open would keep this process, which has nothing more to read from it.
  if ('unref' in process.stdin) process.stdin.unref();
});
