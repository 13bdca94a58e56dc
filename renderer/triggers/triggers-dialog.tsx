/** What is waited for on a domain's consoles: listed, added, changed, switched off and removed. */
import { BellRing, Pencil, Plus, Trash2 } from 'lucide-react';
import { type ReactElement, useState } from 'react';
import type { DomainSummary } from '../../core/domain/domain-summary.ts';
import type { ConsoleTrigger } from '../../core/console/history/trigger-schema.ts';
import { maximumTriggers } from '../../core/console/history/trigger-schema.ts';
import { Button } from '../shared/button.tsx';
import { CheckBox } from '../shared/check-box.tsx';
import { AlertFrame } from '../shared/dialogs.tsx';
import { useNow } from '../shared/use-now.ts';
import { sentenceFor } from '../words/errors.ts';
import { formatWhen } from '../words/format.ts';
import { type TriggerDraft, draftOf, newDraft, triggerOf } from './trigger-draft.ts';
import { TriggerForm } from './trigger-form.tsx';
import { type Triggers, useTriggers } from './use-triggers.ts';

export interface TriggersDialogProps {
  readonly summary: DomainSummary;
  /** The console that a new trigger begins with; null for all. */
  readonly device: string | null;
  readonly onClose: () => void;
}

export function TriggersDialog({ summary, device, onClose }: TriggersDialogProps): ReactElement {
  const triggers = useTriggers(summary.uuid);
  const [draft, setDraft] = useState<TriggerDraft | null>(null);
  const [lastEdited, setLastEdited] = useState<string | null>(null);
  const others = (triggers.list ?? []).filter(({ id }) => id !== draft?.id);
  const leave = (): void => {
    setLastEdited(draft?.id ?? 'new');
    setDraft(null);
  };
  const save = (changed: TriggerDraft): void => {
    const trigger = triggerOf(changed);
    void triggers.change((now) => (now.some(({ id }) => id === trigger.id) ? now.map((each) => (each.id === trigger.id ? trigger : each)) : [...now, { ...trigger, id: null }])).then((done) => done && leave());
  };
  const title = draft === null ? <>Triggers of <bdi>{summary.name}</bdi></> : draft.id === null ? 'Add a trigger' : 'Edit the trigger';
  return (
    <AlertFrame title={title} onClose={() => (draft === null ? onClose() : leave())}>
      {draft === null ? (
        <TriggerList triggers={triggers} focused={lastEdited} onAdd={() => setDraft(newDraft(device))} onEdit={(trigger) => setDraft(draftOf(trigger))} onClose={onClose} />
      ) : (
        <TriggerForm summary={summary} draft={draft} others={others} isSaving={triggers.isSaving} error={triggers.error} onSave={save} onCancel={leave} />
      )}
    </AlertFrame>
  );
}

interface TriggerListProps {
  readonly triggers: Triggers;
  /** Whose button has the keyboard: the one that was left last. */
  readonly focused: string | null;
  readonly onAdd: () => void;
  readonly onEdit: (trigger: ConsoleTrigger) => void;
  readonly onClose: () => void;
}

function TriggerList({ triggers, focused, onAdd, onEdit, onClose }: TriggerListProps): ReactElement {
  const { list, error } = triggers;
  const isFull = (list?.length ?? 0) >= maximumTriggers;
  return (
    <>
      <p className="quiet">When a console of the running guest writes a line with one of these patterns, a notification tells of it, at most every ten seconds each. What was written before is not looked at.</p>
      {error && (
        <div className="notice bad" role="alert">
          <span>{list === null ? 'The triggers were not read.' : 'Nothing was changed.'} {sentenceFor(error)}</span>
          {list === null && <Button label="Try again" small onPress={triggers.reload} />}
        </div>
      )}
      {list === null && !error && <div className="skeleton trigger-skeleton" aria-label="Triggers are read" />}
      {list?.length === 0 && <p className="trigger-none"><BellRing size={20} aria-hidden />Nothing is waited for yet.</p>}
      {list !== null && list.length > 0 && (
        <ul className="triggers" aria-label="Triggers">
          {list.map((trigger) => <TriggerRow key={trigger.id} trigger={trigger} triggers={triggers} isFocused={trigger.id === focused} onEdit={() => onEdit(trigger)} />)}
        </ul>
      )}
      <div className="dialog-buttons">
        {/* What is disabled takes no keyboard: it gets it once there is something to add to. */}
        <Button key={list === null ? 'waiting' : 'ready'} label="Add…" icon={Plus} disabled={list === null || isFull} autoFocus={focused === null || focused === 'new'} {...(isFull ? { hint: `There are ${maximumTriggers}, which is all that a domain may have.` } : {})} onPress={onAdd} />
        <Button label="Close" kind="primary" onPress={onClose} />
      </div>
    </>
  );
}

interface TriggerRowProps {
  readonly trigger: ConsoleTrigger;
  readonly triggers: Triggers;
  readonly isFocused: boolean;
  readonly onEdit: () => void;
}

function TriggerRow({ trigger, triggers, isFocused, onEdit }: TriggerRowProps): ReactElement {
  const { id, pattern, kind, device, words, enabled, problem } = trigger;
  const now = useNow();
  const remove = (): void => void triggers.change((all) => all.filter((each) => each.id !== id));
  const enable = (next: boolean): void => void triggers.change((all) => all.map((each) => (each.id === id ? { ...each, enabled: next } : each)));
  return (
    <li className={enabled ? 'trigger' : 'trigger off'}>
      <CheckBox label="" name={`Wait for ${pattern}`} isSelected={enabled} onChange={enable} />
      <div className="trigger-text">
        <span className="trigger-pattern"><code className="ellipsis" title={pattern}>{kind === 'regex' ? `/${pattern}/` : pattern}</code> <span className="quiet">on {device ?? 'all consoles'}</span></span>
        {words !== null && <span className="ellipsis" title={words}>“{words}”</span>}
        <span className={problem === null ? 'quiet ellipsis' : 'bad-words'}>{problem === null ? stateOf(trigger, now) : `Not heeded: ${problem}`}</span>
      </div>
      <Button label={`Edit ${pattern}`} icon={Pencil} kind="bare" small iconOnly autoFocus={isFocused} onPress={onEdit} />
      <Button label={`Remove ${pattern}`} icon={Trash2} kind="bare" small iconOnly onPress={remove} />
    </li>
  );
}

function stateOf({ lastFired, once, enabled }: ConsoleTrigger, nowMs: number): string {
  const last = lastFired && `${formatWhen(lastFired.atMs, nowMs)}: ${lastFired.line}`;
  if (last) return once && !enabled ? `Told once, ${last}` : `Last told ${last}`;
  return once ? 'Not told yet; will be once' : 'Not told yet';
}
