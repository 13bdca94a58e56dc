/**
 * How a console window is laid out: tabs, each with one pane or a split of several. The page keeps it in its address, so
 * that a reload finds it again, and tells it to the desktop, which keeps it over a restart of the app. Either side takes
 * it from the other as foreign: everything is bounded here.
 */
import { z } from 'zod';

/** Each pane is a terminal with its scrollback in memory. */
export const maximumPanes = 48;
export const maximumTabs = 32;
export const maximumDepth = 8;

const id = z.string().regex(/^[a-z0-9]{1,16}$/);

const paneSchema = z.object({
  type: z.literal('pane'),
  id,
  uuid: z.string().min(1).max(64),
  /** A device's alias; null is the domain's first console. */
  device: z.string().max(256).nullable(),
  /** Whether it writes where nobody else does, or watches only. */
  mode: z.enum(['write', 'watch']),
});

export type PaneNode = z.infer<typeof paneSchema>;

/** Children stand beside each other in a `row`, below each other in a `column`; `shares` says how the room is divided. */
export interface SplitNode {
  readonly type: 'row' | 'column';
  readonly children: readonly LayoutNode[];
  readonly shares: readonly number[];
}

export type LayoutNode = PaneNode | SplitNode;

const nodeSchema: z.ZodType<LayoutNode> = z.lazy(() =>
  z.union([
    paneSchema,
    z
      .object({ type: z.enum(['row', 'column']), children: z.array(nodeSchema).min(2).max(maximumPanes), shares: z.array(z.number().positive().finite()).max(maximumPanes) })
      .refine(({ children, shares }) => children.length === shares.length, 'a split has one share for each child'),
  ]),
);

const tabSchema = z.object({ id, root: nodeSchema, /** The pane that had the focus last. */ focused: id });

export type ConsoleTab = z.infer<typeof tabSchema>;

export const consoleLayoutSchema = z
  .object({ tabs: z.array(tabSchema).min(1).max(maximumTabs), active: id })
  .refine(isSound, 'a tab or a pane is named that is not there, or twice');

export type ConsoleLayout = z.infer<typeof consoleLayoutSchema>;

/** The panes below a node, in reading order. */
export function panesBelow(node: LayoutNode): readonly PaneNode[] {
  return node.type === 'pane' ? [node] : node.children.flatMap(panesBelow);
}

export function panesOf(layout: ConsoleLayout): readonly PaneNode[] {
  return layout.tabs.flatMap((tab) => panesBelow(tab.root));
}

function isSound({ tabs, active }: { readonly tabs: readonly ConsoleTab[]; readonly active: string }): boolean {
  const ids = [...tabs.map((tab) => tab.id), ...tabs.flatMap((tab) => panesBelow(tab.root).map((pane) => pane.id))];
  if (new Set(ids).size !== ids.length || ids.length - tabs.length > maximumPanes) return false;
  if (!tabs.some((tab) => tab.id === active)) return false;
  return tabs.every((tab) => depthOf(tab.root) <= maximumDepth && panesBelow(tab.root).some((pane) => pane.id === tab.focused));
}

/** How many splits lie within each other, and the pane. */
export function depthOf(node: LayoutNode): number {
  return node.type === 'pane' ? 1 : 1 + Math.max(...node.children.map(depthOf));
}
