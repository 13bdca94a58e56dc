/** The main window: domains on the left, what is selected on the right, the host's health along the bottom. */
import type { ReactElement } from 'react';
import { useEffect, useRef } from 'react';
import { Toaster } from '../shared/failure-toast.tsx';
import { LinkBanner } from '../shared/link-banner.tsx';
import { AboutDialog } from './about-dialog.tsx';
import { ConsoleSearch } from './console-search.tsx';
import { Detail } from './detail.tsx';
import { DomainTree } from './domain-tree.tsx';
import { Migrations } from './migrations.tsx';
import { Questions } from './questions.tsx';
import { QuitDialog } from './quit-dialog.tsx';
import { Splitter } from './splitter.tsx';
import { StatusBar } from './status-bar.tsx';
import { TopBar } from './top-bar.tsx';

export function App(): ReactElement {
  const search = useRef<HTMLInputElement>(null);
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (!(event.ctrlKey || event.metaKey) || event.shiftKey || event.altKey || event.key.toLowerCase() !== 'k') return;
      event.preventDefault();
      search.current?.focus();
      search.current?.select();
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, []);
  return (
    <div className="app">
      <TopBar searchRef={search} />
      <LinkBanner />
      <div className="app-body">
        <DomainTree />
        <Splitter />
        <main className="detail">
          <Detail />
        </main>
      </div>
      <StatusBar />
      <Questions />
      <Migrations />
      <ConsoleSearch />
      <AboutDialog />
      <QuitDialog />
      <Toaster />
    </div>
  );
}
