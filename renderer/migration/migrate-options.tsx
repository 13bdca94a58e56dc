/** The options of a migration, in the groups that people think in. What does not go together cannot be ticked together. */
import type { ReactElement, ReactNode } from 'react';
import type { MigrationPreflight } from '../../core/migration/migration-view.ts';
import { CheckBox } from '../shared/check-box.tsx';
import { Choice, NumberInput } from '../shared/field.tsx';
import { formatBytes } from '../words/format.ts';
import type { MigrateDraft } from './migrate-draft.ts';

export interface MigrateOptionsProps {
  readonly draft: MigrateDraft;
  readonly change: (changes: Partial<MigrateDraft>) => void;
  /** Of the one domain; empty for several, whose disks have nothing in common. */
  readonly disks: MigrationPreflight['disks'];
  readonly isPersistent: boolean;
}

export function MigrateOptions(props: MigrateOptionsProps): ReactElement {
  const { draft, isPersistent } = props;
  return (
    <>
      {!draft.offline && <GuestGroup {...props} />}
      {!draft.offline && <DisksGroup {...props} />}
      {isPersistent && <DefinitionGroup {...props} />}
      {!draft.offline && <LinkGroup {...props} />}
      {!draft.offline && draft.live && <ConvergenceGroup {...props} />}
    </>
  );
}

function Group({ title, children }: { readonly title: string; readonly children: ReactNode }): ReactElement {
  return (
    <fieldset className="field-group migrate-group">
      <legend>{title}</legend>
      {children}
    </fieldset>
  );
}

const note = (text: string): ReactElement => <span className="field-note">{text}</span>;

function GuestGroup({ draft, change }: MigrateOptionsProps): ReactElement {
  return (
    <Group title="The guest">
      <CheckBox label="Keep it running while it is copied (--live)" isSelected={draft.live} onChange={(live) => change({ live })}>
        {!draft.live && note('It stands still from the beginning to the end.')}
      </CheckBox>
      <CheckBox label="Leave it paused there (--suspend)" isSelected={draft.paused} onChange={(paused) => change({ paused, postcopy: draft.postcopy && !paused })} />
    </Group>
  );
}

const copies = [
  { id: 'none', label: 'Not copied: both hosts see the images' },
  { id: 'all', label: 'Copied whole (--copy-storage-all)' },
  { id: 'incremental', label: 'Copied above their backing images (--copy-storage-inc)' },
] as const;

function DisksGroup({ draft, change, disks }: MigrateOptionsProps): ReactElement {
  const chosen = draft.disks ?? disks.map(({ target }) => target);
  const toggle = (target: string, isOn: boolean): void => change({ disks: disks.map((disk) => disk.target).filter((each) => (each === target ? isOn : chosen.includes(each))) });
  return (
    <Group title="Disks">
      <Choice label="" value={draft.copyStorage} choices={copies} onChange={(copyStorage) => change({ copyStorage, tunnelled: copyStorage === 'none' && draft.tunnelled })} />
      {disks.length > 0 && (
        <ul className="migrate-disks" aria-label="Disks">
          {disks.map((disk) => (
            <li key={disk.target}>
              {draft.copyStorage === 'none' ? <strong>{disk.target}</strong> : <CheckBox label={disk.target} isSelected={chosen.includes(disk.target)} onChange={(isOn) => toggle(disk.target, isOn)} />}
              <span className="numbers">{disk.bytes === null ? '' : formatBytes(disk.bytes)}</span>
              <span className="quiet">{seenBy[disk.seenBy]}</span>
              {disk.path && <code className="quiet ellipsis" title={disk.path}>{disk.path}</code>}
            </li>
          ))}
        </ul>
      )}
    </Group>
  );
}

const seenBy: Readonly<Record<MigrationPreflight['disks'][number]['seenBy'], string>> = {
  both: 'both hosts see it',
  'this host': 'on this computer alone',
  'cannot tell': 'who sees it cannot be told',
};

function DefinitionGroup({ draft, change }: MigrateOptionsProps): ReactElement {
  return (
    <Group title="The definition">
      {!draft.offline && <CheckBox label="Keep the domain there (--persistent)" isSelected={draft.persistDestination} onChange={(persistDestination) => change({ persistDestination })} />}
      <CheckBox label="Undefine it here once it is there (--undefinesource)" isSelected={draft.undefineSource} onChange={(undefineSource) => change({ undefineSource })} />
    </Group>
  );
}

function LinkGroup({ draft, change }: MigrateOptionsProps): ReactElement {
  return (
    <Group title="The link">
      <div className="field-grid">
        <NumberInput label="Speed limit in MiB/s (0 is none)" value={draft.bandwidthMiBps} least={0} most={1_000_000} onChange={(bandwidthMiBps) => change({ bandwidthMiBps })} />
        {draft.parallel && <NumberInput label="Connections" value={draft.connections} least={1} most={255} onChange={(connections) => change({ connections })} />}
      </div>
      <CheckBox label="Several connections at once (--parallel)" isSelected={draft.parallel} onChange={(parallel) => change({ parallel, tunnelled: draft.tunnelled && !parallel })} />
      <CheckBox label="Compress the memory (--compressed)" isSelected={draft.compressed} onChange={(compressed) => change({ compressed })}>
        {draft.compressed && note(draft.parallel ? 'With zlib, in each connection.' : "With XBZRLE: a page that was sent before is sent as what changed in it.")}
      </CheckBox>
      <CheckBox label="Encrypt it with TLS (--tls)" isSelected={draft.tls} onChange={(tls) => change({ tls, tunnelled: draft.tunnelled && !tls })}>
        {draft.tls && note('Both hosts need certificates.')}
      </CheckBox>
      <CheckBox label="Through the connection between the hosts (--tunnelled)" isSelected={draft.tunnelled} onChange={(tunnelled) => change(tunnelled ? { tunnelled, parallel: false, tls: false, postcopy: false, copyStorage: 'none' } : { tunnelled })}>
        {draft.tunnelled && note('Slower, and no port is opened. Disks cannot be copied so.')}
      </CheckBox>
    </Group>
  );
}

function ConvergenceGroup({ draft, change }: MigrateOptionsProps): ReactElement {
  return (
    <Group title="A guest that changes more than the link carries">
      <div className="field-grid">
        <NumberInput label="Longest pause in ms" value={draft.maxDowntimeMs} least={1} most={2_000_000} onChange={(maxDowntimeMs) => change({ maxDowntimeMs })} />
      </div>
      <CheckBox label="Slow it down by itself (--auto-converge)" isSelected={draft.autoConverge} onChange={(autoConverge) => change({ autoConverge })} />
      <CheckBox label="Allow the switch to post-copy (--postcopy)" isSelected={draft.postcopy} onChange={(postcopy) => change(postcopy ? { postcopy, paused: false, tunnelled: false } : { postcopy })}>
        {draft.postcopy && note('Nothing is switched by itself: the migration view has the button.')}
      </CheckBox>
    </Group>
  );
}
