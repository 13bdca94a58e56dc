/** The three ways to a domain, as cards; the first that can work is the primary one. */
import { Bird, FileCode, FileInput, type LucideIcon } from 'lucide-react';
import { type ReactElement, useState } from 'react';
import { Button } from '../shared/button.tsx';
import { useHost } from '../shared/session.ts';
import { type SampleStep, useCreation, useSample } from './creation.ts';

const stepWords: Readonly<Record<SampleStep, string>> = { defining: 'Defining it…', starting: 'Starting it…', opening: 'Opening its console…' };

export function CreationCards(): ReactElement {
  const creation = useCreation();
  const status = useHost((state) => state.status);
  const sample = useSample();
  const [step, setStep] = useState<SampleStep | null>(null);
  const [choosing, setChoosing] = useState(false);
  const refusal = !status ? 'Looking whether it is here…' : status.sampleGuest.available ? (status.qemu.found ? null : 'QEMU is missing, see below.') : `Not available: ${status.sampleGuest.reason}`;
  const isThere = sample !== null && sample.state !== 'shut off';
  return (
    <div className="cards">
      <Card
        icon={Bird}
        title={isThere ? 'Open the sample Linux' : 'Start the sample Linux'}
        text={step ? stepWords[step] : refusal ?? (isThere ? 'It runs. Opens its serial console in a window.' : 'A small Linux that boots in seconds, with its serial console. Nothing to download.')}
        button={isThere ? 'Open' : 'Start the sample'}
        primary={refusal === null}
        disabled={refusal !== null && !isThere}
        busy={step !== null}
        onPress={() => void creation.startSample(setStep)}
      />
      <Card icon={FileCode} title="Create a domain" text="Write a definition, from a template that works for most Linux guests." button="Create" primary={status !== null && refusal !== null} onPress={() => creation.writeDefinition()} />
      <Card
        icon={FileInput}
        title="Import a definition file"
        text="Bring a domain that libvirt or virsh dumpxml wrote, or a folder of them. You see it before anything is changed."
        button="Import"
        busy={choosing}
        onPress={() => {
          setChoosing(true);
          void creation.importDefinition().finally(() => setChoosing(false));
        }}
        second={{ button: 'Import a folder', onPress: () => void creation.importFolder() }}
      />
    </div>
  );
}

interface CardProps {
  readonly icon: LucideIcon;
  readonly title: string;
  readonly text: string;
  readonly button: string;
  readonly primary?: boolean;
  readonly disabled?: boolean;
  readonly busy?: boolean;
  readonly onPress: () => void;
  readonly second?: { readonly button: string; readonly onPress: () => void };
}

function Card({ icon: Icon, title, text, button, primary = false, disabled = false, busy = false, onPress, second }: CardProps): ReactElement {
  return (
    <section className="card way" aria-label={title}>
      <Icon size={20} strokeWidth={1.75} aria-hidden />
      <h2>{title}</h2>
      <p className="quiet" role={busy ? 'status' : undefined}>{text}</p>
      <div className="toolbar">
        <Button label={button} kind={primary ? 'primary' : 'plain'} disabled={disabled} busy={busy} onPress={onPress} />
        {second && <Button label={second.button} onPress={second.onPress} />}
      </div>
    </section>
  );
}
