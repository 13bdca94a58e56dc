/** A host in a process of its own that dies by SIGKILL at a step of a migration that comes to it. */
import { openHost } from '../../core/api/host.ts';
import { systemClock } from '../../core/base/clock.ts';
import { silentLog } from '../../core/base/log.ts';
import { stateLayout } from '../../core/status/state-folder.ts';

const [home = '', fatal = ''] = process.argv.slice(2);
const host = await openHost({
  layout: stateLayout(home),
  role: 'host',
  clock: systemClock,
  log: silentLog,
  version: '0.0.0-test',
  atStep: (operation, at) => {
    if (operation === 'migration-in' && at === fatal) process.kill(process.pid, 'SIGKILL');
  },
});
await host.driver.reconnected;
process.once('SIGTERM', () => void host.close().then(() => process.exit(0)));
process.stdout.write('ready\n');
setInterval(() => {}, 60_000); // it ends when it is told to
