/**
 * Vireo's button: pressed, then busy in place, then done. While busy the icon becomes a spinner and the label stays, so
 * that nothing moves; it can be focused and read, but a second press asks for nothing.
 */
import { LoaderCircle, type LucideIcon } from 'lucide-react';
import type { ReactElement, ReactNode } from 'react';
import { Button as AriaButton, Tooltip, TooltipTrigger } from 'react-aria-components';

export interface ButtonProps {
  readonly label: string;
  readonly icon?: LucideIcon;
  readonly kind?: 'plain' | 'primary' | 'danger' | 'bare' | 'link';
  readonly small?: boolean;
  /** Shows the icon alone; the label is its name and its tooltip. */
  readonly iconOnly?: boolean;
  readonly busy?: boolean;
  readonly disabled?: boolean;
  readonly autoFocus?: boolean;
  /** What it does, in a sentence, shown after a moment's hover. */
  readonly hint?: string;
  readonly slot?: string;
  readonly onPress?: () => void;
  readonly children?: ReactNode;
}

export function Button(props: ButtonProps): ReactElement {
  const { label, icon: Icon, kind = 'plain', busy = false, iconOnly = false } = props;
  const classes = ['button', kind, iconOnly ? 'icon' : '', props.small ? 'small' : ''].join(' ');
  const hint = props.hint ?? (iconOnly ? label : undefined);
  const button = (
    <AriaButton
      className={classes}
      isPending={busy}
      isDisabled={props.disabled ?? false}
      autoFocus={props.autoFocus ?? false}
      {...(iconOnly ? { 'aria-label': label } : {})}
      {...(props.slot ? { slot: props.slot } : {})}
      {...(props.onPress ? { onPress: props.onPress } : {})}
    >
      {busy ? <LoaderCircle className="spinner" size={16} aria-hidden /> : Icon && <Icon size={16} aria-hidden />}
      {!iconOnly && <span>{label}</span>}
      {props.children}
    </AriaButton>
  );
  if (!hint) return button;
  return (
    <TooltipTrigger delay={600} closeDelay={0}>
      {button}
      <Tooltip className="tooltip" offset={6}>{hint}</Tooltip>
    </TooltipTrigger>
  );
}
