/** Which display this is, who has its keys and pointer, and the way to change it. */
import type { ReactElement } from 'react';
import { InputButtons } from '../presence/input-buttons.tsx';
import { PresencePopover } from '../presence/presence-popover.tsx';
import { WriterState } from '../presence/writer-state.tsx';
import { useDisplay } from './display-context.ts';
import { DisplayMenu } from './display-menu.tsx';
import { KeysMenu } from './keys-menu.tsx';
import { useInputPart } from './use-input-part.ts';

export interface DisplayHeaderProps {
  readonly name: string;
  readonly label: string;
  readonly onScreenshot: () => void;
}

export function DisplayHeader({ name, label, onScreenshot }: DisplayHeaderProps): ReactElement {
  const { number } = useDisplay();
  const part = useInputPart();
  return (
    <header className="display-header">
      <h1 className="ellipsis" title={name}>
        <bdi>{name}</bdi> <span className="quiet">/</span> {label}
        {number > 1 && <span className="quiet"> ({number})</span>}
      </h1>
      <WriterState part={part} />
      <PresencePopover part={part} />
      <span className="spring" />
      <InputButtons part={part} />
      <KeysMenu />
      <DisplayMenu onScreenshot={onScreenshot} />
    </header>
  );
}
