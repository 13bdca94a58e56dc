/** The app's own menu: theme, what becomes of guests on quitting, what this is, quit. */
import { CalendarClock, CircleQuestionMark, Images, Info, LogOut, Monitor, Moon, Play, Power, Search, Sun } from 'lucide-react';
import type { ReactElement } from 'react';
import { useState } from 'react';
import { useStore } from 'zustand';
import { Header, Menu, MenuItem, MenuSection, Popover, Separator } from 'react-aria-components';
import type { AnyMethodResult } from '../../core/api/client.ts';
import { attempt } from '../shared/failure-toast.tsx';
import { useHost, useSession } from '../shared/session.ts';
import { consoleSearch } from '../store/console-search-store.ts';
import { screenSetting, setScreensInList } from '../store/screen-setting.ts';
import { about } from './about-dialog.tsx';

const themes = [
  { id: 'system', label: 'As the system', icon: Monitor },
  { id: 'light', label: 'Light', icon: Sun },
  { id: 'dark', label: 'Dark', icon: Moon },
] as const;

const onQuits = [
  { id: 'ask', label: 'Ask about guests', icon: CircleQuestionMark },
  { id: 'keep', label: 'Keep guests running', icon: Play },
  { id: 'shutdown', label: 'Shut guests down', icon: Power },
] as const;

/** Those with an autostart mark; without it they start when Vireo or its command is first used. */
const atLoginLabel = 'Start marked guests when I log in';

const screensLabel = 'Pictures of screens in the list';

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
  const screensInList = useStore(screenSetting, (setting) => setting.inList);
  if (!asked) {
    setAsked(true);
    void attempt('The settings were not read', async () => setSettings(await host.client.call('desktopGetSettings', {})));
  }
  const setTheme = (theme: Settings['theme']): void => {
    void attempt('The theme was not changed', () => host.client.call('desktopSetTheme', { theme }));
  };
  const setOnQuit = (onQuit: Settings['onQuit']): void => {
    void attempt('The choice was not kept', () => host.client.call('desktopSetOnQuit', { onQuit }));
  };
  const setStartsAtLogin = (startsAtLogin: boolean): void => {
    void attempt('The programs that start with your session were not changed', async () => {
      await host.client.call('desktopSetStartsAtLogin', { startsAtLogin });
      setSettings((known) => known && { ...known, startsAtLogin });
    });
  };
  return (
    <Menu className="menu" aria-label="Vireo">
      <MenuItem className="menu-item" textValue="Search consoles" onAction={() => consoleSearch.setState({ isOpen: true })}>
        <Search size={16} aria-hidden />
        Search consoles
        <kbd aria-hidden>Ctrl+Shift+F</kbd>
      </MenuItem>
      <Separator className="menu-separator" />
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
      <MenuSection
        selectionMode="single"
        selectedKeys={settings ? [settings.onQuit] : []}
        onSelectionChange={(keys) => {
          const chosen = onQuits.find(({ id }) => keys !== 'all' && keys.has(id));
          if (chosen) setOnQuit(chosen.id);
        }}
      >
        <Header className="menu-heading">When quitting</Header>
        {onQuits.map(({ id, label, icon: Icon }) => (
          <MenuItem key={id} id={id} className="menu-item" textValue={label}>
            <Icon size={16} aria-hidden />
            {label}
            {settings?.onQuit === id && <kbd aria-hidden>✓</kbd>}
          </MenuItem>
        ))}
      </MenuSection>
      <Separator className="menu-separator" />
      <MenuItem className="menu-item" textValue={screensLabel} onAction={() => setScreensInList(!screensInList)}>
        <Images size={16} aria-hidden />
        {screensLabel}
        {screensInList && <kbd aria-label="on">✓</kbd>}
      </MenuItem>
      <MenuItem className="menu-item" textValue={atLoginLabel} isDisabled={!settings} onAction={() => settings && setStartsAtLogin(!settings.startsAtLogin)}>
        <CalendarClock size={16} aria-hidden />
        {atLoginLabel}
        {settings?.startsAtLogin && <kbd aria-label="on">✓</kbd>}
      </MenuItem>
      <Separator className="menu-separator" />
      <MenuItem className="menu-item" textValue="About Vireo" onAction={() => about.setState({ isOpen: true })}>
        <Info size={16} aria-hidden />
        About Vireo
      </MenuItem>
      <MenuItem className="menu-item" textValue="Quit" onAction={() => void attempt('Vireo was not quit', () => host.client.call('desktopQuit', {}))}>
        <LogOut size={16} aria-hidden />
        Quit
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
