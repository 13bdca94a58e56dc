/**
 * The main process from its first line: finds its state folder, makes sure that it is the only app on it, opens the
 * host and shows the desktop. Everything that it starts with stands here in order; what the parts do stands in theirs.
 */
import '../core/base/file-threads.ts';
import { accessSync, constants, mkdirSync } from 'node:fs';
import path from 'node:path';
import { app } from 'electron';
import { systemClock } from '../core/base/clock.ts';
import { type StateLayout, resolveStateFolder, stateLayout } from '../core/status/state-folder.ts';
import { createAppLog } from './app-log.ts';
import { registerAppScheme, serveAppFiles } from './app-protocol.ts';
import { Desktop } from './desktop.ts';
import { takeHost } from './hand-over.ts';
import { otherHosts } from './other-hosts.ts';
import { setApplicationMenu } from './menus.ts';
import { keepFilesPrivate } from './private-files.ts';
import { serveScreenless } from './screenless.ts';
import { confinePages, confineSession } from './security.ts';
import { failToStart } from './start-failure.ts';
import { parseStartOptions } from './start-options.ts';

const log = createAppLog(process.env);
const appFolder = app.getAppPath();

function main(): void {
  const options = parseStartOptions(process.argv.slice(1));
  keepFilesPrivate(log);
  const layout = prepareFolder(options.home);
  if (options.screenless) return becomeScreenless(layout);
  registerAppScheme();
  confinePages(log);
  // Electron's own lock is per userData folder, so two apps on two state folders do not meet.
  app.setPath('userData', path.join(layout.root, 'electron'));
  if (!app.requestSingleInstanceLock()) {
    process.stderr.write(`vireo: Vireo is open already on ${layout.root}; its window is shown\n`);
    return app.exit(0);
  }
  void run(layout).catch(failToStart);
}

/** No lock is asked for: the host owns the folder by its owner file, and an app that comes takes it over. */
function becomeScreenless(layout: StateLayout): void {
  // A folder of its own, because the app that takes over may start before this process is gone.
  app.setPath('userData', path.join(layout.root, 'electron-host'));
  app.disableHardwareAcceleration();
  app.dock?.hide();
  void serveScreenless(layout, log, otherHosts(appFolder)).then((exitCode) => app.exit(exitCode), failToStart);
}

/** Before anything is ready, hence without await: Electron must know its folder when it becomes ready. */
function prepareFolder(home: string | null): StateLayout {
  const layout = stateLayout(resolveStateFolder({ option: home === null ? undefined : path.resolve(home), env: process.env, platform: process.platform }));
  mkdirSync(layout.root, { recursive: true, mode: 0o700 });
  accessSync(layout.root, constants.W_OK);
  return layout;
}

async function run(layout: StateLayout): Promise<void> {
  let desktop: Desktop | null = null;
  app.on('second-instance', () => desktop?.windows.showMain());
  app.on('activate', () => desktop?.windows.showMain());
  app.on('window-all-closed', () => void desktop?.windowsClosed());
  let ended = false;
  app.on('will-quit', (event) => {
    if (ended || !desktop) return;
    event.preventDefault();
    void desktop.end().finally(() => {
      ended = true;
      app.exit(0);
    });
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => app.quit());

  await app.whenReady();
  serveAppFiles(path.join(appFolder, 'dist', 'renderer'));
  confineSession(log);
  setApplicationMenu(!app.isPackaged, () => (desktop ? desktop.quit() : app.quit()));
  const host = await takeHost({ layout, role: 'app', clock: systemClock, log, version: app.getVersion(), carriers: otherHosts(appFolder) });
  desktop = await Desktop.open({ host, layout, appFolder, log });
  await desktop.start();
}

try {
  main();
} catch (error) {
  failToStart(error);
}
