/** Moving domains to another host: where to, what would keep them here, how. It stays until they are under way; what fails is told in it. */
import { CircleAlert, CircleCheck, LoaderCircle, TriangleAlert } from 'lucide-react';
import { type ReactElement, useEffect, useEffectEvent, useState } from 'react';
import { useStore } from 'zustand';
import { useShallow } from 'zustand/react/shallow';
import { type VireoError, asVireoError } from '../../core/base/errors.ts';
import type { DomainSummary } from '../../core/domain/domain-summary.ts';
import { Button } from '../shared/button.tsx';
import { AlertFrame } from '../shared/dialogs.tsx';
import { ErrorDetails } from '../shared/error-details.tsx';
import { useHost, useSession } from '../shared/session.ts';
import { domainsOf } from '../store/host-store.ts';
import { type MigrateRequest, migrateStore } from '../store/migrate-store.ts';
import { adviceFor, sentenceFor } from '../words/errors.ts';
import { plural } from '../words/format.ts';
import { DestinationFields } from './destination-fields.tsx';
import { type MigrateDraft, newDraft, optionsOf, uriOf } from './migrate-draft.ts';
import { MigrateOptions } from './migrate-options.tsx';
import { expectation } from './migration-words.ts';
import { otherHosts, rememberHost } from './other-hosts.ts';
import { startMigration } from './start-migration.ts';
import { type Preflight, usePreflight } from './use-preflight.ts';

/** @param onMoving told once the domains are under way. */
export function MigrateDialog({ onMoving }: { readonly onMoving: (uuids: readonly string[]) => void }): ReactElement | null {
  const request = useStore(migrateStore, (state) => state.request);
  const domains = useHost(useShallow((state) => (request?.uuids ?? []).flatMap((uuid) => domainsOf(state).get(uuid) ?? [])));
  if (!request || domains.length === 0) return null;
  return <OpenDialog key={`${request.uuids.join()} ${request.uri}`} request={request} domains={domains} onMoving={onMoving} />;
}

interface OpenDialogProps {
  readonly request: MigrateRequest;
  readonly domains: readonly DomainSummary[];
  readonly onMoving: (uuids: readonly string[]) => void;
}

function OpenDialog({ request, domains, onMoving }: OpenDialogProps): ReactElement {
  const { host } = useSession();
  const [first] = domains;
  const [draft, setDraft] = useState(() => newDraft(first!, request.uri ?? otherHosts.getState().hosts[0]?.uri ?? null));
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<{ readonly name: string; readonly error: VireoError } | null>(null);
  const uuids = domains.map(({ uuid }) => uuid);
  const preflight = usePreflight(uuids, draft);
  const change = (changes: Partial<MigrateDraft>): void => setDraft((before) => ({ ...before, ...changes }));
  useOwnLimit(first!, (bandwidthMiBps) => change({ bandwidthMiBps }));
  const close = (): void => migrateStore.setState({ request: null });
  const uri = uriOf(draft);
  const isBlocked = preflight.domains.some((domain) => (domain.preflight?.blockers.length ?? 0) > 0);
  const start = async (): Promise<void> => {
    if (uri === null) return;
    setBusy(true);
    setFailure(null);
    const starts = await Promise.all(domains.map(async (domain) => ({ domain, error: await startMigration(host, domain, uri, optionsOf(draft)).then(() => null, asVireoError) })));
    setBusy(false);
    const moving = starts.filter(({ error }) => error === null).map(({ domain }) => domain.uuid);
    if (moving.length > 0) {
      rememberHost(uri);
      onMoving(moving);
    }
    const refused = starts.find(({ error }) => error !== null);
    if (refused?.error) setFailure({ name: refused.domain.name, error: refused.error });
    else close();
  };
  return (
    <AlertFrame title={<>Migrate {domains.length === 1 ? <bdi>{first!.name}</bdi> : plural(domains.length, 'domain')}</>} onClose={close}>
      <div className="migrate-scroll">
        <DestinationFields draft={draft} change={change} />
        <Findings preflight={preflight} domains={domains} draft={draft} change={change} />
        <MigrateOptions draft={draft} change={change} disks={domains.length === 1 ? (preflight.domains[0]?.preflight?.disks ?? []) : []} isPersistent={domains.some(({ persistent }) => persistent)} />
      </div>
      {failure && <Failed {...failure} />}
      <div className="dialog-buttons">
        <Button label={busy ? 'Close' : 'Cancel'} hint={busy ? 'The migration goes on; its view has a button to cancel it.' : 'Nothing is moved.'} onPress={close} />
        <Button label="Migrate" kind="primary" busy={busy} disabled={uri === null || isBlocked || preflight.isChecking} onPress={() => void start()} />
      </div>
    </AlertFrame>
  );
}

/** The limit that was set for the domain before (virsh migrate-setspeed) is what the field begins with. */
function useOwnLimit({ uuid, id }: DomainSummary, onLimit: (bandwidthMiBps: number) => void): void {
  const { host } = useSession();
  const runs = id !== null;
  const tell = useEffectEvent(onLimit);
  useEffect(() => {
    if (!runs) return;
    void host.client.call('domainMigrateGetMaxSpeed', { domain: uuid }).then(({ bandwidthMiBps }) => tell(bandwidthMiBps), () => {}); // nobody has set one then
  }, [host, uuid, runs]);
}

function Failed({ name, error }: { readonly name: string; readonly error: VireoError }): ReactElement {
  const advice = adviceFor(error);
  return (
    <div className="notice bad migrate-failure selectable" role="alert">
      <CircleAlert size={16} aria-hidden />
      <div>
        <strong><bdi>{name}</bdi> was not moved</strong>
        <p>{sentenceFor(error)}</p>
        {advice && <p className="quiet">{advice}</p>}
        <ErrorDetails error={error} />
      </div>
    </div>
  );
}

interface FindingsProps {
  readonly preflight: Preflight;
  readonly domains: readonly DomainSummary[];
  readonly draft: MigrateDraft;
  readonly change: (changes: Partial<MigrateDraft>) => void;
}

const remedies = { copyStorage: { label: 'Copy the disks', changes: { copyStorage: 'all' } }, unsafe: { label: 'It is safe', changes: { unsafe: true } }, offline: { label: 'Move the definition', changes: { offline: true } } } as const;

/** What would keep them here, with the option that takes it away; else what is worth knowing before. */
function Findings({ preflight, domains, draft, change }: FindingsProps): ReactElement {
  if (preflight.domains.length === 0) return <p className="migrate-findings quiet" role="status"><LoaderCircle className="spinner" size={14} aria-hidden /> Looking at what would keep {domains.length === 1 ? 'it' : 'them'} here</p>;
  const names = new Map(domains.map(({ uuid, name }) => [uuid, name]));
  const of = (uuid: string): ReactElement | null => (domains.length > 1 ? <><bdi>{names.get(uuid)}</bdi>: </> : null);
  const blockers = preflight.domains.flatMap(({ uuid, preflight: found, failure }) => [...(failure === null ? [] : [{ uuid, message: failure, option: null }]), ...(found?.blockers ?? []).map((blocker) => ({ uuid, ...blocker }))]);
  const warnings = preflight.domains.flatMap(({ uuid, preflight: found }) => (found?.warnings ?? []).map((message) => ({ uuid, message })));
  const expected = domains.length === 1 && preflight.domains[0]?.preflight ? expectation(preflight.domains[0].preflight, draft.bandwidthMiBps) : null;
  return (
    <ul className="migrate-findings" role="status" aria-label="Before it begins" aria-busy={preflight.isChecking}>
      {blockers.map(({ uuid, message, option }) => (
        <li key={uuid + message} className="bad">
          <CircleAlert size={14} aria-hidden />
          <span className="selectable">{of(uuid)}{message}</span>
          {option && <Button label={remedies[option].label} small onPress={() => change(remedies[option].changes)} />}
        </li>
      ))}
      {warnings.map(({ uuid, message }) => (
        <li key={uuid + message} className="warn">
          <TriangleAlert size={14} aria-hidden />
          <span className="selectable">{of(uuid)}{message}</span>
        </li>
      ))}
      {blockers.length === 0 && (
        <li className="good">
          <CircleCheck size={14} aria-hidden />
          <span>{draft.offline ? 'The domain does not run: its definition alone moves.' : `Nothing here keeps ${domains.length === 1 ? 'it' : 'them'} from moving. The other host looks for itself once it begins.`}</span>
        </li>
      )}
      {expected && <li className="quiet"><span className="migrate-indent">{expected}</span></li>}
    </ul>
  );
}
