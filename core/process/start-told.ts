/** The end of a start: the CPUs run, and everybody is told once. */
import type { StartState } from './start-state.ts';

export async function runCpus({ live, job, options }: StartState): Promise<void> {
  live.markReached();
  if (!options.paused) await job.nest((monitor) => monitor.execute('cont'));
}

/** Nothing of it waits before the event, so that nobody sees a domain that runs and is said to be starting. */
export async function tellStarted({ context, domain, live, events, options, dropped }: StartState): Promise<void> {
  live.starting = false;
  for (const { dev, alias, source, what } of dropped) context.hub.happened(domain, 'disk-change', `${dev}: '${source}' is missing on start`, { alias, oldPath: source, newPath: null, reason: what });
  domain.transition(options.paused ? { state: 'paused', reason: 'user' } : { state: 'running', reason: 'booted' }, { event: 'started', detail: 'booted' });
  if (options.paused) domain.transition({ state: 'paused', reason: 'user' }, { event: 'suspended', detail: 'paused' }); // libvirt tells both
  await context.saveStatus(domain);
  events.release();
}
