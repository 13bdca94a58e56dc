/** What fills a pane that has nothing to list: loading, unreachable and empty each look different. */
import type { LucideIcon } from 'lucide-react';
import type { ReactElement, ReactNode } from 'react';

export interface PictureProps {
  readonly icon: LucideIcon;
  readonly title: string;
  readonly text?: ReactNode;
  readonly children?: ReactNode;
  readonly spins?: boolean;
}

export function Picture({ icon: Icon, title, text, children, spins = false }: PictureProps): ReactElement {
  return (
    <div className="picture">
      <Icon size={32} strokeWidth={1.5} aria-hidden className={spins ? 'spinner' : ''} />
      <h2>{title}</h2>
      {text && <p>{text}</p>}
      {children}
    </div>
  );
}
