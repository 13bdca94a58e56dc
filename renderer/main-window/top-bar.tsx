/** Mark, search, jobs under way, what can be made new, and the app's own menu. */
import { LoaderCircle, Menu as MenuIcon, Plus, Search, X } from 'lucide-react';
import type { KeyboardEvent, ReactElement, RefObject } from 'react';
import { Button as AriaButton, Input, MenuTrigger, SearchField } from 'react-aria-components';
import { Button } from '../shared/button.tsx';
import { Mark } from '../shared/mark.tsx';
import { mainHolder } from '../shared/holder-sentence.tsx';
import { useHost } from '../shared/session.ts';
import { domainsOf } from '../store/host-store.ts';
import { jobsKey } from '../migration/places.ts';
import { hostKey, show } from '../store/view-store.ts';
import { plural } from '../words/format.ts';
import { AppMenu } from './app-menu.tsx';
import { NewMenu } from './new-menu.tsx';
import { useView, useViewStore } from './view-context.ts';

export function TopBar({ searchRef }: { readonly searchRef: RefObject<HTMLInputElement | null> }): ReactElement {
  const view = useViewStore();
  const filter = useView((state) => state.filter);
  return (
    <header className="top-bar">
      <AriaButton className="brand" aria-label="Vireo, this computer" onPress={() => show(view, hostKey)}>
        <Mark size={22} />
        <span>Vireo</span>
      </AriaButton>
      <SearchField className="search" aria-label="Search domains" value={filter} onChange={(text) => view.setState({ filter: text })} onKeyDown={toTree}>
        <Search size={14} aria-hidden />
        <Input ref={searchRef} placeholder="Search domains" />
        {filter === '' ? <kbd aria-hidden>Ctrl+K</kbd> : <AriaButton aria-label="Clear the search"><X size={14} aria-hidden /></AriaButton>}
      </SearchField>
      <div className="top-bar-end">
        <JobCount />
        <MenuTrigger>
          <Button label="New" icon={Plus} kind="bare" />
          <NewMenu />
        </MenuTrigger>
        <MenuTrigger>
          <Button label="Menu" icon={MenuIcon} kind="bare" iconOnly />
          <AppMenu />
        </MenuTrigger>
      </div>
    </header>
  );
}

/** From the search the arrow goes on into what was found. */
function toTree(event: KeyboardEvent): void {
  if (event.key !== 'ArrowDown') return;
  document.querySelector<HTMLElement>('[role="treegrid"]')?.focus();
}

function JobCount(): ReactElement | null {
  const view = useViewStore();
  const count = useHost((state) => {
    let jobs = 0;
    for (const summary of domainsOf(state).values()) if (mainHolder(summary.jobs)) jobs += 1;
    return jobs;
  });
  if (count === 0) return null;
  return (
    <AriaButton className="button bare job-count quiet" onPress={() => show(view, jobsKey)}>
      <LoaderCircle className="spinner" size={14} aria-hidden />
      {plural(count, 'job')}
    </AriaButton>
  );
}
