/** Below what a search found: how far it is, why it ended, and the way on. */
import { LoaderCircle } from 'lucide-react';
import type { ReactElement } from 'react';
import type { SearchState } from '../store/paged-search.ts';
import { sentenceFor } from '../words/errors.ts';
import { formatBytes, plural } from '../words/format.ts';
import { Button } from './button.tsx';

export interface SearchStatusProps {
  readonly state: Pick<SearchState<unknown, unknown>, 'phase' | 'searchedBytes' | 'error'> & { readonly hits: readonly unknown[] };
  /** What is said where nothing was found. */
  readonly nothing: string;
  readonly onMore: () => void;
  readonly onCancel: () => void;
}

export function SearchStatus({ state: { phase, hits, searchedBytes, error }, nothing, onMore, onCancel }: SearchStatusProps): ReactElement {
  const searched = `${formatBytes(searchedBytes)} searched`;
  const found = plural(hits.length, 'line');
  const words =
    phase === 'searching' || phase === 'idle' ? `Searching. ${found} so far, ${searched}`
    : phase === 'failed' && error ? sentenceFor(error)
    : phase === 'cancelled' ? `Stopped. ${found} so far, ${searched}`
    : hits.length === 0 ? `${nothing} ${searched}.`
    : phase === 'more' ? `${found}, ${searched}, and there is more`
    : `${found}, ${searched}`;
  return (
    <div className="search-status" role="status">
      {phase === 'searching' && <LoaderCircle className="spinner" size={14} aria-hidden />}
      <span className={phase === 'failed' ? 'bad-words' : 'quiet'}>{words}</span>
      {phase === 'searching' && <Button label="Stop" small kind="bare" onPress={onCancel} />}
      {(phase === 'more' || phase === 'cancelled') && <Button label="More" small onPress={onMore} />}
      {phase === 'failed' && <Button label="Try again" small onPress={onMore} />}
    </div>
  );
}
