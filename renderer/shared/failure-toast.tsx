/** Failures and good news at the window's edge. A failure says what did not happen, why, what to do, and folds the rest. */
import { CircleAlert, CircleCheck, X } from 'lucide-react';
import type { ReactElement } from 'react';
import { Toaster as SonnerToaster, toast } from 'sonner';
import { type VireoError, asVireoError } from '../../core/base/errors.ts';
import type { Failure } from '../store/action-store.ts';
import { adviceFor, missingFrom, refusalOfQemu, sentenceFor } from '../words/errors.ts';
import { Button } from './button.tsx';
import { ErrorDetails } from './error-details.tsx';

const failureShownMs = 20_000;
/** A list takes its time to read, and to walk to what is missing. */
const listShownMs = 120_000;
const newsShownMs = 6_000;

export function showFailure(failure: Failure): void {
  toast.custom((id) => <FailureToast failure={failure} onClose={() => toast.dismiss(id)} />, { duration: missingFrom(failure.error).length > 1 ? listShownMs : failureShownMs });
}

/** For work outside the domain actions: runs it, and puts its failure before the person under `title`. */
export async function attempt<T>(title: string, work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (thrown) {
    showFailure({ title, error: asVireoError(thrown), retry: () => void attempt(title, work) });
    return undefined;
  }
}

export function showNews(title: string, text?: string): void {
  toast.custom(
    (id) => (
      <div className="toast good" role="status">
        <CircleCheck size={16} aria-hidden />
        <div className="toast-text">
          <strong>{title}</strong>
          {text && <span className="quiet">{text}</span>}
        </div>
        <Button label="Dismiss" icon={X} kind="bare" small iconOnly onPress={() => toast.dismiss(id)} />
      </div>
    ),
    { duration: newsShownMs },
  );
}

function FailureToast({ failure, onClose }: { readonly failure: Failure; readonly onClose: () => void }): ReactElement {
  const advice = adviceFor(failure.error);
  const { retry } = failure;
  return (
    <div className="toast bad" role="alert">
      <CircleAlert size={16} aria-hidden />
      <div className="toast-text selectable">
        <strong>{failure.title}</strong>
        <FailureWords error={failure.error} />
        {advice && <span className="quiet">{advice}</span>}
        <ErrorDetails error={failure.error} />
        {retry && (
          <span>
            <Button label="Try again" small onPress={() => { onClose(); retry(); }} />
          </span>
        )}
      </div>
      <Button label="Dismiss" icon={X} kind="bare" small iconOnly onPress={onClose} />
    </div>
  );
}

function FailureWords({ error }: { readonly error: VireoError }): ReactElement {
  const refusal = refusalOfQemu(error);
  const missing = missingFrom(error);
  if (missing.length > 0) {
    return (
      <>
        <span>It cannot run on this computer:</span>
        <ul className="missing">{missing.map((text) => <li key={text}>{text}</li>)}</ul>
      </>
    );
  }
  if (!refusal) return <span>{sentenceFor(error)}</span>;
  return (
    <>
      <span>QEMU refused to start it{refusal.ending ? ` (${refusal.ending})` : ''}{refusal.words ? ':' : ' and said nothing.'}</span>
      {refusal.words && <pre className="quote">{refusal.words}</pre>}
    </>
  );
}

export function Toaster(): ReactElement {
  return <SonnerToaster position="bottom-right" offset={{ bottom: 36, right: 12 }} visibleToasts={4} gap={8} />;
}
