/** What is known of a run's last moments: kept while they can still be seen, put together when QEMU is gone. */
import type { Domain } from '../domain/domain.ts';
import type { LiveDomain } from '../domain/live-domain.ts';
import { wordsOfLastRun } from './qemu-words.ts';
import type { RunAccount } from './timeline-entry.ts';

export interface LastMoment {
  readonly state: string;
  readonly reason: string;
  readonly holders: RunAccount['holders'];
  readonly unanswered: string | null;
}

/** The domain as it is in the step in which its monitor ends: a moment later jobs have failed and let go. */
export function lastMoment(domain: Domain, live: LiveDomain): LastMoment {
  const { state, reason } = domain.stateAndReason;
  const jobs = domain.jobs.status();
  const held = [jobs.sync, jobs.async, jobs.agent].filter((holder) => holder !== null);
  return { state, reason, holders: held.map(({ kind, owner, client }) => ({ kind, owner, client })), unanswered: live.outstanding()?.command ?? null };
}

const shownLines = 20;

/** @param logTail the last part of the domain's log. @param endedByDriver the driver had QEMU end. */
export function accountOf(live: LiveDomain, moment: LastMoment, logTail: string, endedByDriver: boolean): RunAccount {
  const ending = live.facts.process.ending?.() ?? '';
  const signal = /^signal (.+)$/.exec(ending)?.[1] ?? null;
  const exitCode = /^exit code (\d+)$/.exec(ending)?.[1];
  return {
    signal,
    exitCode: exitCode === undefined ? null : Number(exitCode),
    endedByDriver,
    stderrTail: wordsOfLastRun(logTail).slice(-shownLines),
    lastMessages: [...live.recentMessages()],
    ...moment,
  };
}
