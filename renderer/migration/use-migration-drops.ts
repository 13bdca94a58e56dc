/** Domains of the list can be dragged onto another host's row: the dialog asks the rest. The keyboard has Migrate… in their menu. */
import { type DragAndDropHooks, useDragAndDrop } from 'react-aria-components';
import { askToMigrate, isMovable } from '../store/migrate-store.ts';
import { useSession } from '../shared/session.ts';
import { otherHostOf } from './places.ts';

const type = 'application/x-vireo-domain';

/** @param isDomain whether a row's key is a domain's UUID. */
export function useMigrationDrops(isDomain: (key: string) => boolean): DragAndDropHooks {
  const { host } = useSession();
  const { dragAndDropHooks } = useDragAndDrop({
    getItems: (keys) => [...keys].map(String).filter((key) => isDomain(key) && isMovable(host.domain(key) ?? gone)).map((key) => ({ [type]: key, 'text/plain': host.domain(key)?.name ?? key })),
    getAllowedDropOperations: () => ['move'],
    getDropOperation: (target, types, allowed) => (target.type === 'item' && target.dropPosition === 'on' && otherHostOf(String(target.key)) !== null && types.has(type) ? (allowed[0] ?? 'move') : 'cancel'),
    acceptedDragTypes: [type],
    async onItemDrop({ target, items }) {
      const uri = otherHostOf(String(target.key));
      if (uri === null) return;
      const uuids = await Promise.all(items.flatMap((item) => (item.kind === 'text' && item.types.has(type) ? [item.getText(type)] : [])));
      askToMigrate(uuids, uri);
    },
  });
  return dragAndDropHooks;
}

const gone = { id: null, persistent: false, migration: null };
