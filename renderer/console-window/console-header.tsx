/** Which console this is, who writes and who watches, and the way to change it. */
import type { ReactElement } from 'react';
import { InputButtons } from '../presence/input-buttons.tsx';
import { PresencePopover } from '../presence/presence-popover.tsx';
import { WriterState } from '../presence/writer-state.tsx';
import { ConsoleMenu } from './console-menu.tsx';
import { FrameMenu } from './frame-menu.tsx';
import { useInputPart } from './use-input-part.ts';

export interface ConsoleHeaderProps {
  readonly name: string;
  readonly label: string;
  /** Which of several windows on the same console this one is, from 1. */
  readonly number: number;
  readonly onFind: () => void;
}

export function ConsoleHeader({ name, label, number, onFind }: ConsoleHeaderProps): ReactElement {
  const part = useInputPart();
  return (
    <header className="console-header">
      <h1 className="ellipsis" title={name}>
        <bdi>{name}</bdi> <span className="quiet">/</span> <span className="mono">{label}</span>
        {number > 1 && <span className="quiet"> ({number})</span>}
      </h1>
      <WriterState part={part} />
      <PresencePopover part={part} />
      <span className="spring" />
      <InputButtons part={part} />
      <FrameMenu />
      <ConsoleMenu onFind={onFind} />
    </header>
  );
}
