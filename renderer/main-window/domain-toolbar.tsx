/** What is done most to a domain, as buttons that stay in their places; the rest is in the menu beside them. */
import { EllipsisVertical, Monitor, SquareTerminal } from 'lucide-react';
import type { ReactElement } from 'react';
import { MenuTrigger, Popover, Toolbar } from 'react-aria-components';
import type { DomainSummary } from '../../core/domain/domain-summary.ts';
import { Button } from '../shared/button.tsx';
import { useActionState } from '../shared/session.ts';
import { pendingOf } from '../store/action-store.ts';
import { type DomainAction, domainActions, isResumable } from '../store/domain-actions.ts';
import { isForPeople } from '../words/consoles.ts';
import { ActionMenu, actionIcons } from './action-menu.tsx';
import { useCommands } from './view-context.ts';

export function DomainToolbar({ summary }: { readonly summary: DomainSummary }): ReactElement {
  const { openConsole, openDisplay } = useCommands();
  const display = summary.displays.find(({ unavailable }) => unavailable === null);
  const isPaused = isResumable(summary);
  const primary = summary.state === 'shut off' ? 'start' : isPaused ? 'resume' : 'console';
  return (
    <Toolbar className="toolbar" aria-label={`Actions for ${summary.name}`}>
      <ActionButton summary={summary} action="start" isPrimary={primary === 'start'} />
      <ActionButton summary={summary} action={isPaused ? 'resume' : 'pause'} isPrimary={primary === 'resume'} />
      <ActionButton summary={summary} action="shutdown" isPrimary={false} />
      <Button
        label="Console"
        icon={SquareTerminal}
        kind={primary === 'console' ? 'primary' : 'plain'}
        hint={summary.consoles.some(isForPeople) ? 'Opens the first console in a window of its own (virsh console).' : 'This domain has no console.'}
        disabled={!summary.consoles.some(isForPeople)}
        onPress={() => openConsole(summary.uuid, null)}
      />
      {summary.displays.length > 0 && (
        <Button
          label="Display"
          icon={Monitor}
          hint={display ? 'Opens the guest’s screen in a window of its own.' : 'Vireo has no window for this kind of display; the Display tab says what has.'}
          disabled={summary.id === null || !display}
          onPress={() => display && openDisplay(summary.uuid, display.index)}
        />
      )}
      <MenuTrigger>
        <Button label="More actions" icon={EllipsisVertical} iconOnly busy={useIsBusy(summary.uuid, ['save', 'startFresh', 'discardSaved', 'reboot', 'reset', 'forceOff', 'undefine'])} />
        <Popover className="popover" placement="bottom end" offset={4}>
          <ActionMenu domains={[summary]} which="rest" />
        </Popover>
      </MenuTrigger>
    </Toolbar>
  );
}

interface ActionButtonProps {
  readonly summary: DomainSummary;
  readonly action: DomainAction;
  readonly isPrimary: boolean;
}

function ActionButton({ summary, action, isPrimary }: ActionButtonProps): ReactElement {
  const { act } = useCommands();
  const busy = useIsBusy(summary.uuid, [action]);
  const { label, hint, applies } = domainActions[action];
  return (
    <Button
      label={label}
      icon={actionIcons[action]}
      hint={hint}
      kind={isPrimary ? 'primary' : 'plain'}
      busy={busy}
      disabled={!busy && !applies(summary)}
      onPress={() => act(action, [summary.uuid])}
    />
  );
}

function useIsBusy(uuid: string, actions: readonly DomainAction[]): boolean {
  return useActionState((state) => actions.some((action) => pendingOf(state, uuid).has(action)));
}
