/** A new domain's definition, from the template or from a file, until it is defined or dropped. */
import { Check, X } from 'lucide-react';
import { type ReactElement, useState } from 'react';
import { Button } from '../shared/button.tsx';
import { useSession } from '../shared/session.ts';
import { type Draft, show } from '../store/view-store.ts';
import { type Fault, define } from './define.ts';
import { FindingsNote } from './findings-note.tsx';
import { useViewStore } from './view-context.ts';
import { XmlEditor } from './xml-editor.tsx';
import { type XmlFinding, useFindings } from './xml-findings.ts';

export function DraftView({ draft }: { readonly draft: Draft }): ReactElement {
  const { host } = useSession();
  const view = useViewStore();
  const [fault, setFault] = useState<Fault | null>(null);
  const [busy, setBusy] = useState(false);
  const [goTo, setGoTo] = useState<XmlFinding | null>(null);
  const findings = useFindings(host, draft.xml);
  const save = async (): Promise<void> => {
    setBusy(true);
    setFault(null);
    const outcome = await define(host, view.getState().draft?.xml ?? draft.xml, draft.source);
    setBusy(false);
    if (outcome === 'failed') return;
    if ('fault' in outcome) setFault(outcome.fault);
    else {
      view.setState({ draft: null });
      show(view, outcome.summary.uuid);
    }
  };
  return (
    <div className="draft">
      <div className="draft-head">
        <div>
          <h1>{draft.source ? 'Import a definition' : 'Create a domain'}</h1>
          <p className="quiet">{draft.source ? <>Read from <code>{draft.source}</code>. Nothing is changed until you define it.</> : 'A libvirt domain definition. Change the disk path, then define it; it starts when you say so.'}</p>
        </div>
        <div className="toolbar">
          <Button label="Cancel" icon={X} onPress={() => view.setState({ draft: null })} />
          <Button label="Define" icon={Check} kind="primary" busy={busy} hint="Checks the definition and keeps it (virsh define). Ctrl+S" onPress={() => void save()} />
        </div>
      </div>
      {findings.length > 0 && <div className="pane-bar"><FindingsNote findings={findings} onGo={setGoTo} /></div>}
      <XmlEditor
        label="Domain definition"
        text={draft.xml}
        readOnly={false}
        fault={fault}
        findings={findings}
        goTo={goTo}
        onChange={(xml) => {
          setFault(null); // what is wrong now is found while it is typed
          view.setState((state) => ({ draft: state.draft && { ...state.draft, xml, isChanged: true } }));
        }}
        onSave={() => void save()}
      />
    </div>
  );
}
