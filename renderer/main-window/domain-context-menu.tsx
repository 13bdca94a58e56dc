/** The menu at the pointer, or at the focused row for the menu key. */
import type { ReactElement } from 'react';
import { useRef } from 'react';
import { Popover } from 'react-aria-components';
import { useShallow } from 'zustand/react/shallow';
import { useHost } from '../shared/session.ts';
import { domainsOf } from '../store/host-store.ts';
import { ActionMenu } from './action-menu.tsx';

export interface ContextMenuPlace {
  readonly x: number;
  readonly y: number;
  readonly uuids: readonly string[];
}

export function DomainContextMenu({ place, onClose }: { readonly place: ContextMenuPlace | null; readonly onClose: () => void }): ReactElement {
  const anchor = useRef<HTMLDivElement>(null);
  const domains = useHost(useShallow((state) => (place?.uuids ?? []).flatMap((uuid) => domainsOf(state).get(uuid) ?? [])));
  return (
    <>
      <div ref={anchor} className="context-anchor" style={{ left: place?.x ?? 0, top: place?.y ?? 0 }} />
      <Popover
        key={place ? `${place.x}:${place.y}` : 'none'}
        className="popover"
        triggerRef={anchor}
        placement="bottom start"
        offset={0}
        isOpen={place !== null && domains.length > 0}
        onOpenChange={(open) => !open && onClose()}
      >
        <ActionMenu domains={domains} which="all" onClose={onClose} />
      </Popover>
    </>
  );
}
