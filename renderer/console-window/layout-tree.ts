/** The layout of a console window and what can be done to it, as plain values: every change gives a new layout. */
import { type ConsoleLayout, type ConsoleTab, type LayoutNode, type PaneNode, type SplitNode, depthOf, maximumDepth, maximumPanes, maximumTabs, panesBelow, panesOf } from '../../core/api/console-layout.ts';

export type Direction = 'left' | 'right' | 'up' | 'down';

/** Which console a new pane shows. */
export interface ConsoleChoice {
  readonly uuid: string;
  readonly device: string | null;
  readonly mode: 'write' | 'watch';
}

const smallestShare = 0.08;

export function newLayout(choice: ConsoleChoice): ConsoleLayout {
  return { tabs: [{ id: 't1', root: { type: 'pane', id: 'p1', ...choice }, focused: 'p1' }], active: 't1' };
}

export function activeTab(layout: ConsoleLayout): ConsoleTab {
  return layout.tabs.find((tab) => tab.id === layout.active) ?? layout.tabs[0]!; // a layout always has a tab
}

export function tabOf(layout: ConsoleLayout, paneId: string): ConsoleTab | null {
  return layout.tabs.find((tab) => panesBelow(tab.root).some((pane) => pane.id === paneId)) ?? null;
}

export function hasRoom(layout: ConsoleLayout): boolean {
  return panesOf(layout).length < maximumPanes && layout.tabs.length < maximumTabs;
}

/** A tab after the active one, which becomes the active one. */
export function addTab(layout: ConsoleLayout, choice: ConsoleChoice): ConsoleLayout {
  if (!hasRoom(layout)) return layout;
  const [tabId, paneId] = [freeId(layout, 't'), freeId(layout, 'p')];
  const tab: ConsoleTab = { id: tabId, root: { type: 'pane', id: paneId, ...choice }, focused: paneId };
  const at = layout.tabs.findIndex((each) => each.id === layout.active) + 1;
  return { tabs: [...layout.tabs.slice(0, at), tab, ...layout.tabs.slice(at)], active: tabId };
}

/** Halves the pane with the focus; the new one gets the right or lower half, and the focus. */
export function splitPane(layout: ConsoleLayout, towards: 'right' | 'down', choice: ConsoleChoice): ConsoleLayout {
  if (!hasRoom(layout)) return layout;
  const tab = activeTab(layout);
  const pane: PaneNode = { type: 'pane', id: freeId(layout, 'p'), ...choice };
  const root = splitNode(tab.root, tab.focused, towards === 'right' ? 'row' : 'column', pane);
  return depthOf(root) > maximumDepth ? layout : withTab(layout, { ...tab, root, focused: pane.id });
}

function splitNode(node: LayoutNode, paneId: string, type: SplitNode['type'], added: PaneNode): LayoutNode {
  if (node.type === 'pane') return node.id === paneId ? { type, children: [node, added], shares: [1, 1] } : node;
  const at = node.children.findIndex((child) => child.type === 'pane' && child.id === paneId);
  if (at === -1 || node.type !== type) return { ...node, children: node.children.map((child) => splitNode(child, paneId, type, added)) };
  // A split of the same kind takes the new pane in, beside the one that gives half of its room.
  const half = node.shares[at]! / 2;
  return {
    type,
    children: [...node.children.slice(0, at + 1), added, ...node.children.slice(at + 1)],
    shares: [...node.shares.slice(0, at), half, half, ...node.shares.slice(at + 1)],
  };
}

/** Without this pane, and without its tab where it was the last there; null where nothing would be left. */
export function closePane(layout: ConsoleLayout, paneId: string): ConsoleLayout | null {
  const tab = tabOf(layout, paneId);
  if (!tab) return layout;
  const root = withoutPane(tab.root, paneId);
  if (!root) return closeTab(layout, tab.id);
  const panes = panesBelow(tab.root);
  const at = panes.findIndex((pane) => pane.id === paneId);
  const next = panes[at + 1] ?? panes[at - 1]!;
  return withTab(layout, { ...tab, root, focused: tab.focused === paneId ? next.id : tab.focused });
}

export function closeTab(layout: ConsoleLayout, tabId: string): ConsoleLayout | null {
  const at = layout.tabs.findIndex((tab) => tab.id === tabId);
  const tabs = layout.tabs.filter((tab) => tab.id !== tabId);
  const next = tabs[Math.min(at, tabs.length - 1)];
  if (!next) return null;
  return { tabs, active: layout.active === tabId ? next.id : layout.active };
}

function withoutPane(node: LayoutNode, paneId: string): LayoutNode | null {
  if (node.type === 'pane') return node.id === paneId ? null : node;
  const kept = node.children.map((child, index) => ({ child: withoutPane(child, paneId), share: node.shares[index]! })).filter((each): each is { child: LayoutNode; share: number } => each.child !== null);
  if (kept.length <= 1) return kept[0]?.child ?? null;
  return { type: node.type, children: kept.map((each) => each.child), shares: kept.map((each) => each.share) };
}

/** The tab of this pane becomes the active one, the pane the one that is typed into. */
export function focusPane(layout: ConsoleLayout, paneId: string): ConsoleLayout {
  const tab = tabOf(layout, paneId);
  if (!tab || (tab.focused === paneId && layout.active === tab.id)) return layout;
  return { ...withTab(layout, { ...tab, focused: paneId }), active: tab.id };
}

export function selectTab(layout: ConsoleLayout, tabId: string): ConsoleLayout {
  return layout.active === tabId || !layout.tabs.some((tab) => tab.id === tabId) ? layout : { ...layout, active: tabId };
}

/** The tab `by` places after the active one, round at the ends. */
export function cycleTab(layout: ConsoleLayout, by: 1 | -1): ConsoleLayout {
  const at = layout.tabs.findIndex((tab) => tab.id === layout.active);
  return selectTab(layout, layout.tabs[(at + by + layout.tabs.length) % layout.tabs.length]!.id);
}

export function moveTab(layout: ConsoleLayout, tabId: string, by: 1 | -1): ConsoleLayout {
  const at = layout.tabs.findIndex((tab) => tab.id === tabId);
  const to = at + by;
  if (at === -1 || to < 0 || to >= layout.tabs.length) return layout;
  const tabs = layout.tabs.filter((tab) => tab.id !== tabId);
  return { ...layout, tabs: [...tabs.slice(0, to), layout.tabs[at]!, ...tabs.slice(to)] };
}

/** Gives the pane's mode to the next opening of its stream, which a reload brings. */
export function setMode(layout: ConsoleLayout, paneId: string, mode: 'write' | 'watch'): ConsoleLayout {
  const tab = tabOf(layout, paneId);
  if (!tab || panesBelow(tab.root).some((pane) => pane.id === paneId && pane.mode === mode)) return layout;
  return withTab(layout, { ...tab, root: mapPanes(tab.root, (pane) => (pane.id === paneId ? { ...pane, mode } : pane)) });
}

/**
 * Moves the border after child `index` of the split at `path` (child numbers from the tab's root) by a part of the
 * split's whole size.
 */
export function moveBorder(layout: ConsoleLayout, tabId: string, path: readonly number[], index: number, by: number): ConsoleLayout {
  const tab = layout.tabs.find((each) => each.id === tabId);
  return tab ? withTab(layout, { ...tab, root: changeShares(tab.root, path, index, by) }) : layout;
}

function changeShares(node: LayoutNode, path: readonly number[], index: number, by: number): LayoutNode {
  if (node.type === 'pane') return node;
  const [first, ...rest] = path;
  if (first !== undefined) return { ...node, children: node.children.map((child, at) => (at === first ? changeShares(child, rest, index, by) : child)) };
  const [before, after] = [node.shares[index], node.shares[index + 1]];
  if (before === undefined || after === undefined) return node;
  const whole = node.shares.reduce((sum, share) => sum + share, 0);
  const least = Math.min(smallestShare * whole, before, after);
  const moved = Math.max(least - before, Math.min(after - least, by * whole));
  return { ...node, shares: node.shares.map((share, at) => (at === index ? share + moved : at === index + 1 ? share - moved : share)) };
}

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Where each pane stands, in parts of the tab's size. */
export function boxes(node: LayoutNode, box: Box = { x: 0, y: 0, width: 1, height: 1 }): ReadonlyMap<string, Box> {
  if (node.type === 'pane') return new Map([[node.id, box]]);
  const whole = node.shares.reduce((sum, share) => sum + share, 0);
  const found = new Map<string, Box>();
  let before = 0;
  node.children.forEach((child, index) => {
    const part = node.shares[index]! / whole;
    const inner = node.type === 'row' ? { ...box, x: box.x + before * box.width, width: part * box.width } : { ...box, y: box.y + before * box.height, height: part * box.height };
    for (const [id, found_] of boxes(child, inner)) found.set(id, found_);
    before += part;
  });
  return found;
}

/** The pane beyond the border of the focused one on this side, nearest to its middle; null at the edge of the window. */
export function neighbour(tab: ConsoleTab, direction: Direction): string | null {
  const all = boxes(tab.root);
  const own = all.get(tab.focused);
  if (!own) return null;
  const isAcross = direction === 'left' || direction === 'right';
  const middle = isAcross ? own.y + own.height / 2 : own.x + own.width / 2;
  let best: { id: string; away: number } | null = null;
  for (const [id, box] of all) {
    const distance = { left: own.x - (box.x + box.width), right: box.x - (own.x + own.width), up: own.y - (box.y + box.height), down: box.y - (own.y + own.height) }[direction];
    const [start, end] = isAcross ? [box.y, box.y + box.height] : [box.x, box.x + box.width];
    const overlaps = isAcross ? start < own.y + own.height - 1e-6 && end > own.y + 1e-6 : start < own.x + own.width - 1e-6 && end > own.x + 1e-6;
    if (id === tab.focused || distance < -1e-6 || !overlaps) continue;
    const aside = Math.max(0, start - middle, middle - end);
    const away = distance * 10 + aside;
    if (!best || away < best.away) best = { id, away };
  }
  return best?.id ?? null;
}

function mapPanes(node: LayoutNode, change: (pane: PaneNode) => PaneNode): LayoutNode {
  return node.type === 'pane' ? change(node) : { ...node, children: node.children.map((child) => mapPanes(child, change)) };
}

function withTab(layout: ConsoleLayout, changed: ConsoleTab): ConsoleLayout {
  return { ...layout, tabs: layout.tabs.map((tab) => (tab.id === changed.id ? changed : tab)) };
}

/** An id that is used nowhere in the layout, and by nothing that left it a moment ago: numbers only grow while others are there. */
function freeId(layout: ConsoleLayout, letter: 't' | 'p'): string {
  const ids = letter === 't' ? layout.tabs.map((tab) => tab.id) : panesOf(layout).map((pane) => pane.id);
  return `${letter}${Math.max(0, ...ids.map((id) => Number(id.slice(1)) || 0)) + 1}`;
}
