/** What a guest does with its memory: dommemstat and domdirtyrate-calc. */
import { dirtyRateModes } from '../../core/statistics/dirty-rate-modes.ts';
import { type Command, command, domainOption } from '../command.ts';
import { CommandError } from '../command-error.ts';
import { attempt, lookUp } from '../domain-call.ts';
import { assertExclusive } from '../option-grammar.ts';

export const dommemstat: Command = command({
  name: 'dommemstat',
  group: 'monitor',
  summary: 'get memory statistics for a domain',
  description: 'Get memory statistics for a running domain.',
  options: {
    domain: domainOption,
    period: { type: 'number', named: true, least: 0, help: 'period in seconds to set collection' },
    config: { type: 'boolean', help: 'affect next boot' },
    live: { type: 'boolean', help: 'affect running domain' },
    current: { type: 'boolean', help: 'affect current domain' },
  },
  async run({ client, output, interrupted }, values) {
    assertExclusive(values, 'current', 'live');
    assertExclusive(values, 'current', 'config');
    const host = await client();
    const { uuid, name } = await lookUp(host, values.domain, interrupted);
    if (values.period !== null) {
      await attempt(host, 'Unable to change balloon collection period.', 'domainSetMemoryStatsPeriod', { domain: uuid, periodSeconds: values.period, live: values.live, config: values.config }, interrupted);
      output.result(null, () => []); // virsh says nothing
      return;
    }
    const answer = await attempt(host, `Failed to get memory statistics for domain ${name}`, 'domainMemoryStats', { domain: uuid }, interrupted);
    output.result(answer, () => Object.entries(answer.statistics).map(([tag, value]) => `${tag} ${value}`));
    if (!output.json && answer.incomplete !== null) output.notice(`some statistics of '${name}' are missing: ${answer.incomplete}`);
  },
});

export const domdirtyrateCalc: Command = command({
  name: 'domdirtyrate-calc',
  group: 'domain',
  summary: "Calculate a vm's memory dirty rate",
  description: "Measures how fast a guest writes its memory, which says whether it can be migrated; 'domstats --dirtyrate' tells the result.",
  options: {
    domain: domainOption,
    seconds: { type: 'number', help: 'calculate memory dirty rate within specified seconds, the supported value range from 1 to 60, default to 1.' },
    mode: { type: 'string', named: true, help: `dirty page rate calculation mode: ${dirtyRateModes.join(', ')}` },
  },
  async run({ client, output, interrupted }, values) {
    const mode = dirtyRateModes.find((known) => known === (values.mode ?? 'page-sampling'));
    if (!mode) throw new CommandError('INVALID_ARG', `Unknown calculation mode '${values.mode}'`);
    const host = await client();
    const { uuid } = await lookUp(host, values.domain, interrupted);
    await host.call('domainStartDirtyRateCalc', { domain: uuid, seconds: values.seconds ?? 1, mode }, { signal: interrupted });
    output.done(null, "Start to calculate domain's memory dirty rate successfully.");
  },
});
