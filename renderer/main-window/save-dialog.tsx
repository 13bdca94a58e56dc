/** Where a guest is saved to, in which format, and whether it runs once it is restored. */
import { FolderOpen } from 'lucide-react';
import { type ReactElement, useState } from 'react';
import { Input, Label, Radio, RadioGroup, TextField } from 'react-aria-components';
import type { AnyMethodInput } from '../../core/api/client.ts';
import { asVireoError } from '../../core/base/errors.ts';
import type { DomainSummary } from '../../core/domain/domain-summary.ts';
import { Button } from '../shared/button.tsx';
import { AlertFrame } from '../shared/dialogs.tsx';
import { attempt, showNews } from '../shared/failure-toast.tsx';
import { useSession } from '../shared/session.ts';
import { formatMemory } from '../words/format.ts';

type SaveChoice = Required<Pick<AnyMethodInput<'domainSave'>, 'to' | 'format' | 'restoresTo'>>;

const formats: Readonly<Record<'raw' | 'zstd' | 'gzip' | 'xz', string>> = { raw: 'As it is, the fastest', zstd: 'zstd', gzip: 'gzip', xz: 'xz, the smallest' };
const restoredStates: Readonly<Record<NonNullable<SaveChoice['restoresTo']>, string>> = { 'as it is': 'As it is now', running: 'Running', paused: 'Paused' };

/** Somebody looks for a folder meanwhile; and a save takes as long as the disk does. */
const dialogMs = 3_600_000;
const longestMs = 24 * 3_600_000;

export interface SaveDialogProps {
  readonly summary: DomainSummary;
  readonly onClose: () => void;
}

export function SaveDialog({ summary, onClose }: SaveDialogProps): ReactElement {
  const { host } = useSession();
  const [to, setTo] = useState('');
  const [format, setFormat] = useState<keyof typeof formats>('raw');
  const [restoresTo, setRestoresTo] = useState<keyof typeof restoredStates>('as it is');
  const runs = summary.id !== null;
  const isRelative = to !== '' && !to.startsWith('/') && !/^[A-Za-z]:[\\/]/.test(to);
  const choose = async (): Promise<void> => {
    const chosen = await attempt('No file was chosen', () => host.client.call('desktopChooseFile', { title: `Save ${summary.name}`, suggestedName: `${summary.name.slice(0, 100)}.save` }, { timeoutMs: dialogMs }));
    if (chosen) setTo(chosen.path);
  };
  const begin = (): void => {
    onClose();
    void attempt(`${summary.name} was not saved`, async () => {
      try {
        await host.client.call('domainSave', { domain: summary.uuid, to, format, restoresTo }, { timeoutMs: longestMs });
        showNews(`${summary.name} was saved`, to);
      } catch (error) {
        if (asVireoError(error).code !== 'OPERATION_ABORTED') throw error; // whoever called it off knows
      }
    });
  };
  return (
    <AlertFrame title={<>Save <bdi>{summary.name}</bdi> to a file</>} onClose={onClose}>
      <p>What is in the guest's memory, up to {formatMemory(summary.memoryKiB)}, is written to a file of this computer, and the guest is turned off. It goes on there once the file is restored (virsh save).</p>
      {!summary.persistent && <p className="notice warn"><span>The domain is defined nowhere: until it is restored the file is all that is left of it.</span></p>}
      <TextField className="field" value={to} onChange={setTo} isInvalid={isRelative} autoFocus>
        <Label>File</Label>
        <span className="field-row">
          <Input className="input mono" placeholder="/path/of/the/file.save" spellCheck={false} />
          <Button label="Choose…" icon={FolderOpen} onPress={() => void choose()} />
        </span>
        <span className={isRelative ? 'field-note bad' : 'field-note'}>{isRelative ? 'The path must begin at the root of the file system.' : 'Restore it once only, and do not start the domain otherwise before: its disks go on, and the file does not.'}</span>
      </TextField>
      <Choices label="Format" choices={formats} value={format} onChange={setFormat} />
      <Choices label="The guest once it is restored" choices={restoredStates} value={restoresTo} onChange={setRestoresTo} />
      {!runs && <p className="notice warn" role="alert"><span>The domain does not run any more: there is nothing to save.</span></p>}
      <div className="dialog-buttons">
        <Button label="Cancel" onPress={onClose} />
        <Button label="Save" kind="primary" disabled={to === '' || isRelative || !runs} onPress={begin} />
      </div>
    </AlertFrame>
  );
}

interface ChoicesProps<T extends string> {
  readonly label: string;
  readonly choices: Readonly<Record<T, string>>;
  readonly value: T;
  readonly onChange: (value: T) => void;
}

function Choices<T extends string>({ label, choices, value, onChange }: ChoicesProps<T>): ReactElement {
  return (
    <RadioGroup className="field" value={value} onChange={(chosen) => onChange(chosen as T)}>
      <Label>{label}</Label>
      <div className="radios">
        {Object.entries<string>(choices).map(([each, words]) => (
          <Radio key={each} value={each} className="radio">
            <span className="radio-dot" aria-hidden />
            {words}
          </Radio>
        ))}
      </div>
    </RadioGroup>
  );
}
