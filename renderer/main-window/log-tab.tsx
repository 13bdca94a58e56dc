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

export function LogTab({ summary }: { readonly summary: DomainSummary }): ReactElement {
  const { host } = useSession();
  const [log, setLog] = useState<Log | null>(null);
  const [error, setError] = useState<VireoError | null>(null);
  const [reading, setReading] = useState(false);
  const link = useHost((state) => state.link.phase);
  const { uuid, state, reason, pid } = summary;

  const fetchLog = useCallback(
    (signal: AbortSignal) =>
      host.client.call('domainGetLog', { domain: uuid, maximumBytes }, { signal }).then(
        (read) => {
          setLog(read);
          setError(null);
        },
        (thrown: unknown) => {
          if (!signal.aborted) setError(asVireoError(thrown));
        },
      ),
    [host, uuid],
  );
  useEffect(() => {
    if (link !== 'connected') return undefined;
    const ended = new AbortController();
    void fetchLog(ended.signal);
    return () => ended.abort();
  }, [fetchLog, link, state, reason, pid]);

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
            void fetchLog(new AbortController().signal).finally(() => setReading(false));
          }}
        />
      </div>
      {error && <p className="notice bad" role="alert"><span>The log was not read. {error.message} {adviceFor(error.code)}</span></p>}
      <LogText text={log?.text ?? null} />
    </div>
  );
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
