/** Lines that stay in the pane and never in the guest's output: about the input, and what went wrong. */
import { CircleAlert } from 'lucide-react';
import type { ReactElement } from 'react';
import { pressed } from '../presence/input-part.ts';
import { Notice } from '../presence/notice.tsx';
import { PresenceNotices } from '../presence/presence-notices.tsx';
import { Button } from '../shared/button.tsx';
import { useConsoleState } from './console-context.ts';
import { useInputPart } from './use-input-part.ts';

export function ConsoleNotices(): ReactElement {
  const part = useInputPart();
  return <PresenceNotices part={part} otherwise={<Trouble />} />;
}

function Trouble(): ReactElement | null {
  const part = useInputPart();
  const { error, phase } = useConsoleState((state) => state);
  if (error && phase === 'failed') return <Notice icon={CircleAlert} kind="bad" text={`The console was not opened, trying again. ${error.message}`} />;
  if (!error || phase !== 'open') return null;
  return (
    <Notice icon={CircleAlert} kind="bad" text={`What you typed was not sent. ${error.message}`}>
      <Button label="Dismiss" small kind="bare" onPress={pressed(part, () => part.input.dismiss())} />
    </Notice>
  );
}
