/** One domain: its header with the buttons, and the tabs. */
import { LoaderCircle } from 'lucide-react';
import { type ReactElement, Suspense, lazy } from 'react';
import { Tab, TabList, TabPanel, Tabs } from 'react-aria-components';
import type { DomainSummary } from '../../core/domain/domain-summary.ts';
import { MigrationTab } from '../migration/migration-tab.tsx';
import { Picture } from '../shared/picture.tsx';
import type { DetailTab } from '../store/view-store.ts';
import { ConsolesTab } from './consoles-tab.tsx';
import { DisplayTab } from './display-tab.tsx';
import { DomainHeader } from './domain-header.tsx';
import { LogTab } from './log-tab.tsx';
import { OverviewTab } from './overview-tab.tsx';
import { TimelineTab } from './timeline-tab.tsx';
import { useView, useViewStore } from './view-context.ts';

const XmlTab = lazy(async () => ({ default: (await import('./xml-tab.tsx')).XmlTab }));

const tabs: readonly { readonly id: DetailTab; readonly label: string }[] = [
  { id: 'overview', label: 'Overview' },
  { id: 'migration', label: 'Migration' },
  { id: 'display', label: 'Display' },
  { id: 'consoles', label: 'Consoles' },
  { id: 'events', label: 'Events' },
  { id: 'xml', label: 'XML' },
  { id: 'log', label: 'Log' },
];

export function DomainView({ summary }: { readonly summary: DomainSummary }): ReactElement {
  const view = useViewStore();
  const chosen = useView((state) => state.tab);
  const shown = summary.migration === null ? tabs.filter(({ id }) => id !== 'migration') : tabs;
  // The tab stays chosen while domains are looked at that never moved.
  const tab = shown.some(({ id }) => id === chosen) ? chosen : 'overview';
  return (
    <div className="domain-view">
      <DomainHeader summary={summary} />
      <Tabs
        className="tabs"
        selectedKey={tab}
        onSelectionChange={(key) => {
          const pressed = tabs.find((each) => each.id === key);
          if (pressed) view.setState({ tab: pressed.id });
        }}
      >
        <TabList className="tab-list" aria-label={`About ${summary.name}`}>
          {shown.map(({ id, label }) => <Tab key={id} id={id} className="tab">{label}</Tab>)}
        </TabList>
        <TabPanel id="overview" className="tab-panel"><OverviewTab summary={summary} /></TabPanel>
        {summary.migration !== null && <TabPanel id="migration" className="tab-panel"><MigrationTab summary={summary} /></TabPanel>}
        <TabPanel id="display" className="tab-panel"><DisplayTab summary={summary} /></TabPanel>
        <TabPanel id="consoles" className="tab-panel"><ConsolesTab summary={summary} /></TabPanel>
        <TabPanel id="events" className="tab-panel filled"><TimelineTab summary={summary} /></TabPanel>
        <TabPanel id="xml" className="tab-panel filled">
          <Suspense fallback={<Picture icon={LoaderCircle} spins title="Opening the editor" />}>
            <XmlTab summary={summary} />
          </Suspense>
        </TabPanel>
        <TabPanel id="log" className="tab-panel filled"><LogTab summary={summary} /></TabPanel>
      </Tabs>
    </div>
  );
}
