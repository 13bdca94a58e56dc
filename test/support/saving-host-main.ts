/** A host in a process of its own that kills itself at a step of a save: the moments between are too short to be met from outside. */
import { systemClock } from '../../core/base/clock.ts';
import { silentLog } from '../../core/base/log.ts';
import { openHost } from '../../core/api/host.ts';
import { stateLayout } from '../../core/status/state-folder.ts';

const [home = '', step = '', to = ''] = process.argv.slice(2);
const host = await openHost({
  layout: stateLayout(home),
  role: 'host',
  clock: systemClock,
  log: silentLog,
  version: '0.0.0-test',
  atStep: (operation, at) => {
    if (operation === 'save' && at === step) process.kill(process.pid, 'SIGKILL');
  },
});
await host.driver.reconnected;
const client = host.client('the process');
const domain = 'boot';
await (to === '' ? client.call('domainManagedSave', { domain }) : client.call('domainSave', { domain, to }));
process.stdout.write('saved\n');
await host.close();
