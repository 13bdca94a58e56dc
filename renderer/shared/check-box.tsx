/** A box to tick, with what it does beside it and, where needed, a line beneath. */
import { Check } from 'lucide-react';
import type { ReactElement, ReactNode } from 'react';
import { Checkbox } from 'react-aria-components';

export interface CheckBoxProps {
  readonly label: string;
  /** For assistive technology, where `label` is empty because what it is about stands beside it. */
  readonly name?: string;
  readonly isSelected: boolean;
  readonly onChange: (isSelected: boolean) => void;
  readonly children?: ReactNode;
}

export function CheckBox({ label, name, isSelected, onChange, children }: CheckBoxProps): ReactElement {
  return (
    <Checkbox className="checkbox" isSelected={isSelected} onChange={onChange} {...(name ? { 'aria-label': name } : {})}>
      <span className="checkbox-box" aria-hidden>{isSelected && <Check size={12} />}</span>
      <span className="checkbox-text">
        {label}
        {children}
      </span>
    </Checkbox>
  );
}
