/** The dialogs that an action may need: a yes before something is lost, a choice when somebody holds the domain. */
import { type ReactElement, useState } from 'react';
import { useShallow } from 'zustand/react/shallow';
import type { DomainSummary } from '../../core/domain/domain-summary.ts';
import { CheckBox } from '../shared/check-box.tsx';
import { HeldDialog, LossDialog } from '../shared/dialogs.tsx';
import { useActionState, useHost, useSession } from '../shared/session.ts';
import type { DomainAction } from '../store/domain-actions.ts';
import { domainsOf } from '../store/host-store.ts';
import { show } from '../store/view-store.ts';
import { useView, useViewStore } from './view-context.ts';
import { DumpDialog } from './dump-dialog.tsx';
import { SaveDialog } from './save-dialog.tsx';
import { type Kept, useKept } from './kept-by-domains.ts';
import { ScreenshotDialog } from '../shared/screenshot-dialog.tsx';

export function Questions(): ReactElement {
  const view = useViewStore();
  const { actions } = useSession();
  const question = useView((state) => state.question);
  const held = useActionState((state) => state.held);
  const domains = useHost(useShallow((state) => (question?.uuids ?? []).flatMap((uuid) => domainsOf(state).get(uuid) ?? [])));
  return (
    <>
      {question && (
        <Loss
          action={question.action}
          domains={domains}
          onClose={() => view.setState({ question: null })}
        />
      )}
      <DomainDialog />
      {held && (
        <HeldDialog
          held={held}
          onView={() => {
            actions.dismissHeld();
            show(view, held.uuid);
            view.setState({ tab: 'overview' });
          }}
          onWait={() => void actions.waitAndRun(held)}
          onClose={() => actions.dismissHeld()}
        />
      )}
    </>
  );
}

/** A dialog about one domain goes with its domain. */
function DomainDialog(): ReactElement | null {
  const view = useViewStore();
  const dialog = useView((state) => state.dialog);
  const domain = useHost((state) => (dialog ? domainsOf(state).get(dialog.uuid) : undefined));
  if (!dialog || !domain) return null;
  const close = (): void => view.setState({ dialog: null });
  if (dialog.kind === 'save') return <SaveDialog summary={domain} onClose={close} />;
  return dialog.kind === 'screenshot' ? <ScreenshotDialog summary={domain} onClose={close} /> : <DumpDialog summary={domain} onClose={close} />;
}

interface LossProps {
  readonly action: DomainAction;
  readonly domains: readonly DomainSummary[];
  readonly onClose: () => void;
}

/** What is off may leave firmware variables and a TPM's keys behind; undefining deletes them only where that was asked for. */
function Loss({ action, domains, onClose }: LossProps): ReactElement {
  const { actions } = useSession();
  const kept = useKept(action === 'undefine' ? domains : none);
  const [only] = kept.size === 1 ? kept.values() : [];
  const [deletes, setDeletes] = useState(false);
  return (
    <LossDialog
      action={action}
      domains={domains}
      onConfirm={() => domains.forEach(({ uuid }) => void actions.run(uuid, action, { deletesKept: deletes && kept.has(uuid) }))}
      onClose={onClose}
    >
      {kept.size > 0 && (
        <CheckBox label={only ? `Also delete its ${wordsFor(only)}` : `Also delete the firmware variables and TPM keys of ${kept.size} of them`} isSelected={deletes} onChange={setDeletes}>
          {only?.variables && <code className="quiet">{only.variables}</code>}
        </CheckBox>
      )}
    </LossDialog>
  );
}

function wordsFor({ variables, tpm }: Kept): string {
  if (variables === null) return 'TPM keys';
  return tpm ? 'firmware variables and TPM keys' : 'firmware variables';
}

const none: readonly DomainSummary[] = [];
