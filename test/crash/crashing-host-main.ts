/**
 * A host in a process of its own that plays one scenario up to a moment and dies there. Its words are JSON lines on
 * stdout: what its guests' processes are before the act, and the moments or the one at which it died.
 */
import { writeSync } from 'node:fs';
import path from 'node:path';
import { openHost } from '../../core/api/host.ts';
import { systemClock } from '../../core/base/clock.ts';
import { silentLog } from '../../core/base/log.ts';
import { stateLayout } from '../../core/status/state-folder.ts';
import { bootGuestXml } from '../support/boot-guest.ts';
import { crashPoints } from './crash-points.ts';
import type { HostWords } from './host-words.ts';
import type { Stage } from './scenario.ts';
import { scenarios } from './scenarios.ts';

const [home = '', emulator = '', name = '', part = '', at = ''] = process.argv.slice(2);
const scenario = scenarios.find((each) => each.name === name);
if (!scenario) throw new Error(`no scenario '${name}'`);

function say(words: HostWords): void {
  writeSync(1, `${JSON.stringify(words)}\n`);
}

function beginToCount(): void {
  crashPoints.begin({
    folders: [home, `${home}-leases`],
    at: at === '' ? null : Number(at),
    onDeath: (moment) => say({ died: moment }),
  });
}

const guestXml: Stage['guestXml'] = ({ tpm = false, ...options } = {}) => {
  const xml = bootGuestXml(path.join(home, `${options.name ?? 'guest'}.raw`), { name: 'guest', ...options, emulator });
  return tpm ? xml.replace('</devices>', "<tpm model='tpm-crb'><backend type='emulator' version='2.0'/></tpm></devices>") : xml;
};

async function open(): Promise<Stage> {
  const host = await openHost({ layout: stateLayout(home), role: 'host', clock: systemClock, log: silentLog, version: '0.0.0-test' });
  const client = host.client('the host that dies');
  await Promise.all([host.driver.reconnected, host.driver.autostarted]);
  return { host, client, home, guestXml };
}

/** Until nothing is under way any more: what an event begins goes on after the call that caused it. */
async function settled({ client }: Stage): Promise<void> {
  const untilMs = Date.now() + 20_000;
  for (;;) {
    const { domains } = await client.call('connectListAllDomains', {});
    if (domains.every(({ jobs, state }) => jobs.sync === null && jobs.async === null && state !== 'in shutdown')) return;
    if (Date.now() > untilMs) throw new Error(`does not settle: ${JSON.stringify(domains)}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

async function pids({ client }: Stage): Promise<Record<string, number>> {
  const { domains } = await client.call('connectListAllDomains', {});
  return Object.fromEntries(domains.flatMap(({ name: each, pid }) => (pid === null ? [] : [[each, pid]])));
}

await crashPoints.install();
if (scenario.act === 'open') {
  if (part === 'first') {
    const stage = await open();
    await scenario.prepare?.(stage);
    await settled(stage);
    say({ pids: await pids(stage) });
    if (scenario.endOfFirst === 'closed') await stage.host.close();
    process.kill(process.pid, 'SIGKILL');
  }
  beginToCount();
  const stage = await open();
  await scenario.opened?.(stage);
  await settled(stage);
} else {
  const stage = await open();
  await scenario.prepare?.(stage);
  await settled(stage);
  say({ pids: await pids(stage) });
  beginToCount();
  await scenario.act(stage);
  if (!scenario.closesHost) await settled(stage);
}
say({ moments: crashPoints.moments });
crashPoints.end();
process.kill(process.pid, 'SIGKILL');
