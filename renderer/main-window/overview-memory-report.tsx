/** Whose number the memory card shows; where the guest does not report, the way to have it report. */
import { type ReactElement, useState } from 'react';
import type { DomainSummary } from '../../core/domain/domain-summary.ts';
import { Button } from '../shared/button.tsx';
import { attempt } from '../shared/failure-toast.tsx';
import { useSession } from '../shared/session.ts';

const periodSeconds = 5;

export interface AskForMemoryProps {
  readonly summary: DomainSummary;
  readonly reports: boolean;
  readonly isKnown: boolean;
}

export function AskForMemory({ summary, reports, isKnown }: AskForMemoryProps): ReactElement | null {
  const { host } = useSession();
  const [step, setStep] = useState<'idle' | 'asking' | 'asked'>('idle');
  if (!isKnown) return null;
  if (reports) return <>as the guest reports</>;
  const hasBalloon = summary.devices.some(({ kind }) => kind === 'memballoon');
  if (!hasBalloon || summary.state !== 'running') return <>taken by QEMU</>;
  if (step === 'asked') return <span title="It comes from the guest's driver for the memory balloon, which this guest may not have.">asked, no report yet</span>;
  const ask = async (): Promise<void> => {
    setStep('asking');
    const done = await attempt(`${summary.name} was not asked for its memory`, () => host.client.call('domainSetMemoryStatsPeriod', { domain: summary.uuid, periodSeconds, live: true, config: summary.persistent }));
    setStep(done === undefined ? 'idle' : 'asked');
  };
  return (
    <>
      by QEMU
      <Button
        label="Ask the guest"
        kind="link"
        small
        busy={step === 'asking'}
        hint={`The guest reports what it really uses, every ${periodSeconds} seconds from now on (virsh dommemstat --period ${periodSeconds}).`}
        onPress={() => void ask()}
      />
    </>
  );
}
