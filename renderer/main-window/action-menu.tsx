/** The menu of what can be done to one or more domains, for the toolbar's menu and the context menu alike. */
import { ArrowRightLeft, CalendarClock, Copy, BellRing, Camera, Eraser, FileDown, Keyboard, type LucideIcon, Pause, Play, Power, RefreshCw, RotateCcw, Save, SquareTerminal, StepForward, Sunrise, Trash2, Zap } from 'lucide-react';
import type { ReactElement } from 'react';
import { Menu, MenuItem, Popover, Separator, SubmenuTrigger } from 'react-aria-components';
import type { DomainSummary } from '../../core/domain/domain-summary.ts';
import { type DomainAction, domainActions } from '../store/domain-actions.ts';
import { askToMigrate, isMovable } from '../store/migrate-store.ts';
import { keyCombinations } from './send-keys.ts';
import { useCommands } from './view-context.ts';

export const actionIcons: Readonly<Record<DomainAction, LucideIcon>> = {
  start: Play,
  pause: Pause,
  resume: StepForward,
  shutdown: Power,
  reboot: RefreshCw,
  reset: RotateCcw,
  forceOff: Zap,
  injectNmi: BellRing,
  save: Save,
  startFresh: Sunrise,
  discardSaved: Eraser,
  undefine: Trash2,
};

/** Shown only where somebody has one. */
const ofSavedState: ReadonlySet<string> = new Set(['startFresh', 'discardSaved']);

const groups = {
  all: [['console', 'together', 'sendKeys', 'screenshot'], ['start', 'pause', 'resume', 'shutdown'], ['save', 'saveFile', 'startFresh', 'discardSaved'], ['reboot', 'reset', 'forceOff'], ['migrate'], ['dump', 'injectNmi'], ['autostart'], ['undefine', 'copyUuid']],
  /** What the toolbar has no button for. */
  rest: [['sendKeys', 'screenshot'], ['save', 'saveFile', 'startFresh', 'discardSaved'], ['reboot', 'reset', 'forceOff'], ['migrate'], ['dump', 'injectNmi'], ['autostart'], ['undefine', 'copyUuid']],
} as const satisfies Record<string, readonly (readonly (DomainAction | 'console' | 'together' | 'sendKeys' | 'screenshot' | 'dump' | 'saveFile' | 'migrate' | 'autostart' | 'copyUuid')[])[]>;

/** virsh's autostart. */
export const autostartLabel = "Start with this computer's session";

export interface ActionMenuProps {
  readonly domains: readonly DomainSummary[];
  readonly which: keyof typeof groups;
  /** For a menu without a trigger, which must take the focus itself and be closed by its owner. */
  readonly onClose?: () => void;
}

export function ActionMenu({ domains, which, onClose }: ActionMenuProps): ReactElement {
  const { act, openConsole, openConsolesTogether, openDialog, copy } = useCommands();
  const [only] = domains.length === 1 ? domains : [];
  const items = groups[which].map((group, index) => (
    <MenuGroup key={group[0]} first={index === 0}>
      {group.filter((key) => (key !== 'together' || !only) && (!ofSavedState.has(key) || domains.some(({ hasManagedSave }) => hasManagedSave))).map((key) => {
        if (key === 'together') return <Item key={key} label="Consoles in one window" icon={SquareTerminal} disabled={!domains.some((domain) => domain.consoles.length > 0)} onAction={() => openConsolesTogether(domains.map((domain) => domain.uuid))} />;
        if (key === 'console') {
          return <Item key={key} label="Console" icon={SquareTerminal} keys={domains.length === 1 ? 'Enter' : ''} disabled={!domains.some((domain) => domain.consoles.length > 0)} onAction={() => domains.forEach((domain) => openConsole(domain.uuid, null))} />;
        }
        if (key === 'sendKeys') return <SendKeys key={key} domains={domains} />;
        if (key === 'screenshot') return <Item key={key} label="Take screenshot…" icon={Camera} disabled={!only || only.id === null || !only.devices.some(({ kind }) => kind === 'video')} onAction={() => only && openDialog('screenshot', only.uuid)} />;
        if (key === 'saveFile') return <Item key={key} label="Save to file…" icon={FileDown} disabled={!only || only.id === null} onAction={() => only && openDialog('save', only.uuid)} />;
        if (key === 'dump') return <Item key={key} label="Dump memory…" icon={FileDown} disabled={!only || only.id === null} onAction={() => only && openDialog('dump', only.uuid)} />;
        if (key === 'migrate') return <Item key={key} label="Migrate…" icon={ArrowRightLeft} keys="Ctrl+Shift+M" disabled={!domains.some(isMovable)} onAction={() => askToMigrate(domains.filter(isMovable).map(({ uuid }) => uuid))} />;
        if (key === 'autostart') return <Autostart key={key} domains={domains} />;
        if (key === 'copyUuid') {
          return <Item key={key} label="Copy UUID" icon={Copy} onAction={() => copy(domains.map((domain) => domain.uuid).join('\n'), 'The UUID')} />;
        }
        const terms = domainActions[key];
        const fitting = domains.filter((domain) => terms.applies(domain));
        return <Item key={key} label={terms.label} icon={actionIcons[key]} lossy={terms.lossy} disabled={fitting.length === 0} onAction={() => act(key, fitting.map((domain) => domain.uuid))} />;
      })}
    </MenuGroup>
  ));
  const label = domains.length === 1 ? `Actions for ${domains[0]?.name}` : `Actions for ${domains.length} domains`;
  return <Menu className="menu" aria-label={label} {...(onClose ? { onClose, autoFocus: 'first' } : {})}>{items}</Menu>;
}

/** Keys go to one guest at a time: what they do depends on what it shows. */
function SendKeys({ domains }: { readonly domains: readonly DomainSummary[] }): ReactElement {
  const { sendKeys } = useCommands();
  const [domain] = domains;
  const runs = domains.length === 1 && domain?.state === 'running';
  return (
    <SubmenuTrigger>
      <MenuItem className="menu-item" textValue="Send keys" isDisabled={!runs}>
        <Keyboard size={16} aria-hidden />
        Send keys
        <kbd aria-hidden>›</kbd>
      </MenuItem>
      <Popover className="popover" offset={-2}>
        <Menu className="menu" aria-label={`Keys for ${domain?.name}`}>
          {keyCombinations.map((combination) => (
            <MenuItem key={combination.label} className="menu-item" textValue={combination.label} onAction={() => domain && sendKeys(domain.uuid, combination)}>{combination.label}</MenuItem>
          ))}
        </Menu>
      </Popover>
    </SubmenuTrigger>
  );
}

function Autostart({ domains }: { readonly domains: readonly DomainSummary[] }): ReactElement {
  const { setAutostart } = useCommands();
  const fitting = domains.filter(({ persistent }) => persistent);
  const isOn = fitting.length > 0 && fitting.every(({ autostart }) => autostart);
  return (
    <MenuItem className="menu-item" textValue={autostartLabel} isDisabled={fitting.length === 0} onAction={() => setAutostart(fitting.map(({ uuid }) => uuid), !isOn)}>
      <CalendarClock size={16} aria-hidden />
      {autostartLabel}
      {isOn && <kbd aria-label="on">✓</kbd>}
    </MenuItem>
  );
}

function MenuGroup({ first, children }: { readonly first: boolean; readonly children: ReactElement[] }): ReactElement {
  return (
    <>
      {!first && <Separator className="menu-separator" />}
      {children}
    </>
  );
}

interface ItemProps {
  readonly label: string;
  readonly icon: LucideIcon;
  readonly lossy?: boolean;
  readonly disabled?: boolean;
  readonly keys?: string;
  readonly onAction: () => void;
}

function Item({ label, icon: Icon, lossy = false, disabled = false, keys = '', onAction }: ItemProps): ReactElement {
  return (
    <MenuItem className={lossy ? 'menu-item lossy' : 'menu-item'} textValue={label} isDisabled={disabled} onAction={onAction}>
      <Icon size={16} aria-hidden />
      {label}
      {keys && <kbd aria-hidden>{keys}</kbd>}
    </MenuItem>
  );
}
