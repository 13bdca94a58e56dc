/**
 * The curve of a migration: what remains, how fast it goes, what the guest changes, with a mark where each pass begins. It
 * only draws; the figures at the pointer, or now, stand beside it.
 */
import { type ReactElement, useEffect, useMemo, useRef, useState } from 'react';
import uPlot from 'uplot';
import type { MigrationView } from '../../core/migration/migration-view.ts';
import { formatBytes, formatElapsed } from '../words/format.ts';
import { formatRate } from '../words/usage.ts';

const heightPx = 112;
/** A curve of two seconds over the whole width would say more than it knows. */
const leastMs = 10_000;

interface Curves {
  readonly times: readonly number[];
  readonly remaining: readonly (number | null)[];
  readonly speed: readonly (number | null)[];
  readonly dirty: readonly (number | null)[];
  /** Where a pass begins. */
  readonly marks: readonly number[];
}

export function MigrationGraph({ view }: { readonly view: MigrationView }): ReactElement {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const [hovered, setHovered] = useState<number | null>(null);
  const curves = useMemo(() => curvesOf(view), [view]);
  const newest = useRef(curves);
  useEffect(() => {
    const element = place.current;
    if (!element) return undefined;
    const drawn = new uPlot(optionsFor(element, newest, setHovered), [[], [], [], []], element);
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
  }, []);
  useEffect(() => {
    newest.current = curves;
    plot.current?.setData([[...curves.times], [...curves.remaining], [...curves.speed], [...curves.dirty]]);
  }, [curves]);
  const sample = view.samples[hovered ?? view.samples.length - 1] ?? null;
  const isPast = hovered !== null && hovered < view.samples.length - 1 && sample !== null;
  return (
    <figure className="migration-graph">
      <figcaption>
        <Value mark="remaining" word="remaining" value={sample?.remainingBytes ?? null} format={formatBytes} />
        <Value mark="speed" word="speed" value={sample?.speedBytesPerSecond ?? null} format={formatRate} />
        <Value mark="dirty" word="changed by the guest" value={(sample?.iteration ?? 1) > 1 ? (sample?.dirtyBytesPerSecond ?? null) : null} format={formatRate} />
        <span className="migration-graph-when quiet">{sample && (isPast ? `at ${formatElapsed(sample.atMs)}, pass ${sample.iteration ?? 1}` : `pass ${sample.iteration ?? 1}`)}</span>
      </figcaption>
      <div ref={place} className="graph tall" role="img" aria-label={describe(view)} />
    </figure>
  );
}

function Value({ mark, word, value, format }: { readonly mark: string; readonly word: string; readonly value: number | null; readonly format: (value: number) => string }): ReactElement {
  return (
    <span className="usage-value">
      <span className={`migration-mark ${mark}`} aria-hidden />
      <strong className="numbers">{value === null ? '—' : format(value)}</strong>
      <span className="quiet">{word}</span>
    </span>
  );
}

function curvesOf({ samples }: MigrationView): Curves {
  return {
    times: samples.map(({ atMs }) => atMs),
    remaining: samples.map(({ remainingBytes }) => remainingBytes),
    speed: samples.map(({ speedBytesPerSecond }) => speedBytesPerSecond),
    // Zero before the end of the first pass means that nobody has looked.
    dirty: samples.map(({ dirtyBytesPerSecond, iteration }) => ((iteration ?? 1) > 1 ? dirtyBytesPerSecond : null)),
    marks: samples.filter(({ iteration }, at) => at > 0 && iteration !== samples[at - 1]?.iteration).map(({ atMs }) => atMs),
  };
}

/** The picture in a sentence. */
function describe({ samples, iteration }: MigrationView): string {
  if (samples.length === 0) return 'The curve of the memory: nothing counted yet';
  const most = (values: readonly (number | null)[]): number => values.reduce<number>((top, value) => Math.max(top, value ?? 0), 0);
  const { speed, dirty } = curvesOf({ samples } as MigrationView);
  return `The curve of the memory in ${iteration ?? 1} passes: ${formatBytes(samples.at(-1)?.remainingBytes ?? 0)} remain of ${formatBytes(most(samples.map(({ remainingBytes }) => remainingBytes)))}, at most ${formatRate(most(speed))}, the guest changed at most ${formatRate(most(dirty))}`;
}

function optionsFor(element: HTMLElement, newest: React.RefObject<Curves>, tell: (index: number | null) => void): uPlot.Options {
  const colour = (name: string) => (): string => getComputedStyle(element).getPropertyValue(name).trim();
  const top = (...curves: readonly (readonly (number | null)[])[]): number => Math.max(1, ...curves.map((curve) => curve.reduce<number>((most, value) => Math.max(most, value ?? 0), 0))) * 1.08;
  return {
    width: Math.max(1, element.clientWidth),
    height: heightPx,
    padding: [2, 0, 1, 0],
    ms: 1,
    legend: { show: false },
    axes: [{ show: false }, { show: false }],
    scales: {
      x: { time: false, range: () => [newest.current.times[0] ?? 0, Math.max((newest.current.times[0] ?? 0) + leastMs, newest.current.times.at(-1) ?? 0)] },
      bytes: { range: () => [0, top(newest.current.remaining)] },
      rate: { range: () => [0, top(newest.current.speed, newest.current.dirty)] },
    },
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 6, width: 0 } },
    series: [
      {},
      { scale: 'bytes', stroke: colour('--graph-remaining'), fill: colour('--graph-remaining-fill'), width: 1.5, points: { show: false } },
      { scale: 'rate', stroke: colour('--graph-speed'), width: 1.5, points: { show: false } },
      { scale: 'rate', stroke: colour('--graph-dirty'), width: 1.5, dash: [4, 3], points: { show: false } },
    ],
    hooks: {
      setCursor: [({ cursor: { idx, left } }) => tell(left !== undefined && left >= 0 ? (idx ?? null) : null)],
      drawClear: [(drawn) => drawMarks(drawn, newest.current.marks, colour('--graph-pass')())],
    },
  };
}

function drawMarks(drawn: uPlot, marks: readonly number[], stroke: string): void {
  const { ctx, bbox } = drawn;
  ctx.save();
  ctx.strokeStyle = stroke;
  ctx.lineWidth = 1;
  ctx.beginPath();
  for (const mark of marks) {
    const x = Math.round(drawn.valToPos(mark, 'x', true)) + 0.5;
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
  }
  ctx.stroke();
  ctx.restore();
}
