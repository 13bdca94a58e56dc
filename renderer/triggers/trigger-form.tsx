/** One trigger's fields, judged while they are typed. */
import { type ReactElement, useId, useState } from 'react';
import { Input, Label, TextField } from 'react-aria-components';
import type { VireoError } from '../../core/base/errors.ts';
import type { ConsoleTrigger } from '../../core/console/history/trigger-schema.ts';
import type { DomainSummary } from '../../core/domain/domain-summary.ts';
import { Button } from '../shared/button.tsx';
import { CheckBox } from '../shared/check-box.tsx';
import { Choice } from '../shared/field.tsx';
import { consoleNames } from '../words/consoles.ts';
import { sentenceFor } from '../words/errors.ts';
import { type TriggerDraft, judgeDraft } from './trigger-draft.ts';

const kinds = [{ id: 'text', label: 'Text' }, { id: 'regex', label: 'Regular expression' }] as const;

export interface TriggerFormProps {
  readonly summary: DomainSummary;
  readonly draft: TriggerDraft;
  readonly others: readonly ConsoleTrigger[];
  readonly isSaving: boolean;
  /** Why the last try to save it failed. */
  readonly error: VireoError | null;
  readonly onSave: (draft: TriggerDraft) => void;
  readonly onCancel: () => void;
}

export function TriggerForm({ summary, draft: given, others, isSaving, error, onSave, onCancel }: TriggerFormProps): ReactElement {
  const [draft, setDraft] = useState(given);
  const form = useId();
  const set = (changes: Partial<TriggerDraft>): void => setDraft((before) => ({ ...before, ...changes }));
  const { isFit, says } = judgeDraft(draft, others);
  const names = consoleNames(summary);
  const devices = [...new Set([...names, ...(draft.device === '' ? [] : [draft.device])])];
  return (
    <form
      id={form}
      className="trigger-form"
      onSubmit={(event) => {
        event.preventDefault();
        if (isFit && !isSaving) onSave(draft);
      }}
    >
      <TextField className="field" value={draft.pattern} onChange={(pattern) => set({ pattern })} isInvalid={says !== null && !isFit} maxLength={1_000} autoFocus>
        <Label>Pattern</Label>
        <Input className="input mono" spellCheck={false} placeholder={draft.kind === 'regex' ? 'panic|oops' : 'Kernel panic'} />
        <span className={says !== null && !isFit ? 'field-note bad' : 'field-note'} role="status">{says ?? (draft.kind === 'regex' ? 'A regular expression of JavaScript, looked for in single lines.' : 'Looked for anywhere in a line, without colours and control characters.')}</span>
      </TextField>
      <div className="field-grid">
        <Choice label="Kind" value={draft.kind} choices={kinds} onChange={(kind) => set({ kind })} />
        <Choice label="Console" value={draft.device} choices={[{ id: '', label: 'All consoles' }, ...devices.map((name) => ({ id: name, label: name }))]} onChange={(device) => set({ device })} />
      </div>
      <TextField className="field" value={draft.words} onChange={(words) => set({ words })} maxLength={200}>
        <Label>The notification says</Label>
        <Input className="input" placeholder={`${summary.name}, ${draft.device === '' ? (names[0] ?? 'ttyS0') : draft.device}`} />
        <span className="field-note">Above the line that the guest wrote. Left empty, it names the domain and the console.</span>
      </TextField>
      <CheckBox label="Capital and small letters differ" isSelected={draft.caseSensitive} onChange={(caseSensitive) => set({ caseSensitive })} />
      <CheckBox label="Tell once, then wait no more" isSelected={draft.once} onChange={(once) => set({ once })} />
      {error && <div className="notice bad" role="alert"><span>It was not saved. {sentenceFor(error)}</span></div>}
      <input type="submit" hidden disabled={!isFit} />
      <div className="dialog-buttons">
        <Button label="Cancel" onPress={onCancel} />
        <Button label={draft.id === null ? 'Add' : 'Save'} kind="primary" disabled={!isFit} busy={isSaving} onPress={() => onSave(draft)} />
      </div>
    </form>
  );
}
