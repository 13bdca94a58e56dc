/** The right side: a definition being written, one domain, several, or this computer. */
import { CloudOff, LoaderCircle } from 'lucide-react';
import { type ReactElement, Suspense, lazy, useEffect } from 'react';
import { useShallow } from 'zustand/react/shallow';
import { JobsView } from '../migration/jobs-view.tsx';
import { OtherHostView } from '../migration/other-host-view.tsx';
import { jobsKey, otherHostOf } from '../migration/places.ts';
import { Button } from '../shared/button.tsx';
import { Picture } from '../shared/picture.tsx';
import { useHost, useSession } from '../shared/session.ts';
import { domainsOf } from '../store/host-store.ts';
import { hostKey, show } from '../store/view-store.ts';
import { DomainView } from './domain-view.tsx';
import { HostView } from './host-view.tsx';
import { ImportView } from './import-view.tsx';
import { SelectionView } from './selection-view.tsx';
import { useView, useViewStore } from './view-context.ts';

// The editor is the largest part of the window and seldom the first that is wanted.
const DraftView = lazy(async () => ({ default: (await import('./draft-view.tsx')).DraftView }));

export function Detail(): ReactElement {
  const loaded = useHost((state) => state.sync.list !== null);
  const link = useHost((state) => state.link);
  const { host } = useSession();
  const view = useViewStore();
  const draft = useView((state) => state.draft);
  const importing = useView((state) => state.importing);
  const selected = useView((state) => state.selected);
  const domains = useHost(useShallow((state) => [...selected].flatMap((key) => domainsOf(state).get(key) ?? [])));
  const only = domains.length === 1 ? domains[0] : undefined;
  useTitle(draft ? 'New domain' : importing ? 'Import from libvirt' : only?.name);

  if (!loaded && link.phase === 'unreachable') {
    return (
      <Picture icon={CloudOff} title="The Vireo host is unreachable" text={`${link.error.message}. Vireo keeps trying. Guests that run keep running.`}>
        <Button label="Connect now" onPress={() => host.retryNow()} />
      </Picture>
    );
  }
  if (!loaded) return <Picture icon={LoaderCircle} spins title={link.phase === 'connected' ? 'Reading the list of domains' : 'Connecting to the Vireo host'} />;
  if (draft) {
    return (
      <Suspense fallback={<Picture icon={LoaderCircle} spins title="Opening the editor" />}>
        <DraftView draft={draft} />
      </Suspense>
    );
  }
  if (importing) return <ImportView report={importing} />;
  const [other] = [...selected].flatMap((key) => otherHostOf(key) ?? []);
  if (selected.has(jobsKey)) return <JobsView onOpen={(uuid, tab) => { show(view, uuid); view.setState({ tab }); }} />;
  if (other !== undefined && domains.length === 0) return <OtherHostView key={other} uri={other} onLeave={() => show(view, hostKey)} />;
  if (only) return <DomainView key={only.uuid} summary={only} />;
  if (domains.length > 1) return <SelectionView domains={domains} />;
  return <HostView />;
}

function useTitle(name: string | undefined): void {
  useEffect(() => {
    document.title = name ? `${name} — Vireo` : 'Vireo';
  }, [name]);
}
