/** A domain's definition: the running one or the next boot's, and the way to change the latter. */
import { Check, Pencil, X } from 'lucide-react';
import { type ReactElement, useEffect, useState } from 'react';
import { ToggleButton, ToggleButtonGroup } from 'react-aria-components';
import { type VireoError, asVireoError } from '../../core/base/errors.ts';
import type { DomainSummary } from '../../core/domain/domain-summary.ts';
import { Button } from '../shared/button.tsx';
import { attempt } from '../shared/failure-toast.tsx';
import { useHost, useSession } from '../shared/session.ts';
import { setEdit } from '../store/view-store.ts';
import { type Fault, define } from './define.ts';
import { FindingsNote } from './findings-note.tsx';
import { useView, useViewStore } from './view-context.ts';
import { XmlEditor } from './xml-editor.tsx';
import { type XmlFinding, useFindings } from './xml-findings.ts';

type Which = 'live' | 'next boot';

export function XmlTab({ summary }: { readonly summary: DomainSummary }): ReactElement {
  const { uuid } = summary;
  const { host } = useSession();
  const view = useViewStore();
  const edit = useView((state) => state.edits.get(uuid) ?? null);
  const isActive = summary.state !== 'shut off';
  const [chosen, setChosen] = useState<Which>('live');
  const which: Which = isActive && (chosen === 'live' || !summary.persistent) ? 'live' : 'next boot';
  const { text, error } = useDefinition(summary, which);
  const [fault, setFault] = useState<Fault | null>(null);
  const [busy, setBusy] = useState(false);
  const [goTo, setGoTo] = useState<XmlFinding | null>(null);
  const findings = useFindings(host, edit);

  const begin = (): void => {
    void attempt(`The definition of ${summary.name} was not read`, async () => {
      // What is defined again must keep its secrets, as `virsh edit` does.
      const { xml } = await host.client.call('domainGetXMLDesc', { domain: uuid, inactive: true, secure: true });
      setEdit(view, uuid, xml);
    });
  };
  const change = (xml: string): void => {
    setFault(null); // what is wrong now is found while it is typed
    setEdit(view, uuid, xml);
  };
  const cancel = (): void => {
    setFault(null);
    setEdit(view, uuid, null);
  };
  const save = async (): Promise<void> => {
    const xml = view.getState().edits.get(uuid);
    if (xml === undefined) return;
    setBusy(true);
    setFault(null);
    const outcome = await define(host, xml, null);
    setBusy(false);
    if (outcome === 'failed') return;
    if ('fault' in outcome) setFault(outcome.fault);
    else setEdit(view, uuid, null);
  };

  return (
    <div className="xml">
      <div className="pane-bar">
        {edit === null ? <WhichXml which={which} summary={summary} onChoose={setChosen} /> : <FindingsNote findings={findings} onGo={setGoTo}>Editing what the next boot uses. A change of name or UUID makes another domain.</FindingsNote>}
        {edit === null ? (
          <Button label="Edit" icon={Pencil} small disabled={!summary.persistent} hint={summary.persistent ? 'Changes what the next boot uses (virsh edit).' : 'A transient domain has no definition to change.'} onPress={begin} />
        ) : (
          <div className="toolbar">
            <Button label="Cancel" icon={X} small onPress={cancel} />
            <Button label="Define" icon={Check} small kind="primary" busy={busy} hint="Checks the definition and keeps it (virsh define). Ctrl+S" onPress={() => void save()} />
          </div>
        )}
      </div>
      {error && <p className="notice bad" role="alert"><span>The definition was not read. {error.message}</span></p>}
      <XmlEditor label={`Definition of ${summary.name}`} text={edit ?? text} readOnly={edit === null} fault={fault} findings={findings} goTo={goTo} onChange={change} onSave={() => void save()} />
    </div>
  );
}

interface WhichXmlProps {
  readonly which: Which;
  readonly summary: DomainSummary;
  readonly onChoose: (which: Which) => void;
}

function WhichXml({ which, summary, onChoose }: WhichXmlProps): ReactElement {
  const isActive = summary.state !== 'shut off';
  return (
    <ToggleButtonGroup
      className="segments"
      aria-label="Which definition"
      selectionMode="single"
      disallowEmptySelection
      selectedKeys={[which]}
      onSelectionChange={(keys) => onChoose(keys.has('live') ? 'live' : 'next boot')}
    >
      <ToggleButton id="live" className="segment" isDisabled={!isActive}>Running now</ToggleButton>
      <ToggleButton id="next boot" className="segment" isDisabled={!summary.persistent}>
        Next boot{summary.pendingChanges ? ' (differs)' : ''}
      </ToggleButton>
    </ToggleButtonGroup>
  );
}

/** The definition as it is now; read again when the domain may have another one. */
function useDefinition(summary: DomainSummary, which: Which): { text: string; error: VireoError | null } {
  const { host } = useSession();
  const link = useHost((state) => state.link.phase);
  const [text, setText] = useState('');
  const [error, setError] = useState<VireoError | null>(null);
  useEffect(() => {
    if (link !== 'connected') return undefined;
    const ended = new AbortController();
    host.client.call('domainGetXMLDesc', { domain: summary.uuid, inactive: which === 'next boot' }, { signal: ended.signal }).then(
      ({ xml }) => {
        setText(xml);
        setError(null);
      },
      (thrown: unknown) => !ended.signal.aborted && setError(asVireoError(thrown)),
    );
    return () => ended.abort();
    // Every change of the summary may have been one of the definition.
  }, [host, link, summary, which]);
  return { text, error };
}
