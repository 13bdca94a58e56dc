/** Another host in the list: its name, and whether it answered when it was last asked. Domains are dropped on it. */
import { Server } from 'lucide-react';
import type { ReactElement } from 'react';
import { type OtherHost, hostLabel } from './other-hosts.ts';

const words = { 'not asked': '', asking: 'asking', reachable: 'answers', unreachable: 'no answer' } as const;

export function OtherHostRow({ other: { uri, reach } }: { readonly other: OtherHost }): ReactElement {
  return (
    <div className="tree-cell other">
      <Server size={14} aria-hidden />
      <span className="tree-name ellipsis" title={uri}><bdi>{hostLabel(uri)}</bdi></span>
      <span className={reach.state === 'unreachable' ? 'tree-word bad' : 'tree-word'}>{words[reach.state]}</span>
    </div>
  );
}
