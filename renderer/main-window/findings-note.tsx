/** The first thing that is wrong with what is typed, for it may stand far from what the editor shows; pressed, it goes there. */
import { CircleAlert, TriangleAlert } from 'lucide-react';
import type { ReactElement, ReactNode } from 'react';
import { Button } from '../shared/button.tsx';
import type { XmlFinding } from './xml-findings.ts';

export interface FindingsNoteProps {
  readonly findings: readonly XmlFinding[];
  readonly onGo: (finding: XmlFinding) => void;
  /** What is said where there is nothing to find. */
  readonly children?: ReactNode;
}

export function FindingsNote({ findings, onGo, children }: FindingsNoteProps): ReactElement {
  const [first, ...others] = findings;
  if (!first) return <span className="quiet">{children}</span>;
  const Icon = first.kind === 'error' ? CircleAlert : TriangleAlert;
  return (
    <span className={`findings-note ${first.kind}`}>
      <Icon size={16} aria-hidden />
      <Button kind="link" label={`Line ${first.line}`} onPress={() => onGo({ ...first })} />
      <span className="ellipsis" title={first.message}>{first.message}</span>
      {others.length > 0 && <span className="quiet">and {others.length} more</span>}
    </span>
  );
}
