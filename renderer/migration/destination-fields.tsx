/** Where to: another computer by SSH, another host of this one, or one that was used before; and whether it answers. */
import { CircleCheck, CircleX, LoaderCircle } from 'lucide-react';
import { type ReactElement, useState } from 'react';
import { Input, Label, Radio, RadioGroup, TextField } from 'react-aria-components';
import { useStore } from 'zustand';
import { Button } from '../shared/button.tsx';
import { useSession } from '../shared/session.ts';
import { type MigrateDraft, placeOf, uriOf } from './migrate-draft.ts';
import { type Reach, hostLabel, otherHosts, probeHost } from './other-hosts.ts';

export interface DestinationFieldsProps {
  readonly draft: MigrateDraft;
  readonly change: (changes: Partial<MigrateDraft>) => void;
}

export function DestinationFields({ draft, change }: DestinationFieldsProps): ReactElement {
  const hosts = useStore(otherHosts, (state) => state.hosts);
  const uri = uriOf(draft);
  return (
    <section className="migrate-group" aria-label="Destination">
      {hosts.length > 0 && (
        <label className="field">
          <span>Destination</span>
          <select className="input" value={hosts.some((host) => host.uri === uri) ? (uri ?? '') : ''} onChange={({ target }) => target.value !== '' && change(placeOf(target.value))}>
            <option value="">Another one…</option>
            {hosts.map((host) => <option key={host.uri} value={host.uri}>{hostLabel(host.uri)}</option>)}
          </select>
        </label>
      )}
      <RadioGroup className="field" aria-label="Kind of destination" value={draft.place} onChange={(place) => change({ place: place as MigrateDraft['place'] })}>
        <div className="radios">
          <Kind value="ssh" label="Another computer, by SSH" />
          <Kind value="unix" label="Another Vireo host on this computer" />
        </div>
      </RadioGroup>
      <div className="migrate-place">
        {draft.place === 'ssh' && (
          <TextField className="field" value={draft.host} onChange={(host) => change({ host })} autoFocus={draft.host === ''}>
            <Label>SSH host</Label>
            <Input className="input mono" placeholder="user@host" spellCheck={false} />
          </TextField>
        )}
        <TextField className="field" value={draft.folder} onChange={(folder) => change({ folder })} autoFocus={draft.place === 'unix' && draft.folder === ''}>
          <Label>{draft.place === 'ssh' ? 'State folder there (may be left out)' : 'State folder of the other host'}</Label>
          <Input className="input mono" placeholder={draft.place === 'ssh' ? "its user's own" : '/path/of/its/state'} spellCheck={false} />
        </TextField>
      </div>
      <ReachLine uri={uri} place={draft.place} />
    </section>
  );
}

function Kind({ value, label }: { readonly value: MigrateDraft['place']; readonly label: string }): ReactElement {
  return (
    <Radio value={value} className="radio">
      <span className="radio-dot" aria-hidden />
      {label}
    </Radio>
  );
}

/** Asked on a press alone: a connection by SSH is seen on the other side. */
function ReachLine({ uri, place }: { readonly uri: string | null; readonly place: MigrateDraft['place'] }): ReactElement {
  const { host } = useSession();
  const [found, setFound] = useState<{ readonly uri: string; readonly reach: Reach } | null>(null);
  const reach = found?.uri === uri ? found.reach : null;
  const ask = async (asked: string): Promise<void> => {
    setFound({ uri: asked, reach: { state: 'asking' } });
    const answer = await probeHost(host.client, asked);
    setFound((now) => (now?.uri === asked ? { uri: asked, reach: answer } : now));
  };
  return (
    <div className="migrate-reach" role="status">
      <Button label="Ask whether it answers" small busy={reach?.state === 'asking'} disabled={uri === null} onPress={() => uri !== null && void ask(uri)} />
      {uri === null ? <span className="quiet">{place === 'ssh' ? 'Name the host to begin.' : 'Name the folder, from the root of the file system.'}</span> : reach ? <ReachWords reach={reach} /> : <code className="quiet ellipsis" title={uri}>{uri}</code>}
    </div>
  );
}

export function ReachWords({ reach }: { readonly reach: Reach }): ReactElement {
  switch (reach.state) {
    case 'not asked':
      return <span className="quiet">not asked yet</span>;
    case 'asking':
      return <span className="quiet"><LoaderCircle className="spinner" size={13} aria-hidden /> asking</span>;
    case 'reachable':
      return <span className="reach good"><CircleCheck size={13} aria-hidden /> {reach.hostName} answers</span>;
    case 'unreachable':
      return <span className="reach bad selectable"><CircleX size={13} aria-hidden /> {reach.why}</span>;
  }
}
