/**
 * Starting a domain (F2, F3): one asynchronous job that either ends with running CPUs or leaves nothing behind. What it
 * does and in which order is the table in start-steps.ts; here is how the table is worked through and undone.
 */
import { asVireoError, VireoError } from '../base/errors.ts';
import type { Domain } from '../domain/domain.ts';
import { noDomain } from '../domain/domain-registry.ts';
import type { Call } from '../job/call.ts';
import type { ProcessContext } from './process-context.ts';
import { undoRun } from './start-failure.ts';
import { type StartOptions, StartState } from './start-state.ts';
import { announceStart } from './starts-under-way.ts';
import { spawnStep, stepsBeforeQemu, stepsToReady, stepsToRun, type StartStep } from './start-steps.ts';

/** @throws why it failed, in QEMU's own words where it said any; the domain is as it was before, `shut off`/`failed`. */
export async function startDomain(context: ProcessContext, call: Call, domain: Domain, asked: StartOptions): Promise<void> {
  refuseRunning(domain); // at once, and not only when the job that holds it ends
  await using job = await domain.jobs.beginAsync(call, 'start');
  refuseRunning(domain);
  const { afterwards, ...found } = (await asked.underJob?.()) ?? {};
  const options = { ...asked, ...found };
  const written = options.definition ?? domain.persistent;
  if (!written) throw noDomain(domain);
  using underway = announceStart(domain);
  try {
    const start = new StartState(context, call, domain, job, written, options, underway.calledOff);
    await using _held = start.resources;
    await makeReady(start);
    await makeRun(start);
    await afterwards?.(job);
  } catch (error) {
    context.registry.removeIfNothing(domain);
    const wasDestroyed = underway.calledOff.aborted || (domain.state === 'shut off' && domain.stateAndReason.reason === 'destroyed');
    if (!domain.live) domain.transition({ state: 'shut off', reason: wasDestroyed ? 'destroyed' : 'failed' }, null);
    domain.changed();
    throw asVireoError(error).about(domain.identity);
  }
}

/** A start under way is waited for instead: it may fail. */
function refuseRunning(domain: Domain): void {
  if (domain.live && !domain.live.starting) throw new VireoError('OPERATION_INVALID', 'domain is already running', { domain: domain.identity });
}

/**
 * Up to a QEMU that has everything but its memory. The caller holds the job, and gives `start.resources` back.
 * @throws why it failed; nothing of the run is left then.
 */
export async function makeReady(start: StartState): Promise<void> {
  await runSteps(start, [...stepsBeforeQemu, spawnStep], () => start.givenUp);
  await runSteps(start, stepsToReady, () => start.live.died);
}

/** From there to a guest that runs, or stands paused if that was asked for, and of which everybody was told. @throws as `makeReady`. */
export async function makeRun(start: StartState): Promise<void> {
  await runSteps(start, stepsToRun, () => start.live.died);
}

async function runSteps(start: StartState, steps: readonly StartStep[], over: () => AbortSignal): Promise<void> {
  let at: StartStep = spawnStep;
  try {
    for (at of steps) await runStep(start, at, over());
  } catch (thrown) {
    const error = start.run ? await undoRun(start, start.run, thrown) : asVireoError(thrown);
    await writeRefusal(start, at, error);
    throw error;
  }
}

/** @param over aborts when nobody wants the start any more, or its QEMU is gone. */
async function runStep(start: StartState, step: StartStep, over: AbortSignal): Promise<void> {
  await start.context.atStep?.('start', step.name, start.domain);
  over.throwIfAborted();
  start.context.closing.throwIfAborted(); // a run is let go of a moment later, and the last steps take less
  await (start.run ? start.live.during(step.run(start)) : step.run(start));
}

/** A start that came to nothing is in the domain's log with its reason, also where QEMU never ran. */
async function writeRefusal({ context, domain }: StartState, { name }: StartStep, { message }: VireoError): Promise<void> {
  const [firstLine = ''] = message.split('\n'); // QEMU's own words are in the log already
  await context.domainLog(domain.uuid).line(`the start failed (${name}): ${firstLine}`, context.clock.wallTime()).catch(() => {});
}
