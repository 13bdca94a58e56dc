/** Fields of dialogs: a text, a whole number between two bounds, one of several choices. */
import type { ReactElement } from 'react';
import { Input, Label, NumberField, TextField } from 'react-aria-components';

export interface TextInputProps {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly placeholder?: string;
  readonly mono?: boolean;
  readonly maxLength?: number;
  readonly autoFocus?: boolean;
}

export function TextInput({ label, value, onChange, placeholder, mono = false, maxLength, autoFocus = false }: TextInputProps): ReactElement {
  return (
    <TextField className="field" value={value} onChange={onChange} autoFocus={autoFocus} {...(maxLength ? { maxLength } : {})}>
      <Label>{label}</Label>
      <Input className={mono ? 'input mono' : 'input'} spellCheck={false} {...(placeholder ? { placeholder } : {})} />
    </TextField>
  );
}

export interface NumberInputProps {
  readonly label: string;
  readonly value: number;
  readonly least: number;
  readonly most: number;
  readonly step?: number;
  readonly onChange: (value: number) => void;
}

/** What is out of bounds is brought into them when the field is left. */
export function NumberInput({ label, value, least, most, step = 1, onChange }: NumberInputProps): ReactElement {
  return (
    <NumberField className="field" value={value} minValue={least} maxValue={most} step={step} onChange={(next) => Number.isFinite(next) && onChange(next)}>
      <Label>{label}</Label>
      <Input className="input" />
    </NumberField>
  );
}

export interface ChoiceProps<T extends string> {
  readonly label: string;
  readonly value: T;
  readonly choices: readonly { readonly id: T; readonly label: string }[];
  readonly onChange: (value: T) => void;
}

export function Choice<T extends string>({ label, value, choices, onChange }: ChoiceProps<T>): ReactElement {
  return (
    <label className="field">
      <span>{label}</span>
      <select className="input" value={value} onChange={(event) => onChange(choices[event.target.selectedIndex]?.id ?? value)}>
        {choices.map((choice) => <option key={choice.id} value={choice.id}>{choice.label}</option>)}
      </select>
    </label>
  );
}
