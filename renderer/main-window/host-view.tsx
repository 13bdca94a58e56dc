/** This computer: what works here in four lines, and the three ways to a domain. The first screen that anybody sees. */
import type { ReactElement } from 'react';
import { Mark } from '../shared/mark.tsx';
import { useHost } from '../shared/session.ts';
import { domainsOf } from '../store/host-store.ts';
import { plural } from '../words/format.ts';
import { CreationCards } from './creation-cards.tsx';
import { HostChecks } from './host-checks.tsx';

export function HostView(): ReactElement {
  const total = useHost((state) => domainsOf(state).size);
  return (
    <div className="host-view">
      <div className="host-head">
        <Mark size={48} />
        <div>
          <h1>{total === 0 ? 'Welcome to Vireo' : 'This computer'}</h1>
          <p className="quiet">{total === 0 ? 'Virtual machines on this computer, with their consoles. Here is what works, and how to begin.' : `${plural(total, 'domain')}. Select one in the list to see it.`}</p>
        </div>
      </div>
      <CreationCards />
      <HostChecks />
    </div>
  );
}
