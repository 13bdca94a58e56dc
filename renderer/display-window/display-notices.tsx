/** Lines that stay over the screen: about the input, and what went wrong. */
import { CircleAlert } from 'lucide-react';
import type { ReactElement } from 'react';
import { isActiveState } from '../../core/domain/domain-state.ts';
import { Notice } from '../presence/notice.tsx';
import { PresenceNotices } from '../presence/presence-notices.tsx';
import { useDomain } from '../shared/session.ts';
import { useNow } from '../shared/use-now.ts';
import { sentenceFor } from '../words/errors.ts';
import { formatElapsed } from '../words/format.ts';
import { useDisplay, useDisplayState } from './display-context.ts';
import { useInputPart } from './use-input-part.ts';

export function DisplayNotices(): ReactElement {
  const part = useInputPart();
  return (
    <div className="notices">
      <Silence />
      <PresenceNotices part={part} otherwise={<Trouble />} />
    </div>
  );
}

/** The picture stands still because nobody draws it. */
function Silence(): ReactElement | null {
  const { uuid } = useDisplay();
  const phase = useDisplayState((state) => state.phase);
  const now = useNow();
  const control = useDomain(uuid)?.control;
  if (control?.state !== 'error' || phase !== 'shown') return null;
  return <Notice icon={CircleAlert} kind="warn" text={`QEMU has not answered for ${formatElapsed(now - control.sinceMs)}. What you see may be old.`} />;
}

/** Over an old picture; where there is none, the window says it in its place. */
function Trouble(): ReactElement | null {
  const { uuid } = useDisplay();
  const { error, phase, hasPicture } = useDisplayState((state) => state);
  const runs = isActiveState(useDomain(uuid)?.state ?? 'shut off');
  if (!error || phase !== 'failed' || !hasPicture || !runs) return null;
  return <Notice icon={CircleAlert} kind="bad" text={`The display was not opened, trying again. ${sentenceFor(error)}`} />;
}
