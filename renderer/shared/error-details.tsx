/** The folded part of an error: its code and whole message, the domain and the structured fields, for bug reports and the curious. */
import type { ReactElement } from 'react';
import type { VireoError } from '../../core/base/errors.ts';

export function ErrorDetails({ error }: { readonly error: VireoError }): ReactElement {
  const record = { code: error.code, message: error.message, ...(error.domain ? { domain: error.domain } : {}), ...error.details };
  return (
    <details className="details">
      <summary>Details</summary>
      <pre className="selectable">{JSON.stringify(record, null, 2)}</pre>
    </details>
  );
}
