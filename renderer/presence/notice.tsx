/** One line over a guest's output or picture, never in it. */
import type { LucideIcon } from 'lucide-react';
import type { ReactElement, ReactNode } from 'react';

export interface NoticeProps {
  readonly icon: LucideIcon;
  readonly kind: 'work' | 'warn' | 'bad';
  readonly text: string;
  /** Somebody waits for an answer. */
  readonly isUrgent?: boolean;
  readonly children?: ReactNode;
}

export function Notice({ icon: Icon, kind, text, isUrgent = false, children }: NoticeProps): ReactElement {
  return (
    <div className={`notice ${kind}`} role={kind === 'work' && !isUrgent ? 'note' : 'alert'}>
      <Icon size={16} aria-hidden />
      <span>{text}</span>
      {children}
    </div>
  );
}
