/** The panes of one tab: beside and below each other, with borders that the mouse drags and the arrow keys move. */
import type { KeyboardEvent, PointerEvent, ReactElement } from 'react';
import { Fragment, useEffect, useRef } from 'react';
import type { ConsoleTab, LayoutNode, SplitNode } from '../../core/api/console-layout.ts';
import { ConsoleContext, useConsoleWindow } from './console-context.ts';
import { ConsolePane } from './console-pane.tsx';
import { moveBorder } from './layout-tree.ts';

const keyStep = 0.02;

export function PaneTree({ tab }: { readonly tab: ConsoleTab }): ReactElement {
  const { pane } = useConsoleWindow();
  useEffect(() => {
    const xterm = pane(tab.focused)?.terminal.xterm;
    // Whoever went to the pane's find bar or buttons wants to stay there.
    if (!xterm?.element?.closest('.console-pane')?.contains(document.activeElement)) xterm?.focus();
  }, [pane, tab.focused]);
  return (
    <div className="pane-tree">
      <Node tab={tab} node={tab.root} path={[]} />
    </div>
  );
}

interface NodeProps<N> {
  readonly tab: ConsoleTab;
  readonly node: N;
  /** The child numbers from the tab's root to this node. */
  readonly path: readonly number[];
}

function Node({ tab, node, path }: NodeProps<LayoutNode>): ReactElement | null {
  const { pane } = useConsoleWindow();
  if (node.type !== 'pane') return <Split tab={tab} node={node} path={path} />;
  const parts = pane(node.id);
  if (!parts) return null;
  return (
    <ConsoleContext value={parts}>
      <ConsolePane isAlone={tab.root.type === 'pane'} isFocused={tab.focused === node.id} />
    </ConsoleContext>
  );
}

function Split({ tab, node, path }: NodeProps<SplitNode>): ReactElement {
  const { layout } = useConsoleWindow();
  const frame = useRef<HTMLDivElement>(null);
  const whole = node.shares.reduce((sum, share) => sum + share, 0);
  const move = (index: number, by: number): void => layout.setState((state) => moveBorder(state, tab.id, path, index, by), true);
  return (
    <div ref={frame} className={`pane-split ${node.type}`}>
      {node.children.map((child, index) => (
        <Fragment key={keyOf(child)}>
          {index > 0 && <Border type={node.type} frame={frame} share={node.shares.slice(0, index).reduce((sum, share) => sum + share, 0) / whole} onMove={(by) => move(index - 1, by)} />}
          <div className="pane-slot" style={{ flexGrow: node.shares[index]! / whole }}>
            <Node tab={tab} node={child} path={[...path, index]} />
          </div>
        </Fragment>
      ))}
    </div>
  );
}

/** A slot keeps its terminal while its neighbours come and go. */
function keyOf(node: LayoutNode): string {
  return node.type === 'pane' ? node.id : keyOf(node.children[0]!);
}

interface BorderProps {
  readonly type: SplitNode['type'];
  readonly frame: React.RefObject<HTMLDivElement | null>;
  /** Where the border stands, from the split's start. */
  readonly share: number;
  readonly onMove: (by: number) => void;
}

function Border({ type, frame, share, onMove }: BorderProps): ReactElement {
  const isRow = type === 'row';
  const onPointerMove = (event: PointerEvent<HTMLDivElement>): void => {
    if (!frame.current || !event.currentTarget.hasPointerCapture(event.pointerId)) return;
    const box = frame.current.getBoundingClientRect();
    const at = isRow ? (event.clientX - box.left) / box.width : (event.clientY - box.top) / box.height;
    onMove(at - share);
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const by = { [isRow ? 'ArrowLeft' : 'ArrowUp']: -keyStep, [isRow ? 'ArrowRight' : 'ArrowDown']: keyStep }[event.key];
    if (by === undefined || event.ctrlKey) return;
    onMove(by);
    event.preventDefault();
  };
  return (
    <div
      className="pane-border"
      role="separator"
      tabIndex={0}
      aria-label={isRow ? 'Width of the panes' : 'Height of the panes'}
      aria-orientation={isRow ? 'vertical' : 'horizontal'}
      aria-valuenow={Math.round(share * 100)}
      aria-valuemin={0}
      aria-valuemax={100}
      onPointerDown={(event) => {
        event.preventDefault(); // the terminal keeps the focus
        event.currentTarget.setPointerCapture(event.pointerId);
      }}
      onPointerMove={onPointerMove}
      onKeyDown={onKeyDown}
    />
  );
}
