/** The end of a start: the CPUs run, and everybody is told once. */
import type { StartState } from './start-state.ts';

/** Whether the guest runs when the start is over. */
function runsAfterwards({ options }: StartState): boolean {
  return !options.paused && (options.incoming?.wasRunning ?? true);
}

export async function runCpus(start: StartState): Promise<void> {
  const { live, job } = start;
  live.markReached();
  if (runsAfterwards(start)) await job.nest((monitor) => monitor.execute('cont'));
}

const details = { 'save image': 'restored', migration: 'migrated' } as const;

/** Nothing of it waits before the event, so that nobody sees a domain that runs and is said to be starting. */
export async function tellStarted(start: StartState): Promise<void> {
  const { context, domain, live, events, dropped } = start;
  const detail = start.options.incoming ? details[start.options.incoming.from] : 'booted';
  live.starting = false;
  for (const { dev, alias, source, what } of dropped) context.hub.happened(domain, 'disk-change', `${dev}: '${source}' is missing on start`, { alias, oldPath: source, newPath: null, reason: what });
  const runs = runsAfterwards(start);
  domain.transition(runs ? { state: 'running', reason: detail } : { state: 'paused', reason: 'user' }, { event: 'started', detail });
  if (!runs) domain.transition({ state: 'paused', reason: 'user' }, { event: 'suspended', detail: 'paused' }); // libvirt tells both
  await context.saveStatus(domain);
  events.release();
}
