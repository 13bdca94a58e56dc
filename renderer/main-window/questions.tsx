/** The dialogs that an action may need: a yes before something is lost, a choice when somebody holds the domain. */
import type { ReactElement } from 'react';
import { useShallow } from 'zustand/react/shallow';
import { HeldDialog, LossDialog } from '../shared/dialogs.tsx';
import { useActionState, useHost, useSession } from '../shared/session.ts';
import { domainsOf } from '../store/host-store.ts';
import { show } from '../store/view-store.ts';
import { useView, useViewStore } from './view-context.ts';

export function Questions(): ReactElement {
  const view = useViewStore();
  const { actions } = useSession();
  const question = useView((state) => state.question);
  const held = useActionState((state) => state.held);
  const domains = useHost(useShallow((state) => (question?.uuids ?? []).flatMap((uuid) => domainsOf(state).get(uuid) ?? [])));
  return (
    <>
      {question && (
        <LossDialog
          action={question.action}
          domains={domains}
          onConfirm={() => question.uuids.forEach((uuid) => void actions.run(uuid, question.action))}
          onClose={() => view.setState({ question: null })}
        />
      )}
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
