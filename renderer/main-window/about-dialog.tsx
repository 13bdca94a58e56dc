/** What this program is, and the licences of all that it contains. */
import { ScrollText } from 'lucide-react';
import { type ReactElement, useState } from 'react';
import { useStore } from 'zustand';
import { type StoreApi, createStore } from 'zustand/vanilla';
import { type VireoError, asVireoError } from '../../core/base/errors.ts';
import { Button } from '../shared/button.tsx';
import { AlertFrame } from '../shared/dialogs.tsx';
import { Mark } from '../shared/mark.tsx';
import { useHost, useSession } from '../shared/session.ts';
import { sentenceFor } from '../words/errors.ts';

export const about: StoreApi<{ readonly isOpen: boolean }> = createStore(() => ({ isOpen: false }));

export function AboutDialog(): ReactElement | null {
  const isOpen = useStore(about, (state) => state.isOpen);
  return isOpen ? <About onClose={() => about.setState({ isOpen: false })} /> : null;
}

type Notices = { readonly text: string } | { readonly error: VireoError };

function About({ onClose }: { readonly onClose: () => void }): ReactElement {
  const { host } = useSession();
  const status = useHost((state) => state.status);
  const [notices, setNotices] = useState<Notices | 'asked' | null>(null);
  const show = (): void => {
    setNotices('asked');
    host.client.call('desktopGetNotices', {}).then(setNotices, (thrown: unknown) => setNotices({ error: asVireoError(thrown) }));
  };
  const isRead = notices !== null && notices !== 'asked';
  return (
    <AlertFrame title="About Vireo" onClose={onClose}>
      <div className="about">
        <Mark size={44} />
        <div>
          <p className="about-name">Vireo {status?.version}</p>
          <p className="quiet">Runs virtual machines with a QEMU driver of its own.</p>
          <p className="quiet">Free software under the Apache License, version 2.0.</p>
        </div>
      </div>
      {isRead && 'error' in notices && <div className="notice bad" role="alert"><span>{sentenceFor(notices.error)}</span></div>}
      {isRead && 'text' in notices && <pre className="notices-text selectable" role="region" aria-label="Licences" tabIndex={0}>{notices.text}</pre>}
      <div className="dialog-buttons">
        {!(isRead && 'text' in notices) && <Button label="Licences of other software" icon={ScrollText} busy={notices === 'asked'} onPress={show} />}
        <Button label="Close" kind="primary" autoFocus onPress={onClose} />
      </div>
    </AlertFrame>
  );
}
