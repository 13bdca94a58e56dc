/** A row for the memory and one for each disk: a bar, how much, how fast. The numbers keep their columns. */
import type { ReactElement } from 'react';
import type { MigratedDisk, MigrationView } from '../../core/migration/migration-view.ts';
import { formatBytes } from '../words/format.ts';
import { formatRate } from '../words/usage.ts';
import { memoryNumbers } from './migration-words.ts';

export function MigrationRows({ view }: { readonly view: MigrationView }): ReactElement {
  const last = view.samples.at(-1);
  const isRunning = view.outcome === 'running';
  const isOver = (last?.iteration ?? 1) > 1;
  return (
    <div className="migration-rows" role="list" aria-label="What goes over">
      {(view.memoryTotalBytes !== null || isRunning) && (
        <Row name="Memory" percent={view.memoryPercent} isIndeterminate={view.side === 'destination' && isRunning && view.memoryPercent === null} numbers={view.side === 'destination' && view.memoryTotalBytes === null ? 'arriving' : memoryNumbers(view)}
          speed={isRunning && last?.speedBytesPerSecond ? formatRate(last.speedBytesPerSecond) : ''}
          note={isRunning && isOver && last?.dirtyBytesPerSecond ? `guest changes ${formatRate(last.dirtyBytesPerSecond)}` : ''} />
      )}
      {view.disks.map((disk) => <DiskRow key={disk.target} disk={disk} isRunning={isRunning} />)}
    </div>
  );
}

const diskWords: Readonly<Record<MigratedDisk['state'], string>> = { waiting: 'waiting', copying: '', mirroring: 'done, mirroring', done: 'done', failed: 'failed' };

function DiskRow({ disk, isRunning }: { readonly disk: MigratedDisk; readonly isRunning: boolean }): ReactElement {
  const total = formatBytes(disk.totalBytes);
  return (
    <Row name={disk.target} percent={disk.percent} isBad={disk.state === 'failed'} numbers={disk.state === 'copying' ? `${formatBytes(disk.processedBytes)} of ${total}` : total}
      speed={isRunning && disk.speedBytesPerSecond ? formatRate(disk.speedBytesPerSecond) : ''} note={disk.error ?? (disk.state === 'mirroring' && !isRunning ? 'copied' : diskWords[disk.state])} />
  );
}

interface RowProps {
  readonly name: string;
  readonly percent: number | null;
  readonly isIndeterminate?: boolean;
  readonly isBad?: boolean;
  readonly numbers: string;
  readonly speed: string;
  readonly note: string;
}

function Row({ name, percent, isIndeterminate = false, isBad = false, numbers, speed, note }: RowProps): ReactElement {
  const words = [numbers, note].filter(Boolean).join(', ');
  return (
    <div className="migration-row" role="listitem">
      <strong className="migration-row-name">{name}</strong>
      <span className={`meter wide${isBad ? ' bad' : ''}${isIndeterminate ? ' indeterminate' : ''}`} role="progressbar" aria-label={name} aria-valuetext={words} {...(percent === null ? {} : { 'aria-valuemin': 0, 'aria-valuemax': 100, 'aria-valuenow': percent })}>
        <span style={{ width: `${percent ?? 0}%` }} />
      </span>
      <span className="migration-percent numbers">{percent === null ? '' : `${percent} %`}</span>
      <span className="numbers">{numbers}</span>
      <span className="numbers quiet">{speed}</span>
      <span className={isBad ? 'migration-note bad' : 'migration-note quiet'}>{note}</span>
    </div>
  );
}
