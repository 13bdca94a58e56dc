/**
 * The curve of one or two numbers over the last minutes. It only draws: what the numbers are stands beside it, in text.
 * The canvas takes its colours from the theme's variables when it draws, and draws again when the theme changes.
 */
import { type ReactElement, useEffect, useRef } from 'react';
import uPlot from 'uplot';
import { historyMs } from '../store/statistics-history.ts';

export interface GraphProps {
  /** What a reader is told instead of the picture. */
  readonly label: string;
  /** Wall-clock milliseconds, rising. */
  readonly times: readonly number[];
  /** One list a curve, as long as `times`; null is a gap. The first is filled, the second a line alone. */
  readonly curves: readonly (readonly (number | null)[])[];
  readonly top: number;
  /** The right edge; the left one is `historyMs` before. */
  readonly nowMs: number;
  /** Which point is under the pointer; null when none is. */
  readonly onPoint: (index: number | null) => void;
}

const heightPx = 56;

export function Graph({ label, times, curves, top, nowMs, onPoint }: GraphProps): ReactElement {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const range = useRef({ top, nowMs });
  const tell = useRef(onPoint);
  const count = curves.length;

  useEffect(() => {
    const element = place.current;
    if (!element) return undefined;
    const drawn = new uPlot(optionsFor(element, count, range, tell), [[], ...Array.from({ length: count }, () => [])], element);
    plot.current = drawn;
    const resized = new ResizeObserver(() => drawn.setSize({ width: element.clientWidth, height: heightPx }));
    resized.observe(element);
    const schemes = ['(prefers-color-scheme: dark)', '(prefers-contrast: more)'].map((query) => matchMedia(query));
    const redraw = (): void => drawn.redraw(false);
    for (const scheme of schemes) scheme.addEventListener('change', redraw);
    return () => {
      for (const scheme of schemes) scheme.removeEventListener('change', redraw);
      resized.disconnect();
      drawn.destroy();
      plot.current = null;
    };
  }, [count]);

  useEffect(() => {
    range.current = { top, nowMs };
    plot.current?.setData([[...times], ...curves.map((curve) => [...curve])]);
  }, [times, curves, top, nowMs, count]);

  useEffect(() => {
    tell.current = onPoint;
  }, [onPoint]);

  return <div ref={place} className="graph" role="img" aria-label={label} />;
}

type Range = React.RefObject<{ readonly top: number; readonly nowMs: number }>;

function optionsFor(element: HTMLElement, count: number, range: Range, tell: React.RefObject<GraphProps['onPoint']>): uPlot.Options {
  const colour = (name: string) => (): string => getComputedStyle(element).getPropertyValue(name).trim();
  const curves: readonly uPlot.Series[] = [
    { stroke: colour('--graph-first'), fill: colour('--graph-first-fill'), width: 1.5, points: { show: false } },
    { stroke: colour('--graph-second'), width: 1.5, dash: [4, 3], points: { show: false } },
  ];
  return {
    width: Math.max(1, element.clientWidth),
    height: heightPx,
    padding: [2, 0, 1, 0],
    ms: 1,
    legend: { show: false },
    axes: [{ show: false }, { show: false }],
    scales: {
      x: { time: true, range: () => [range.current.nowMs - historyMs, range.current.nowMs] },
      y: { range: () => [0, range.current.top] },
    },
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 6, width: 0 } },
    series: [{}, ...curves.slice(0, count)],
    hooks: { setCursor: [({ cursor: { idx, left } }) => tell.current(left !== undefined && left >= 0 ? (idx ?? null) : null)] },
  };
}
