/** One card: what is counted, the number now or at the moment under the pointer, and the curve. Its room never changes. */
import { type ReactElement, type ReactNode, useMemo, useState } from 'react';
import type { UsageRates } from '../../core/statistics/usage-rates.ts';
import type { UsagePoint } from '../store/statistics-history.ts';
import { type Scale, steadyScale } from '../store/statistics-scale.ts';
import { formatDuration } from '../words/format.ts';
import { Graph } from './graphs.tsx';

export interface UsageCurve {
  /** What the number is, after it; empty where it says so itself. */
  readonly word: string;
  readonly value: (rates: UsageRates) => number | null;
  readonly format: (value: number, rates: UsageRates) => string;
  /** More about the number, on hover. */
  readonly hint: (rates: UsageRates) => string;
}

export interface UsageCardProps {
  readonly title: string;
  readonly points: readonly UsagePoint[];
  readonly curves: readonly UsageCurve[];
  readonly topFor: (value: number) => number;
  /** The top is never lower. */
  readonly floor?: number;
  readonly formatTop: (top: number) => string;
  readonly hovered: number | null;
  readonly onHover: (index: number | null) => void;
  /** Why nothing is known now of any number; null where something is, or soon will be. */
  readonly why: string | null;
  /** Why some of the numbers are missing now. */
  readonly incomplete: string | null;
  /** Why this number is never there. */
  readonly absent?: string | null;
  /** Beneath a single number. */
  readonly note?: ReactNode;
}

export function UsageCard({ title, points, curves, topFor, floor = 0, formatTop, hovered, onHover, why, incomplete, absent = null, note = null }: UsageCardProps): ReactElement {
  const lists = useMemo(() => curves.map((curve) => points.map(({ rates }) => rates && curve.value(rates))), [curves, points]);
  const times = useMemo(() => points.map(({ atMs }) => atMs), [points]);
  const nowMs = times.at(-1) ?? 0;
  const top = useSteadyTop(Math.max(floor, ...lists.map(highest)), topFor, nowMs);
  const shown = points[hovered ?? points.length - 1] ?? null;
  const isPast = hovered !== null && shown !== null && shown.atMs < nowMs;
  const reason = why ?? absent;
  return (
    <section className="card usage" aria-label={title}>
      <header>
        <h2>{title}</h2>
        <span className="usage-note">
          {reason === null && isPast ? `${formatDuration(nowMs - shown.atMs)} ago` : reason === null && points.length > 0 && <span title="The top of the scale">{formatTop(top)}</span>}
        </span>
      </header>
      <div className="usage-values">
        {reason === null
          ? curves.map((curve, index) => <Value key={curve.word} curve={curve} incomplete={incomplete} rates={shown?.rates ?? null} isLoading={points.length === 0} mark={curves.length === 1 ? null : index === 0 ? 'first' : 'second'} />)
          : <span className="quiet usage-reason">— <span className="why">{reason}</span></span>}
        {reason === null && note && <span className="usage-source">{note}</span>}
      </div>
      <Graph label={describe(title, curves, lists, points)} times={times} curves={lists} top={top} nowMs={nowMs} onPoint={onHover} />
    </section>
  );
}

interface ValueProps {
  readonly curve: UsageCurve;
  readonly rates: UsageRates | null;
  readonly incomplete: string | null;
  readonly isLoading: boolean;
  readonly mark: 'first' | 'second' | null;
}

function Value({ curve, rates, incomplete, isLoading, mark }: ValueProps): ReactElement {
  const value = rates && curve.value(rates);
  return (
    <span className="usage-value" title={(value === null ? incomplete : rates && curve.hint(rates)) || undefined}>
      {mark && <span className={`usage-mark ${mark}`} aria-hidden />}
      {isLoading ? <span className="skeleton usage-skeleton" /> : <strong>{value === null || rates === null ? '—' : curve.format(value, rates)}</strong>}
      {curve.word && <span className="quiet">{curve.word}</span>}
    </span>
  );
}

const highest = (values: readonly (number | null)[]): number => values.reduce<number>((most, value) => Math.max(most, value ?? 0), 0);

function useSteadyTop(needed: number, topFor: (value: number) => number, nowMs: number): number {
  const [scale, setScale] = useState<Scale | null>(null);
  const next = steadyScale(scale, needed, nowMs, topFor);
  if (next.top !== scale?.top || next.neededAtMs !== scale.neededAtMs) setScale(next);
  return next.top;
}

/** The picture in a sentence; the numbers now stand beside it. */
function describe(title: string, curves: readonly UsageCurve[], lists: readonly (readonly (number | null)[])[], points: readonly UsagePoint[]): string {
  const rates = points.findLast((point) => point.rates !== null)?.rates;
  if (!rates) return `${title}: nothing counted yet`;
  const parts = curves.map((curve, index) => `at most ${curve.format(highest(lists[index] ?? []), rates)} ${curve.word}`.trim());
  return `${title} over the last three minutes: ${parts.join(', ')}`;
}
