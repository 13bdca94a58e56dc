/** Where a guest's memory is dumped to, as what, and what becomes of the guest then. */
import { FolderOpen } from 'lucide-react';
import { type ReactElement, useState } from 'react';
import { Input, Label, Radio, RadioGroup, TextField } from 'react-aria-components';
import type { DomainSummary } from '../../core/domain/domain-summary.ts';
import type { DumpFormat } from '../../core/process/dump-format.ts';
import { Button } from '../shared/button.tsx';
import { CheckBox } from '../shared/check-box.tsx';
import { AlertFrame } from '../shared/dialogs.tsx';
import { attempt } from '../shared/failure-toast.tsx';
import { useSession } from '../shared/session.ts';
import { formatMemory } from '../words/format.ts';
import { type DumpChoice, dumpMemory } from './dump-memory.ts';

const formats: Readonly<Record<DumpFormat, string>> = {
  elf: 'ELF, whole',
  'kdump-zlib': 'kdump, zlib',
  'kdump-lzo': 'kdump, LZO',
  'kdump-snappy': 'kdump, Snappy',
  'win-dmp': 'Windows crash dump',
};

const afters: Readonly<Record<NonNullable<DumpChoice['afterwards']>, string>> = {
  nothing: 'It goes on as before',
  reset: 'It is reset, as by its button',
  crash: 'It is ended as crashed',
};

/** Somebody looks for a folder meanwhile. */
const dialogMs = 3_600_000;

export interface DumpDialogProps {
  readonly summary: DomainSummary;
  readonly onClose: () => void;
}

export function DumpDialog({ summary, onClose }: DumpDialogProps): ReactElement {
  const { host } = useSession();
  const [to, setTo] = useState('');
  const [format, setFormat] = useState<DumpFormat>('elf');
  const [afterwards, setAfterwards] = useState<NonNullable<DumpChoice['afterwards']>>('nothing');
  const [live, setLive] = useState(false);
  const runs = summary.id !== null;
  const isRelative = to !== '' && !to.startsWith('/') && !/^[A-Za-z]:[\\/]/.test(to);
  const choose = async (): Promise<void> => {
    const chosen = await attempt('No file was chosen', () => host.client.call('desktopChooseFile', { title: `Dump the memory of ${summary.name}`, suggestedName: `${summary.name.slice(0, 100)}.dump` }, { timeoutMs: dialogMs }));
    if (chosen) setTo(chosen.path);
  };
  const begin = (): void => {
    onClose();
    void dumpMemory(host.client, summary, { to, format, live, afterwards });
  };
  return (
    <AlertFrame title={<>Dump the memory of <bdi>{summary.name}</bdi></>} onClose={onClose}>
      <p>What is in the guest's memory is written to a file of this computer, up to {formatMemory(summary.memoryKiB)} of it. The guest stands still meanwhile (virsh dump --memory-only).</p>
      <TextField className="field" value={to} onChange={setTo} isInvalid={isRelative} autoFocus>
        <Label>File</Label>
        <span className="field-row">
          <Input className="input mono" placeholder="/path/of/the/dump" spellCheck={false} />
          <Button label="Choose…" icon={FolderOpen} onPress={() => void choose()} />
        </span>
        <span className={isRelative ? 'field-note bad' : 'field-note'}>{isRelative ? 'The path must begin at the root of the file system.' : 'It may hold passwords and keys of the guest: only you can read it.'}</span>
      </TextField>
      <RadioGroup className="field" value={format} onChange={(value) => setFormat(value as DumpFormat)}>
        <Label>Format</Label>
        <div className="radios">
          {Object.entries(formats).map(([value, label]) => <Choice key={value} value={value} label={label} />)}
        </div>
      </RadioGroup>
      <RadioGroup className="field" value={afterwards} onChange={(value) => setAfterwards(value as NonNullable<DumpChoice['afterwards']>)}>
        <Label>The guest afterwards</Label>
        <div className="radios">
          {Object.entries(afters).map(([value, label]) => <Choice key={value} value={value} label={label} />)}
        </div>
      </RadioGroup>
      <CheckBox label="Leave it to QEMU to stop the guest (--live)" isSelected={live} onChange={setLive} />
      {!runs && <p className="notice warn" role="alert"><span>The domain does not run any more: there is no memory to dump.</span></p>}
      <div className="dialog-buttons">
        <Button label="Cancel" onPress={onClose} />
        <Button label={afterwards === 'nothing' ? 'Dump' : afterwards === 'reset' ? 'Dump and reset' : 'Dump and end'} kind={afterwards === 'nothing' ? 'primary' : 'danger'} disabled={to === '' || isRelative || !runs} onPress={begin} />
      </div>
    </AlertFrame>
  );
}

function Choice({ value, label }: { readonly value: string; readonly label: string }): ReactElement {
  return (
    <Radio value={value} className="radio">
      <span className="radio-dot" aria-hidden />
      {label}
    </Radio>
  );
}
