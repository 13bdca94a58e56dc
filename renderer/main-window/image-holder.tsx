/** Who has an image that a start was refused: its domain, where, and since when, with the way to it where it is here. */
import type { ReactElement } from 'react';
import { Button } from '../shared/button.tsx';
import { useHost } from '../shared/session.ts';
import { useNow } from '../shared/use-now.ts';
import { domainsOf } from '../store/host-store.ts';
import { show } from '../store/view-store.ts';
import type { ImageRefusal } from '../words/errors.ts';
import { formatExact, formatWhen } from '../words/format.ts';
import { useViewStore } from './view-context.ts';

export function ImageHolderNotice({ refusal: { image, target, holder } }: { readonly refusal: ImageRefusal }): ReactElement {
  const view = useViewStore();
  const now = useNow();
  const status = useHost((state) => state.status);
  const isHere = useHost((state) => holder.uuid !== null && domainsOf(state).has(holder.uuid)) && holder.stateFolder === status?.stateFolder.path;
  return (
    <>
      <span>
        It was not started: disk {target}'s image <code className="selectable">{image}</code> is used by{' '}
        {holder.name === null ? <>process {holder.pid}</> : <>domain <strong><bdi>{holder.name}</bdi></strong>{!isHere && holder.stateFolder !== null && <> of another Vireo (<code className="selectable">{holder.stateFolder}</code>)</>}</>}
        {!isHere && holder.hostName !== null && ` on ${holder.hostName}`}
        {holder.sinceMs !== null && <>, since <span title={formatExact(holder.sinceMs)}>{formatWhen(holder.sinceMs, now)}</span></>}.
      </span>
      {isHere && holder.uuid !== null && <Button label={`Show ${shortened(holder.name ?? 'it')}`} small onPress={() => show(view, holder.uuid ?? '')} />}
    </>
  );
}

const shortened = (name: string): string => (name.length > 24 ? `${name.slice(0, 23)}…` : name);
