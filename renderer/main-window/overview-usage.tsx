/** What the domain uses of this computer: four numbers with their last minutes. A number that nobody counts is a dash with the reason. */
import { type ReactElement, useMemo, useState } from 'react';
import type { UsageRates } from '../../core/statistics/usage-rates.ts';
import type { DomainSummary } from '../../core/domain/domain-summary.ts';
import { useNow } from '../shared/use-now.ts';
import type { UsageState } from '../store/statistics-feed.ts';
import { diskCount, networkCounting } from '../store/statistics-history.ts';
import { binaryTop, percentTop } from '../store/statistics-scale.ts';
import { sentenceFor } from '../words/errors.ts';
import { formatMemory } from '../words/format.ts';
import { formatPercent, formatRate, formatShare } from '../words/usage.ts';
import { AskForMemory } from './overview-memory-report.tsx';
import { type UsageCurve, UsageCard } from './overview-usage-card.tsx';
import { useUsage } from './use-usage.ts';

export function UsageCards({ summary }: { readonly summary: DomainSummary }): ReactElement {
  const usage = useUsage(summary);
  const why = useWhyUnknown(summary, usage);
  const [hovered, setHovered] = useState<number | null>(null);
  // While a point is under the pointer all four cards tell of the same moment.
  const shared = { points: summary.id === null ? noPoints : usage.points, hovered, onHover: setHovered, why, incomplete: usage.last?.incomplete ?? null };
  const counted = usage.last?.parameters ?? null;
  const network = counted && networkCounting(counted);
  const cpuCurves = useMemo(() => [cpuCurve(summary.vcpus)], [summary.vcpus]);
  const [latest] = usage.points.slice(-1);
  const reports = typeof latest?.rates?.memoryUsedKiB === 'number';
  return (
    <section className="usage-cards" aria-label="What it uses">
      <UsageCard title="CPU" {...shared} curves={cpuCurves} note={summary.vcpus === 1 ? 'of its vCPU' : `of its ${summary.vcpus} vCPUs`} topFor={percentTop} formatTop={formatPercentWhole} />
      <UsageCard title="Memory" {...shared} curves={reports ? reportedMemory : residentMemory} topFor={identity} floor={summary.memoryKiB} formatTop={formatMemory} note={<AskForMemory summary={summary} reports={reports} isKnown={latest !== undefined} />} />
      <UsageCard title="Disk" {...shared} curves={diskCurves} topFor={binaryTop} formatTop={formatRate} absent={counted && diskCount(counted) === 0 ? 'this domain has no disk' : null} />
      <UsageCard
        title="Network"
        {...shared}
        curves={networkCurves}
        topFor={binaryTop}
        formatTop={formatRate}
        absent={network === 'none' ? 'this domain has no network card' : network === 'uncounted' ? 'not counted for user networking' : null}
      />
    </section>
  );
}

const noPoints: UsageState['points'] = [];

/** A sample takes a moment, and the first rate needs two. */
const loadingMs = 8_000;

/** Why there are no numbers: null while they are on their way, or there. */
function useWhyUnknown(summary: DomainSummary, { points, error, last }: UsageState): string | null {
  const now = useNow();
  if (summary.id === null) return 'it is off';
  if (points.length > 0) return null;
  if (error) return `not counted: ${sentenceFor(error)}`;
  if (summary.reason === 'starting up') return 'it is starting';
  return last !== null && summary.stateSinceMs !== null && now - summary.stateSinceMs > loadingMs && last.incomplete !== null ? 'QEMU does not answer' : null;
}

const identity = (value: number): number => value;
const formatPercentWhole = (percent: number): string => `${Math.round(percent)} %`;

function cpuCurve(vcpus: number): UsageCurve {
  const count = Math.max(1, vcpus);
  return {
    word: '',
    value: ({ cpuPercent }) => (cpuPercent === null ? null : cpuPercent / count),
    format: formatPercent,
    hint: ({ cpuPercent }) => (cpuPercent === null ? '' : `${(cpuPercent / 100).toFixed(2)} of this computer's CPUs, with what QEMU itself needs for disks and devices.`),
  };
}

const shareOfMemory: UsageCurve['format'] = (usedKiB, { memoryKiB }) => (memoryKiB === null ? formatMemory(usedKiB) : formatShare(usedKiB, memoryKiB));
/** What the guest says and what QEMU takes are never one curve: they are two different things. */
const reportedMemory: readonly UsageCurve[] = [{ word: '', value: ({ memoryUsedKiB }) => memoryUsedKiB, format: shareOfMemory, hint: memoryHint }];
const residentMemory: readonly UsageCurve[] = [{ word: '', value: ({ residentKiB }) => residentKiB, format: formatMemory, hint: memoryHint }];

function memoryHint({ memoryUsedKiB, memoryKiB, residentKiB }: UsageRates): string {
  const resident = residentKiB === null ? '' : ` QEMU takes ${formatMemory(residentKiB)} of this computer's memory.`;
  const balloon = memoryKiB === null ? '' : ` Its balloon leaves it ${formatMemory(memoryKiB)}.`;
  return memoryUsedKiB === null
    ? `What QEMU takes of this computer's memory (RSS); the guest does not report what it uses.${balloon}`
    : `What the guest reports that its programs and kernel use, without caches that it can give up.${balloon}${resident}`;
}

const diskCurves: readonly UsageCurve[] = [
  { word: 'read', value: ({ diskReadBytes }) => diskReadBytes, format: formatRate, hint: ({ diskReadRequests }) => requestsHint(diskReadRequests, 'reads') },
  { word: 'written', value: ({ diskWriteBytes }) => diskWriteBytes, format: formatRate, hint: ({ diskWriteRequests }) => requestsHint(diskWriteRequests, 'writes') },
];

function requestsHint(requests: number | null, what: string): string {
  return requests === null ? '' : `${requests.toFixed(requests < 10 ? 1 : 0)} ${what} a second, of all disks together.`;
}

const networkCurves: readonly UsageCurve[] = [
  { word: 'received', value: ({ networkRxBytes }) => networkRxBytes, format: formatRate, hint: () => 'What the guest received. Cards with user networking are not counted.' },
  { word: 'sent', value: ({ networkTxBytes }) => networkTxBytes, format: formatRate, hint: () => 'What the guest sent. Cards with user networking are not counted.' },
];
