/** The app's own menu: theme, what this is, quit. */
import { LogOut, Monitor, Moon, Sun } from 'lucide-react';
import type { ReactElement } from 'react';
import { useState } from 'react';
import { Header, Menu, MenuItem, MenuSection, Popover, Separator } from 'react-aria-components';
import type { AnyMethodResult } from '../../core/api/client.ts';
import { attempt } from '../shared/failure-toast.tsx';
import { useHost, useSession } from '../shared/session.ts';

const themes = [
  { id: 'system', label: 'As the system', icon: Monitor },
  { id: 'light', label: 'Light', icon: Sun },
  { id: 'dark', label: 'Dark', icon: Moon },
] as const;

type Settings = AnyMethodResult<'desktopGetSettings'>;

export function AppMenu(): ReactElement {
  return (
    <Popover className="popover" placement="bottom end" offset={4}>
      <AppMenuItems />
    </Popover>
  );
}

function AppMenuItems(): ReactElement {
  const { host } = useSession();
  const version = useHost((state) => state.status?.version ?? null);
  const [settings, setSettings] = useState<Settings | null>(null);
  const [asked, setAsked] = useState(false);
  if (!asked) {
    setAsked(true);
    void attempt('The settings were not read', async () => setSettings(await host.client.call('desktopGetSettings', {})));
  }
  const setTheme = (theme: Settings['theme']): void => {
    void attempt('The theme was not changed', () => host.client.call('desktopSetTheme', { theme }));
  };
  return (
    <Menu className="menu" aria-label="Vireo">
      <MenuSection
        selectionMode="single"
        selectedKeys={settings ? [settings.theme] : []}
        onSelectionChange={(keys) => {
          const chosen = themes.find((theme) => keys !== 'all' && keys.has(theme.id));
          if (chosen) setTheme(chosen.id);
        }}
      >
        <Header className="menu-heading">Theme</Header>
        {themes.map(({ id, label, icon: Icon }) => (
          <MenuItem key={id} id={id} className="menu-item" textValue={label}>
            <Icon size={16} aria-hidden />
            {label}
            {settings?.theme === id && <kbd aria-hidden>✓</kbd>}
          </MenuItem>
        ))}
      </MenuSection>
      <Separator className="menu-separator" />
      <MenuItem className="menu-item" textValue="Quit" onAction={() => void attempt('Vireo was not quit', () => host.client.call('desktopQuit', {}))}>
        <LogOut size={16} aria-hidden />
        Quit, guests keep running
      </MenuItem>
      <MenuSection>
        <Header className="menu-heading">
          {version ? `Vireo ${version}` : 'Vireo'}
          {settings ? `, Electron ${settings.electron}` : ''}
        </Header>
      </MenuSection>
    </Menu>
  );
}
