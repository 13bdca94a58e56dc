/** What importing a folder of libvirt would do, file by file, and what it has done. */
import { Check, CircleAlert, CircleArrowDown, CircleCheck, CircleEqual, CircleMinus, type LucideIcon, X } from 'lucide-react';
import { type ReactElement, useState } from 'react';
import type { ImportReport } from '../../core/api/contract.ts';
import { Button } from '../shared/button.tsx';
import { attempt } from '../shared/failure-toast.tsx';
import { useSession } from '../shared/session.ts';
import { reasonIn } from '../words/errors.ts';
import { useViewStore } from './view-context.ts';

type ImportedFile = ImportReport['files'][number];

export function ImportView({ report }: { readonly report: ImportReport }): ReactElement {
  const { host } = useSession();
  const view = useViewStore();
  const [busy, setBusy] = useState(false);
  const importable = report.files.filter(({ outcome }) => outcome === 'importable').length;
  const run = async (): Promise<void> => {
    setBusy(true);
    await attempt('The folder was not imported', async () => {
      view.setState({ importing: await host.client.call('connectImportFolder', { folder: report.folder, dryRun: false }, { timeoutMs: 10 * 60_000 }) });
    });
    setBusy(false);
  };
  return (
    <div className="draft">
      <div className="draft-head">
        <div>
          <h1>Import from libvirt</h1>
          <p className="quiet">Read from <code>{report.folder}</code>. Its files stay as they are; a domain that is here already is never changed.</p>
        </div>
        <div className="toolbar">
          <Button label={importable > 0 ? 'Cancel' : 'Close'} icon={X} onPress={() => view.setState({ importing: null })} />
          {importable > 0 && <Button label={importable === 1 ? 'Import 1 domain' : `Import ${importable} domains`} icon={Check} kind="primary" busy={busy} onPress={() => void run()} />}
        </div>
      </div>
      <ul className="import-report" aria-label="Files">
        {report.files.length === 0 && <li className="quiet">The folder holds no XML files.</li>}
        {report.files.map((file) => (
          <li key={file.file}>
            <strong className="selectable">{file.name ?? nameOf(file.file)}</strong>
            <Outcome file={file} />
            {file.notUnderstood.map(({ path, line }) => (
              <span key={`${path} ${line}`} className="quiet">Line {line}: {path} is kept but not understood; a start may be refused</span>
            ))}
            {file.missingFiles.map((missing) => (
              <span key={missing} className="quiet"><code>{missing}</code> is not there or cannot be read</span>
            ))}
          </li>
        ))}
      </ul>
    </div>
  );
}

function Outcome({ file }: { readonly file: ImportedFile }): ReactElement {
  const { icon: Icon, tone } = marks[file.outcome];
  return (
    <span className={`import-outcome ${tone}`}>
      <Icon size={16} aria-hidden />
      <span>{outcomeOf(file)}</span>
    </span>
  );
}

const marks: Readonly<Record<ImportedFile['outcome'], { readonly icon: LucideIcon; readonly tone: string }>> = {
  imported: { icon: CircleCheck, tone: 'good' },
  importable: { icon: CircleArrowDown, tone: 'quiet' },
  unchanged: { icon: CircleEqual, tone: 'quiet' },
  skipped: { icon: CircleMinus, tone: 'quiet' },
  refused: { icon: CircleAlert, tone: 'bad' },
};

function nameOf(file: string): string {
  return file.split(/[\\/]/).at(-1) ?? file;
}

/** The file is named above it already. */
function reasonOf(reason: string): string {
  return reasonIn(reason).replace(/^\S.*?\.xml:(\d+): /, 'line $1: ');
}

function outcomeOf({ outcome, reason, autostart }: ImportedFile): string {
  switch (outcome) {
    case 'imported':
      return autostart ? "Imported; it starts with this computer's session" : 'Imported';
    case 'importable':
      return autostart ? "Can be imported; it will start with this computer's session" : 'Can be imported';
    case 'unchanged':
      return 'Is here already, just so';
    case 'skipped':
      return `Holds no domain: ${reason}`;
    case 'refused':
      return `Refused: ${reasonOf(reason ?? '')}`;
  }
}
