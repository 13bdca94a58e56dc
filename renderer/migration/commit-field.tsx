/** A number that is in force on the host: typed, and sent when the field is left or Enter is pressed. Empty is no number. */
import { type ReactElement, useState } from 'react';
import { Input, Label, TextField } from 'react-aria-components';

export interface CommitFieldProps {
  readonly label: string;
  readonly unit: string;
  readonly value: number | null;
  /** What an empty field says; null where there must be a number. */
  readonly empty: string | null;
  readonly disabled: boolean;
  readonly onCommit: (value: number | null) => void;
}

export function CommitField({ label, unit, value, empty, disabled, onCommit }: CommitFieldProps): ReactElement {
  const inForce = value === null ? '' : String(value);
  /** Null while nobody types: then the field follows the host. */
  const [typed, setTyped] = useState<string | null>(null);
  const text = typed ?? inForce;
  const isValid = /^\d{1,9}$/.test(text.trim()) ? Number(text) > 0 || empty !== null : text.trim() === '' && empty !== null;
  const commit = (): void => {
    setTyped(null);
    if (typed === null || typed.trim() === inForce || !isValid) return;
    onCommit(typed.trim() === '' ? null : Number(typed));
  };
  return (
    <TextField className="commit-field" value={text} onChange={setTyped} isDisabled={disabled} isInvalid={typed !== null && !isValid} onBlur={commit} onKeyDown={(event) => {
      if (event.key === 'Enter') commit();
      else if (event.key === 'Escape' && typed !== null) setTyped(null);
      else event.continuePropagation();
    }}>
      <Label>{label}</Label>
      <span className="commit-input">
        <Input className="input numbers" inputMode="numeric" placeholder={empty ?? ''} />
        <span className="quiet">{unit}</span>
      </span>
    </TextField>
  );
}
