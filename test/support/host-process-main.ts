/** A host in a process of its own, to be killed or, by SIGTERM, closed: opens the state folder and, where a domain is named, starts it. */
import { systemClock } from '../../core/base/clock.ts';
import { silentLog } from '../../core/base/log.ts';
import { openHost } from '../../core/api/host.ts';
import { stateLayout } from '../../core/status/state-folder.ts';

const [home = '', domain] = process.argv.slice(2);
const host = await openHost({ layout: stateLayout(home), role: 'host', clock: systemClock, log: silentLog, version: '0.0.0-test' });
await host.driver.reconnected;
if (domain !== undefined) await host.client('the process').call('domainCreate', { domain });
process.once('SIGTERM', () => void host.close().then(() => process.exit(0)));
process.stdout.write('ready\n');
setInterval(() => {}, 60_000); // it ends when it is told to
