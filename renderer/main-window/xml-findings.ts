/** What the host says of a definition while it is typed: asked when the typing pauses, marked where it stands. */
import { useEffect, useState } from 'react';
import type { MethodResult } from '../../core/api/contract.ts';
import type { Host } from '../store/host-store.ts';
import { sentenceFor } from '../words/errors.ts';

export interface XmlFinding {
  /** An error keeps the text from being defined; a warning does not. */
  readonly kind: 'error' | 'warning';
  /** Counted from 1. */
  readonly line: number;
  readonly message: string;
}

/** Long enough that nobody is told of half a word, short enough to be of use before the next one. */
const pauseMs = 400;

/** Where the host cannot say which line is wrong, the first is marked: the reason itself names the element. */
export function findingsOf({ problem, notUnderstood, warnings: told }: MethodResult<'connectCheckDomainXML'>): readonly XmlFinding[] {
  const warnings: readonly XmlFinding[] = [
    ...notUnderstood.map(({ path, line }): XmlFinding => ({ kind: 'warning', line: Math.max(1, line), message: `${path} is kept but not understood; a domain with it may not start` })),
    ...told.map(({ message, line }): XmlFinding => ({ kind: 'warning', line: Math.max(1, line), message })),
  ];
  if (!problem) return warnings;
  return [{ kind: 'error', line: problem.line ?? 1, message: [problem.element, sentenceFor(problem)].filter(Boolean).join(': ') }, ...warnings];
}

/** Null text means that nothing is edited. An answer that comes after the next change is dropped. */
export function useFindings(host: Host, text: string | null): readonly XmlFinding[] {
  const [findings, setFindings] = useState<readonly XmlFinding[]>([]);
  useEffect(() => {
    if (text === null) return undefined;
    const changed = new AbortController();
    const timer = setTimeout(() => {
      host.client.call('connectCheckDomainXML', { xml: text }, { signal: changed.signal }).then(
        (checked) => !changed.signal.aborted && setFindings(findingsOf(checked)),
        () => {}, // a host that is gone is told of elsewhere; defining says all of it again
      );
    }, pauseMs);
    return () => {
      changed.abort();
      clearTimeout(timer);
    };
  }, [host, text]);
  return text === null ? none : findings;
}

const none: readonly XmlFinding[] = [];
