/** The end of the domain's log: command line, QEMU's own words, starts and stops. Read again whenever the domain changes. */
import { RefreshCw } from 'lucide-react';
import { type ReactElement, useCallback, useEffect, useRef, useState } from 'react';
import type { AnyMethodResult } from '../../core/api/client.ts';
import { type VireoError, asVireoError } from '../../core/base/errors.ts';
import type { DomainSummary } from '../../core/domain/domain-summary.ts';
import { Button } from '../shared/button.tsx';
import { useHost, useSession } from '../shared/session.ts';
import { adviceFor } from '../words/errors.ts';

type Log = AnyMethodResult<'domainGetLog'>;

const maximumBytes = 256 * 1024;

/** A guest that floods its host with events has its log read at most this often. */
const leastIntervalMs = 1_000;

export function LogTab({ summary }: { readonly summary: DomainSummary }): ReactElement {
  const { log, error, refresh } = useLog(summary);
  const [reading, setReading] = useState(false);
  return (
    <div className="log">
      <div className="pane-bar">
        <span className="quiet ellipsis selectable">{log ? <code>{log.path}</code> : ' '}</span>
        <Button
          label="Refresh"
          icon={RefreshCw}
          small
          busy={reading}
          onPress={() => {
            setReading(true);
            void refresh().finally(() => setReading(false));
          }}
        />
      </div>
      {error && <p className="notice bad" role="alert"><span>The log was not read. {error.message} {adviceFor(error)}</span></p>}
      <LogText text={log?.text ?? null} />
    </div>
  );
}

interface ReadLog {
  readonly log: Log | null;
  readonly error: VireoError | null;
  readonly refresh: () => Promise<void>;
}

/** The log's end, read again after each event of the domain. */
function useLog(summary: DomainSummary): ReadLog {
  const { host } = useSession();
  const link = useHost((state) => state.link.phase);
  const { uuid } = summary;
  const [log, setLog] = useState<Log | null>(null);
  const [error, setError] = useState<VireoError | null>(null);
  const readAt = useRef(-leastIntervalMs);

  const refresh = useCallback(async () => {
    readAt.current = performance.now();
    try {
      setLog(await host.client.call('domainGetLog', { domain: uuid, maximumBytes }));
      setError(null);
    } catch (thrown) {
      setError(asVireoError(thrown));
    }
  }, [host, uuid]);
  useEffect(() => {
    if (link !== 'connected') return undefined;
    const timer = setTimeout(() => void refresh(), Math.max(0, readAt.current + leastIntervalMs - performance.now()));
    return () => clearTimeout(timer);
    // Every event brings a new summary, whatever it was about.
  }, [refresh, link, summary]);
  return { log, error, refresh };
}

function LogText({ text }: { readonly text: string | null }): ReactElement {
  const pane = useRef<HTMLPreElement>(null);
  const follows = useRef(true);
  useEffect(() => {
    if (pane.current && follows.current) pane.current.scrollTop = pane.current.scrollHeight;
  }, [text]);
  return (
    <pre
      ref={pane}
      className="log-text selectable"
      aria-label="Domain log"
      tabIndex={0}
      onScroll={({ currentTarget: { scrollHeight, scrollTop, clientHeight } }) => {
        follows.current = scrollHeight - scrollTop - clientHeight < 24;
      }}
    >
      {text === '' ? <span className="quiet">Nothing is logged yet: this domain was not started.</span> : text}
    </pre>
  );
}
