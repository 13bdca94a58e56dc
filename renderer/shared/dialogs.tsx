/** The modal frame, the question before a lossy action, and the refusal because somebody holds the domain. */
import type { ReactElement, ReactNode } from 'react';
import { Dialog, Heading, Modal, ModalOverlay } from 'react-aria-components';
import type { DomainSummary } from '../../core/domain/domain-summary.ts';
import type { HeldFailure } from '../store/action-store.ts';
import { type DomainAction, domainActions, lossOf } from '../store/domain-actions.ts';
import { Button } from './button.tsx';
import { ErrorDetails } from './error-details.tsx';
import { HolderSentence } from './holder-sentence.tsx';
import { useReturnFocus } from './use-return-focus.ts';

interface FrameProps {
  readonly title: ReactNode;
  readonly onClose: () => void;
  readonly children: ReactNode;
}

export function AlertFrame({ title, onClose, children }: FrameProps): ReactElement {
  useReturnFocus();
  return (
    <ModalOverlay className="scrim" isOpen isDismissable onOpenChange={(open) => !open && onClose()}>
      <Modal className="dialog-frame">
        <Dialog className="dialog" role="alertdialog">
          <Heading slot="title" level={2}>{title}</Heading>
          {children}
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
}

export interface LossDialogProps {
  readonly action: DomainAction;
  readonly domains: readonly DomainSummary[];
  readonly onConfirm: () => void;
  readonly onClose: () => void;
  /** What else may be chosen before the answer. */
  readonly children?: ReactNode;
}

/** Names what would be lost. Cancel has the focus, so that a hasty Enter loses nothing. */
export function LossDialog({ action, domains, onConfirm, onClose, children }: LossDialogProps): ReactElement | null {
  const first = domains[0];
  if (!first) return null;
  const { label } = domainActions[action];
  return (
    <AlertFrame title={<>{label} {domains.length === 1 ? <bdi>{first.name}</bdi> : `${domains.length} domains`}?</>} onClose={onClose}>
      <p>{lossOf(action, first)}</p>
      {domains.length > 1 && (
        <ul className="quiet">
          {domains.slice(0, 8).map((domain) => <li key={domain.uuid} className="ellipsis"><bdi>{domain.name}</bdi></li>)}
          {domains.length > 8 && <li>and {domains.length - 8} more</li>}
        </ul>
      )}
      {children}
      <div className="dialog-buttons">
        <Button label="Cancel" autoFocus onPress={onClose} />
        <Button label={label} kind="danger" onPress={() => { onClose(); onConfirm(); }} />
      </div>
    </AlertFrame>
  );
}

export interface HeldDialogProps {
  readonly held: HeldFailure;
  /** Shows the domain. */
  readonly onView: () => void;
  readonly onWait: () => void;
  readonly onClose: () => void;
}

export function HeldDialog({ held, onView, onWait, onClose }: HeldDialogProps): ReactElement {
  return (
    <AlertFrame title={<bdi>{held.title}</bdi>} onClose={onClose}>
      <p className="selectable">{held.error.message}</p>
      {held.holders.map((holder) => <p key={holder.kind + holder.owner} className="quiet"><HolderSentence holder={holder} /></p>)}
      <p className="quiet">Wait tries again as soon as the domain is free.</p>
      <ErrorDetails error={held.error} />
      <div className="dialog-buttons">
        <Button label="View" onPress={onView} />
        <Button label="Wait" onPress={onWait} />
        <Button label="Cancel" autoFocus onPress={onClose} />
      </div>
    </AlertFrame>
  );
}
