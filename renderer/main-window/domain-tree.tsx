/**
 * The list of this computer and its domains. Only rows in sight are drawn, and a row draws itself from the store, so
 * that a thousand domains changing state leave the list alone.
 */
import { ChevronRight, Monitor, SearchX, Server } from 'lucide-react';
import type { MouseEvent, ReactElement, RefObject } from 'react';
import { useEffect, useMemo, useRef, useState } from 'react';
import { Button as AriaButton, Collection, ListLayout, type Selection, Tree, TreeItem, TreeItemContent, Virtualizer } from 'react-aria-components';
import { useStore } from 'zustand';
import { OtherHostRow } from '../migration/other-host-row.tsx';
import { otherHosts } from '../migration/other-hosts.ts';
import { otherHostKey, otherHostOf } from '../migration/places.ts';
import { useMigrationDrops } from '../migration/use-migration-drops.ts';
import { useHost } from '../shared/session.ts';
import { type DomainRow, domainRows } from '../store/domain-rows.ts';
import { domainsOf } from '../store/host-store.ts';
import { hostKey, select, show } from '../store/view-store.ts';
import { formatCount } from '../words/format.ts';
import { type ContextMenuPlace, DomainContextMenu } from './domain-context-menu.tsx';
import { DomainRowContent } from './domain-row.tsx';
import { useCommands, useView, useViewStore } from './view-context.ts';

const rowHeightPx = 28;
const paddingPx = 6;

export function DomainTree(): ReactElement {
  const view = useViewStore();
  const { openConsole } = useCommands();
  const rows = useRows();
  const selected = useView((state) => state.selected);
  /** A draft or an import stands before the selection: pressing the row behind it goes back. */
  const isBehind = useView((state) => state.draft !== null || state.importing !== null);
  const tree = useSelectedInSight(selected, rows);
  const [menu, setMenu] = useState<ContextMenuPlace | null>(null);
  const others = useStore(otherHosts, (state) => state.hosts);
  const dragAndDropHooks = useMigrationDrops(isDomain);
  const layout = useMemo(() => new ListLayout({ rowHeight: rowHeightPx, padding: paddingPx }), []);

  const onSelectionChange = (keys: Selection): void => {
    select(view, keys === 'all' ? rows.map((row) => row.id) : [...keys].map(String));
  };
  const onContextMenu = (event: MouseEvent): void => {
    const key = event.target instanceof Element ? event.target.closest('[data-key]')?.getAttribute('data-key') : null;
    if (!key || key === hostKey || key === othersKey || otherHostOf(key) !== null) return;
    event.preventDefault();
    const current = view.getState().selected;
    if (!current.has(key)) show(view, key);
    setMenu({ x: event.clientX, y: event.clientY, uuids: current.has(key) ? [...current].filter((each) => each !== hostKey) : [key] });
  };
  return (
    <nav className="sidebar" aria-label="Computers and domains" onContextMenu={onContextMenu}>
      <Virtualizer layout={layout}>
        <Tree
          ref={tree}
          className="tree"
          aria-label="Domains"
          selectionMode="multiple"
          selectionBehavior="replace"
          defaultExpandedKeys={[hostKey, othersKey]}
          dragAndDropHooks={dragAndDropHooks}
          selectedKeys={isBehind ? nothing : selected}
          onSelectionChange={onSelectionChange}
          onAction={(key) => isDomain(String(key)) && openConsole(String(key), null)}
        >
          <TreeItem id={hostKey} textValue="This computer" className="tree-row">
            <TreeItemContent>
              <HostRowContent />
            </TreeItemContent>
            <Collection items={rows}>{(row) => <DomainItem row={row} />}</Collection>
          </TreeItem>
          {others.length > 0 && (
            <TreeItem id={othersKey} textValue="Other hosts" className="tree-row">
              <TreeItemContent>
                <div className="tree-cell host">
                  <AriaButton slot="chevron" className="chevron"><ChevronRight size={14} aria-hidden /></AriaButton>
                  <Server size={14} aria-hidden />
                  <span className="tree-name ellipsis">Other hosts</span>
                </div>
              </TreeItemContent>
              {others.map((other) => (
                <TreeItem key={other.uri} id={otherHostKey(other.uri)} textValue={other.uri} className="tree-row">
                  <TreeItemContent><OtherHostRow other={other} /></TreeItemContent>
                </TreeItem>
              ))}
            </TreeItem>
          )}
        </Tree>
      </Virtualizer>
      <TreeFootnote shown={rows.length} />
      <DomainContextMenu place={menu} onClose={() => setMenu(null)} />
    </nav>
  );
}

const nothing: ReadonlySet<string> = new Set();

/** The row above the other hosts. */
const othersKey = 'others';

function isDomain(key: string): boolean {
  return key !== hostKey && key !== othersKey && otherHostOf(key) === null;
}

/** A domain that is selected from elsewhere (it was just defined, or the tray asks for it) may be out of sight. */
function useSelectedInSight(selected: ReadonlySet<string>, rows: readonly DomainRow[]): RefObject<HTMLDivElement | null> {
  const tree = useRef<HTMLDivElement>(null);
  const only = selected.size === 1 ? [...selected][0] : undefined;
  const isListed = rows.some((row) => row.id === only);
  const newest = useRef(rows);
  useEffect(() => {
    newest.current = rows;
  });
  useEffect(() => {
    const element = tree.current;
    if (!element || !isListed) return;
    const top = paddingPx + (newest.current.findIndex((row) => row.id === only) + 1) * rowHeightPx; // this computer comes first
    const isInSight = top >= element.scrollTop && top + rowHeightPx <= element.scrollTop + element.clientHeight;
    if (!isInSight) element.scrollTo({ top: top - (element.clientHeight - rowHeightPx) / 2 });
  }, [only, isListed]);
  return tree;
}

function DomainItem({ row }: { readonly row: DomainRow }): ReactElement {
  return (
    <TreeItem id={row.id} textValue={row.name} className="tree-row">
      <TreeItemContent>
        <DomainRowContent uuid={row.id} name={row.name} />
      </TreeItemContent>
    </TreeItem>
  );
}

function useRows(): readonly DomainRow[] {
  const domains = useHost(domainsOf);
  const filter = useView((state) => state.filter);
  const [rows, setRows] = useState<readonly DomainRow[]>([]);
  const next = useMemo(() => domainRows(domains, filter.trim(), rows), [domains, filter, rows]);
  if (next !== rows) setRows(next);
  return next;
}

function HostRowContent(): ReactElement {
  const loaded = useHost((state) => state.sync.list !== null);
  const total = useHost((state) => domainsOf(state).size);
  const running = useHost((state) => [...domainsOf(state).values()].filter((summary) => summary.state !== 'shut off').length);
  return (
    <div className="tree-cell host">
      <AriaButton slot="chevron" className="chevron">
        <ChevronRight size={14} aria-hidden />
      </AriaButton>
      <Monitor size={14} aria-hidden />
      <span className="tree-name ellipsis">This computer</span>
      {loaded && <span className="tree-word" title={`${running} of ${total} domains are active`}>{running}/{total}</span>}
    </div>
  );
}

/** Loading, nothing found and nothing there: the list says which of the three it is. */
function TreeFootnote({ shown }: { readonly shown: number }): ReactElement | null {
  const loaded = useHost((state) => state.sync.list !== null);
  const link = useHost((state) => state.link.phase);
  const total = useHost((state) => domainsOf(state).size);
  const view = useViewStore();
  if (!loaded && link === 'unreachable') return <p className="tree-note quiet">The list is not here: the host is unreachable.</p>;
  if (!loaded) {
    return (
      <div className="tree-note" role="status" aria-label="Loading the domains">
        {[70, 52, 64].map((width) => <div key={width} className="skeleton" style={{ width: `${width}%` }} />)}
      </div>
    );
  }
  if (shown > 0) return null;
  if (total === 0) return <p className="tree-note quiet">No domains yet</p>;
  return (
    <div className="tree-note quiet">
      <SearchX size={16} aria-hidden />
      <p>{total === 1 ? 'The one domain here does not fit this search.' : `None of ${formatCount(total)} domains fits this search.`}</p>
      <AriaButton className="button link" onPress={() => view.setState({ filter: '' })}>Show all</AriaButton>
    </div>
  );
}
