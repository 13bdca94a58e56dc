/** What the guest says of itself through its agent; without one, why, and what to do. */
import { RefreshCw } from 'lucide-react';
import type { ReactElement, ReactNode } from 'react';
import type { DomainSummary } from '../../core/domain/domain-summary.ts';
import { Button } from '../shared/button.tsx';
import { useNow } from '../shared/use-now.ts';
import type { GuestReport } from '../store/guest-report-feed.ts';
import { adviceFor, sentenceFor } from '../words/errors.ts';
import { formatElapsed, formatExact, formatWhen, plural } from '../words/format.ts';
import { addressesByCard } from '../words/guest.ts';
import { AgentFilesystems } from './agent-filesystems.tsx';
import { type ShownReport, useGuestReport } from './use-guest-report.ts';

/** Only while there is a QEMU: a guest that is off says nothing. */
export function AgentCard({ summary }: { readonly summary: DomainSummary }): ReactElement | null {
  const shown = useGuestReport(summary);
  const absence = absenceOf(summary);
  if (summary.id === null) return null;
  return (
    <section className="card wide agent" aria-label="Inside the guest">
      <header>
        <h2>Inside the guest</h2>
        {absence === null && <Asked shown={shown} />}
      </header>
      {absence ?? <Told shown={shown} />}
    </section>
  );
}

/** Null where an agent is connected and can be asked, or has told something already. */
function absenceOf({ agent, state }: DomainSummary): ReactElement | null {
  if (agent === 'not configured') {
    return (
      <p className="quiet">
        Addresses, users and file systems come from an agent in the guest, and this domain has no channel for one. Add one to its
        definition (<code>{"<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>"}</code>), and install qemu-guest-agent in the guest.
      </p>
    );
  }
  if (agent === 'disconnected') return <p className="quiet">No agent listens in the guest. It may still be booting; otherwise install qemu-guest-agent in it and start it.</p>;
  if (state === 'paused' || state === 'crashed' || state === 'pmsuspended') return <p className="quiet">The guest stands still, and its agent with it.</p>;
  return null;
}

function Asked({ shown: { atMs, asking, askAgain } }: { readonly shown: ShownReport }): ReactElement {
  const now = useNow();
  return (
    <>
      {atMs !== null && <span className="quiet agent-time" title={formatExact(atMs)}>{formatElapsed(now - atMs)} ago</span>}
      <Button label="Ask again" icon={RefreshCw} iconOnly small kind="bare" busy={asking} onPress={askAgain} />
    </>
  );
}

function Told({ shown: { report, error, asking, askAgain } }: { readonly shown: ShownReport }): ReactElement {
  const failure = error && !asking && (
    <p className="notice warn agent-failure" role="status">
      <span>{report ? 'What you see is what the agent told before. ' : ''}{sentenceFor(error)}. {adviceFor(error)}</span>
      <Button label="Ask again" small onPress={askAgain} />
    </p>
  );
  if (!report) return failure || <AgentSkeleton />;
  return (
    <>
      {failure}
      <div className="agent-parts">
        <AgentFacts report={report} />
        <AgentFilesystems filesystems={report.filesystems} why={whyMissing(report, 'filesystems')} />
      </div>
    </>
  );
}

function AgentSkeleton(): ReactElement {
  return (
    <div className="agent-parts" role="status" aria-label="Asking the guest's agent">
      {[0, 1].map((part) => (
        <div key={part} className="agent-skeleton">
          {[60, 84, 72, 48].map((percent) => <div key={percent} className="skeleton" style={{ width: `${percent}%` }} />)}
        </div>
      ))}
    </div>
  );
}

function whyMissing({ missing }: GuestReport, fact: GuestReport['missing'][number]['fact']): string {
  return missing.find((each) => each.fact === fact)?.reason ?? 'the agent does not say';
}

function AgentFacts({ report }: { readonly report: GuestReport }): ReactElement {
  const { hostname, os, interfaces, users, load, timezone } = report;
  const cards = interfaces && addressesByCard(interfaces);
  const kernel = os?.kernelRelease ? `${os.kernelRelease}${os.machine ? `, ${os.machine}` : ''}` : null;
  const system = os?.prettyName ?? os?.name ?? null;
  return (
    <dl className="facts">
      <Fact name="Host name">{hostname ?? <Missing why={whyMissing(report, 'hostname')} />}</Fact>
      <Fact name="System">
        {system ?? (kernel === null ? <Missing why={whyMissing(report, 'os')} /> : `Kernel ${kernel}`)}
        {system !== null && kernel !== null && <div className="quiet">{kernel}</div>}
      </Fact>
      <Fact name="Addresses">
        {cards === null ? <Missing why={whyMissing(report, 'interfaces')} /> : cards.length === 0 ? <span className="quiet">none</span> : cards.slice(0, maximumCards).map((card) => <Card key={card.name} card={card} />)}
        {cards !== null && cards.length > maximumCards && <div className="quiet">and {plural(cards.length - maximumCards, 'more card')}</div>}
      </Fact>
      <Fact name="Users"><Users users={users} why={whyMissing(report, 'users')} /></Fact>
      {load && <Fact name="Load" title="Processes that ran or wanted to, on average over 1, 5 and 15 minutes.">{[load.one, load.five, load.fifteen].map((value) => value.toFixed(2)).join('  ')}</Fact>}
      {timezone && <Fact name="Time zone">{timezone.name ?? ''} <span className="quiet">{offsetInWords(timezone.offsetSeconds)}</span></Fact>}
    </dl>
  );
}

/** A guest that runs containers has hundreds. */
const maximumCards = 8;
const maximumUsers = 8;

function Card({ card: { name, mac, addresses } }: { readonly card: ReturnType<typeof addressesByCard>[number] }): ReactElement {
  return (
    <div className="agent-addresses" title={mac ?? undefined}>
      <span className="quiet"><bdi>{name}</bdi></span>
      <span>{addresses.map(({ text, isLocal }) => <code key={text} className={isLocal ? 'quiet' : ''}>{text}</code>)}</span>
    </div>
  );
}

function Users({ users, why }: { readonly users: GuestReport['users']; readonly why: string }): ReactElement {
  const now = useNow();
  if (users === null) return <Missing why={why} />;
  if (users.length === 0) return <span className="quiet">nobody is logged in</span>;
  return (
    <>
      {users.slice(0, maximumUsers).map(({ name, domain, loginTimeMs }) => (
        <div key={`${domain ?? ''}\\${name}`}>
          <bdi>{domain ? `${domain}\\${name}` : name}</bdi> <span className="quiet" title={formatExact(loginTimeMs)}>since {formatWhen(loginTimeMs, now)}</span>
        </div>
      ))}
      {users.length > maximumUsers && <div className="quiet">and {plural(users.length - maximumUsers, 'more')}</div>}
    </>
  );
}

function offsetInWords(offsetSeconds: number): string {
  const minutes = Math.round(Math.abs(offsetSeconds) / 60);
  return `UTC${offsetSeconds < 0 ? '−' : '+'}${Math.floor(minutes / 60)}${minutes % 60 === 0 ? '' : `:${String(minutes % 60).padStart(2, '0')}`}`;
}

function Fact({ name, title, children }: { readonly name: string; readonly title?: string; readonly children: ReactNode }): ReactElement {
  return (
    <>
      <dt>{name}</dt>
      <dd className="selectable" title={title}>{children}</dd>
    </>
  );
}

function Missing({ why }: { readonly why: string }): ReactElement {
  return <span className="quiet">— <span className="why">{why}</span></span>;
}
