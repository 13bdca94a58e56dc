/**
 * `npm run screenshots`: starts the real app with the sample guest on a state folder of its own and writes a picture of
 * every screen to docs/screenshots/, dark and light. Without a display it draws on a virtual one.
 */
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { buildIfStale } from './build.mjs';
import { sampleGuest } from './sample-guest/build.mjs';
import { isMainScript, isRoot, projectRoot, runScript, SetupProblem } from './setup/project.mjs';
import { workstation } from './screenshots/workstation.mjs';
import { outcomeOf, run } from './setup/run-command.mjs';
import { setUpTests } from './setup/set-up.mjs';

const folder = path.join(projectRoot, 'docs', 'screenshots');
const screenMs = 20_000;
const guestMs = 120_000;
const wholeLimitMs = 900_000;
/** How long the driver lets somebody wait for a domain that another holds. */
const jobWaitMs = 30_000;
/** How long guests get to shut down when the app is quit; shorter than a user's. */
const quitS = 10;
const screenCommand = ['xvfb-run', '-a', '-s', '-screen 0 1600x1000x24', process.execPath];

async function screenshots() {
  const { electron } = await setUpTests();
  const guest = await sampleGuest({ build: true });
  if ('missing' in guest) throw new SetupProblem(`the pictures need the sample guest: ${guest.missing}`);
  await buildIfStale();
  if (process.platform === 'linux' && !process.env['DISPLAY']) {
    const [program, ...args] = screenCommand;
    const outcome = await outcomeOf(program, [...args, ...process.argv.slice(1)], { timeoutMs: wholeLimitMs, inherit: true, cwd: projectRoot });
    return outcome.code ?? 1;
  }
  const state = await mkdtemp('/tmp/vireo-'); // short: sockets lie in it
  try {
    await mkdir(folder, { recursive: true });
    await takeAll(await openStudio(electron, state));
  } finally {
    await rm(state, { recursive: true, force: true, maxRetries: 5 });
  }
  return 0;
}

/** The app, and what is needed to bring it into each of its states. */
async function openStudio(electron, state) {
  const { _electron } = await import('@playwright/test');
  await writeFile(path.join(state, 'desktop.json'), JSON.stringify({ theme: 'system', shutdownS: quitS }));
  const app = await _electron.launch({
    executablePath: electron.program,
    args: [...(isRoot ? ['--no-sandbox'] : []), projectRoot, `--home=${state}`],
    env: { ...process.env, VIREO_NODE: process.execPath, VIREO_NO_DIALOGS: '1' },
    colorScheme: null, // the app's own choice, which Playwright would else overrule
    cwd: projectRoot,
  });
  const main = await app.firstWindow();
  main.setDefaultTimeout(screenMs);
  const vireo = (...words) => run(process.execPath, [path.join(projectRoot, 'dist/vireo.cjs'), '--home', state, ...words], { timeoutMs: guestMs });
  return { app, main, state, vireo };
}

async function takeAll(studio) {
  try {
    await pictureFirstRun(studio);
    const consoles = await pictureConsoles(studio);
    await pictureTerminal(studio, consoles[1]);
    await pictureTabs(studio);
    await pictureQuestions(studio);
    await pictureHeld(studio);
    await pictureStopped(studio, consoles);
    await pictureDisplays(studio);
    await pictureFailures(studio);
    await pictureDevices(studio);
    await pictureEditing(studio);
    await pictureImport(studio);
    await pictureQuitting(studio);
  } catch (error) {
    console.error(`The app says: ${(await studio.main.getByRole('alert').allInnerTexts().catch(() => [])).join('\n')}`);
    throw error;
  } finally {
    for (const name of ['sample', 'kiosk', 'held', 'broken', ...deafGuests]) await studio.vireo('destroy', name).catch(() => {}); // most of them do not run
    await studio.app.close();
  }
}

async function pictureFirstRun({ app, main }) {
  await main.getByRole('region', { name: 'Start the sample Linux' }).waitFor();
  await main.getByText(/TCG, in software|without hardware acceleration|KVM available/).first().waitFor();
  await shoot(app, main, 'first-run');
}

/** Writing, watching, taken over; the main window shows the domain running meanwhile. */
async function pictureConsoles({ app, main }) {
  const writer = await windowOpenedBy(app, () => main.getByRole('region', { name: 'Start the sample Linux' }).getByRole('button').click());
  await shows(writer, /login:\s*$/);
  await type(writer, 'root');
  await shows(writer, /#\s*$/);
  for (const line of ['uname -a', 'free -m', 'df -h /data']) await runLine(writer, line);
  await shoot(app, writer, 'console-writing');
  await shoot(app, main, 'main-running');
  const watcher = await windowOpenedBy(app, () => main.getByRole('button', { name: 'Console', exact: true }).click());
  await watcher.getByRole('status').filter({ hasText: /Watching/ }).first().waitFor();
  await shows(watcher, 'uname -a');
  await shoot(app, watcher, 'console-watching');
  await watcher.getByRole('button', { name: 'Take over' }).first().click();
  await watcher.getByRole('status').filter({ hasText: 'You are writing' }).first().waitFor();
  await shoot(app, writer, 'console-taken-over');
  return [writer, watcher];
}

/** What a console window does beside showing and typing; `page` is the one that writes. */
async function pictureTerminal({ app, main, vireo }, page) {
  await vireo('console-trigger', 'sample', '--add', 'Kernel panic', '--words', 'The sample fell over: call Ann');
  await vireo('console-trigger', 'sample', '--add', 'Out of memory: Killed process \\d+', '--regex', '--devname', 'ttyS0');
  await vireo('console-trigger', 'sample', '--add', 'backup done', '--once');
  for (const line of ['dmesg | grep -i virtio', 'echo backup done']) await runLine(page, line);
  await picturePaste(app, page);
  await page.keyboard.press('Control+Shift+Comma');
  await page.getByRole('heading', { name: 'Terminal settings' }).waitFor();
  await shoot(app, page, 'console-settings');
  await page.getByRole('button', { name: 'Done' }).click();
  await page.getByRole('button', { name: 'Menu', exact: true }).click();
  await page.getByRole('menuitem', { name: 'Triggers' }).click();
  await page.getByText(/Told once/).waitFor();
  await shoot(app, page, 'console-triggers');
  await page.getByRole('button', { name: 'Add…' }).click();
  await page.getByLabel('Kind').selectOption({ label: 'Regular expression' });
  await page.getByRole('textbox', { name: 'Pattern' }).fill('(BUG|Oops:');
  await shoot(app, page, 'console-trigger-new');
  for (const name of ['Cancel', 'Close']) await page.getByRole('button', { name, exact: true }).click();
  await pictureHistory(app, page);
  await pictureSplit(app, page);
  await main.keyboard.press('Control+Shift+F');
  const search = main.getByRole('dialog', { name: 'Search consoles' });
  await search.getByRole('textbox', { name: 'Text to find' }).fill('virtio');
  await main.keyboard.press('Enter');
  await search.getByRole('option').first().waitFor();
  await shoot(app, main, 'search-consoles');
  await search.getByRole('textbox', { name: 'Text to find' }).press('Escape');
  await search.waitFor({ state: 'detached' });
}

async function picturePaste(app, page) {
  await app.evaluate(({ clipboard }) => clipboard.writeText('cd /data\nfor file in *; do echo "$file"; done\nrm -rf /data/old\n'));
  await page.locator('.xterm-helper-textarea').first().focus();
  await page.keyboard.press('Control+Shift+V');
  await page.getByRole('heading', { name: /^Paste/ }).waitFor();
  await shoot(app, page, 'console-paste');
  await page.getByRole('button', { name: 'Cancel' }).click();
}

/** What is found in the whole log, and the place where it stands. */
async function pictureHistory(app, page) {
  await page.keyboard.press('Control+Shift+F');
  await page.getByRole('textbox', { name: 'Find' }).fill('virtio');
  await page.getByRole('button', { name: 'In the whole log' }).click();
  await page.getByRole('option').first().waitFor();
  await shoot(app, page, 'console-search');
  await page.getByRole('option').last().click();
  const history = page.getByRole('region', { name: 'History' });
  await history.waitFor();
  await shoot(app, page, 'console-history');
  await history.getByRole('button', { name: 'Back to now' }).click();
  await page.getByRole('button', { name: 'Close find' }).click();
}

async function pictureSplit(app, page) {
  await page.getByRole('button', { name: 'Tabs and splits' }).click();
  await page.getByRole('menuitem', { name: 'Split right' }).click();
  await page.getByPlaceholder('Domain or device').fill('hvc0');
  await shoot(app, page, 'console-chooser');
  await page.getByRole('option').filter({ hasText: 'hvc0' }).first().click();
  await page.locator('.console-pane').nth(1).waitFor();
  await page.mouse.move(1, 1); // a border under the pointer is broader
  await shoot(app, page, 'console-split');
}

async function pictureTabs({ app, main }) {
  for (const tab of ['Overview', 'Consoles', 'Events', 'XML', 'Log']) {
    await main.getByRole('tab', { name: tab }).click();
    await main.getByRole('tabpanel').waitFor();
    if (tab === 'Events') await main.getByRole('option').first().waitFor();
    if (tab === 'XML') await main.locator('.cm-line').first().waitFor();
    if (tab === 'Log') await main.getByText(/starting up/).first().waitFor();
    await shoot(app, main, tab.toLowerCase());
  }
  await main.getByRole('tab', { name: 'Overview' }).click();
}

async function pictureQuestions({ app, main }) {
  await main.getByRole('button', { name: 'More actions' }).click();
  await main.getByRole('menu').waitFor();
  await shoot(app, main, 'more-actions');
  await main.getByRole('menuitem', { name: 'Send keys' }).click();
  await main.getByRole('menuitem', { name: 'Ctrl+Alt+Del' }).waitFor();
  await shoot(app, main, 'send-keys');
  await main.keyboard.press('ArrowLeft');
  await main.getByRole('menuitem', { name: 'Ctrl+Alt+Del' }).waitFor({ state: 'detached' });
  await main.getByRole('menuitem', { name: 'Force off' }).click();
  await main.getByRole('alertdialog').waitFor();
  await shoot(app, main, 'force-off');
  await main.getByRole('alertdialog').getByRole('button', { name: 'Cancel' }).click();
  const search = main.getByPlaceholder('Search domains');
  await search.fill('nothing is called so');
  await shoot(app, main, 'nothing-found');
  await search.fill('');
}

/**
 * A QEMU that answers nothing: the first act holds the domain until its command is given up, the second takes its place,
 * and the third has waited for as long as anybody waits.
 */
async function pictureHeld({ app, main, vireo }) {
  const { pid } = JSON.parse(await vireo('--json', 'dominfo', 'sample')).summary;
  process.kill(pid, 'SIGSTOP');
  try {
    await main.getByRole('button', { name: 'Pause', exact: true }).click();
    await main.getByText(/Held by/).first().waitFor();
    void vireo('reset', 'sample').catch(() => {});
    await sleep(2_000); // the command must be in the queue before the window
    await main.getByRole('button', { name: 'Shut down', exact: true }).click();
    await main.getByRole('alertdialog').waitFor({ timeout: 2 * jobWaitMs });
    await shoot(app, main, 'held');
    await main.getByRole('alertdialog').getByRole('button', { name: 'Cancel' }).click();
  } finally {
    process.kill(pid, 'SIGCONT');
  }
}

async function pictureStopped({ app, main, vireo }, [writer]) {
  const told = main.getByRole('alert').filter({ hasText: 'was not paused' }); // it belongs to another picture
  await told.getByRole('button', { name: 'Dismiss' }).click({ timeout: 5_000 }).catch(() => {}); // it goes by itself, too
  await told.waitFor({ state: 'detached' });
  await vireo('destroy', 'sample');
  await writer.getByRole('group', { name: 'The guest is not running' }).waitFor();
  await shoot(app, writer, 'console-stopped');
  await main.getByText('shut off (destroyed)').first().waitFor();
  await shoot(app, main, 'main-stopped');
}

/** The sample guest with a screen, in two windows: one has it, the other asks. */
async function pictureDisplays({ app, main, state, vireo }) {
  const file = path.join(state, 'kiosk.xml');
  const own = (await vireo('dumpxml', 'sample', '--inactive')).replace(/<uuid>.*?<\/uuid>/, '').replace(/<mac [^>]*>/, '').replace(/<name>.*?<\/name>/, '<name>kiosk</name>');
  const screen = "<graphics type='vnc'/><video><model type='vga'/></video></devices>";
  await writeFile(file, own.replace('console=ttyS0', 'console=tty0 console=ttyS0').replace('</devices>', screen));
  await vireo('define', file);
  await startFromRow(main, 'kiosk');
  const open = () => windowOpenedBy(app, () => main.getByRole('button', { name: 'Display', exact: true }).click());
  const first = await open();
  await first.getByRole('status').filter({ hasText: 'You have control' }).first().waitFor({ timeout: guestMs });
  await sleep(8_000); // a screen has no words to wait for: the kernel has said something by then
  await shoot(app, first, 'display');
  await first.getByRole('button', { name: 'Menu', exact: true }).click();
  await first.getByRole('menuitemcheckbox', { name: /Scale to the window/ }).waitFor();
  await shoot(app, first, 'display-menu');
  await first.keyboard.press('Escape');
  const second = await open();
  await second.getByRole('button', { name: 'Request' }).click();
  await second.getByText(/^Asked window/).waitFor();
  await shoot(app, second, 'display-watching');
  await first.getByText(/asks for control/).waitFor();
  await shoot(app, first, 'display-asked');
  await vireo('destroy', 'kiosk');
  await first.getByRole('group', { name: 'The guest is not running' }).waitFor();
  await shoot(app, first, 'display-stopped');
  for (const page of [first, second]) await page.close();
}

/** A QEMU that ends at once with words of its own, and one that never opens its monitor: its domain is held by the start. */
async function pictureFailures({ app, main, state, vireo }) {
  const emulator = path.join(state, 'emulator');
  await writeFile(emulator, `#!/bin/sh
case "$*" in
  *guest=broken*) echo 'qemu-system-x86_64: cannot set up guest memory: Cannot allocate memory' >&2; exit 1 ;;
  *guest=held*) exec sleep 600 ;;
  *) exec qemu-system-x86_64 "$@" ;;
esac
`);
  await chmod(emulator, 0o755);
  const xml = (await vireo('dumpxml', 'sample', '--inactive')).replace(/<uuid>.*?<\/uuid>/, '').replace(/<mac [^>]*>/, '');
  for (const name of ['broken', 'held']) {
    const file = path.join(state, `${name}.xml`);
    const own = xml.replace(/<name>.*?<\/name>/, `<name>${name}</name>`);
    const withEmulator = /<emulator>/.test(own) ? own.replace(/<emulator>.*?<\/emulator>/, `<emulator>${emulator}</emulator>`) : own.replace('<devices>', `<devices><emulator>${emulator}</emulator>`);
    await writeFile(file, withEmulator);
    await vireo('define', file);
  }
  await startFromRow(main, 'broken');
  await main.getByText('QEMU refused to start it').waitFor({ timeout: guestMs });
  await shoot(app, main, 'start-failed');
  await main.getByRole('button', { name: /close|dismiss/i }).first().click();
  await startFromRow(main, 'held');
  await main.getByText(/Held by/).first().waitFor();
  await shoot(app, main, 'main-starting');
  await vireo('destroy', 'held'); // it belongs to no other picture, nor does what is told of it
  await main.getByRole('alert').filter({ hasText: 'held was not started' }).getByRole('button', { name: 'Dismiss' }).click();
}

/** Every kind of device that people meet, on a host that has none of what they need. */
async function pictureDevices({ app, main, state, vireo }) {
  const file = path.join(state, 'workstation.xml');
  await writeFile(file, workstation);
  await vireo('define', file);
  await selectRow(main, 'workstation');
  await main.locator('details.controllers').scrollIntoViewIfNeeded();
  await shoot(app, main, 'devices');
  await startFromRow(main, 'workstation');
  await main.getByText('It cannot run on this computer').waitFor();
  await shoot(app, main, 'start-refused');
  await main.getByRole('button', { name: 'Dismiss' }).first().click();
  await main.getByRole('button', { name: 'More actions' }).click();
  await main.getByRole('menuitem', { name: 'Undefine' }).click();
  await main.getByText('Also delete its firmware variables').waitFor();
  await shoot(app, main, 'undefine');
  await main.getByRole('button', { name: 'Cancel' }).click();
}

/** What the host says of a definition while it is typed. */
async function pictureEditing({ app, main }) {
  await selectRow(main, 'workstation');
  await main.getByRole('tab', { name: 'XML' }).click();
  await main.getByRole('button', { name: 'Edit' }).click();
  const editor = main.getByRole('textbox', { name: 'Definition of workstation' });
  for (const [text, name, kind] of [
    [workstation.replace('<vcpu>2</vcpu>', "<vcpu>2</vcpu>\n  <mood colour='green'/>"), 'xml-warning', 'warning'],
    [workstation.replace('<vcpu>2</vcpu>', '<vcpu>two</vcpu>'), 'xml-error', 'error'],
  ]) {
    await editor.fill(text);
    await main.locator(`.findings-note.${kind}`).waitFor();
    await main.getByRole('button', { name: /^Line \d+$/ }).click();
    await editor.locator(`.cm-fault.${kind}`).waitFor();
    await shoot(app, main, name);
  }
  await main.getByRole('button', { name: 'Cancel' }).click();
  await main.getByRole('tab', { name: 'Overview' }).click();
}

async function pictureImport({ app, main, state }) {
  const from = path.join(state, 'libvirt');
  await mkdir(from);
  const small = (name, inside = '') => `<domain type='qemu'><name>${name}</name><memory unit='MiB'>64</memory>${inside}<os><type arch='x86_64' machine='q35'>hvm</type></os></domain>`;
  await writeFile(path.join(from, 'mail.xml'), small('mail').replace('</domain>', "<devices><disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='/srv/images/mail.qcow2'/><target dev='vda' bus='virtio'/></disk></devices></domain>"));
  await writeFile(path.join(from, 'build.xml'), small('build', '<mood/>'));
  await writeFile(path.join(from, 'web.xml'), small('web', '<vcpu>two</vcpu>'));
  await writeFile(path.join(from, 'default.xml'), '<network><name>default</name></network>');
  await app.evaluate(({ dialog }, folder) => void (dialog.showOpenDialog = () => Promise.resolve({ canceled: false, filePaths: [folder] })), from);
  await main.getByRole('button', { name: 'New' }).first().click();
  await main.getByRole('menuitem', { name: 'Import from libvirt' }).click();
  await main.getByRole('list', { name: 'Files' }).waitFor();
  await shoot(app, main, 'import');
  await main.getByRole('button', { name: 'Cancel' }).click();
}

/** Guests without a system, which hear no button. */
const deafGuests = ['deaf', 'deaf-and-paused'];

async function pictureQuitting({ app, main, state, vireo }) {
  for (const name of deafGuests) {
    const file = path.join(state, `${name}.xml`);
    await writeFile(file, `<domain type='qemu'><name>${name}</name><memory unit='MiB'>16</memory><os><type arch='x86_64' machine='pc'>hvm</type></os><devices><serial type='pty'/></devices></domain>`);
    await vireo('define', file);
    await vireo('start', name);
  }
  await vireo('suspend', 'deaf-and-paused');
  await main.getByRole('button', { name: 'Menu' }).click();
  await main.getByRole('menuitem', { name: 'Quit' }).waitFor();
  await shoot(app, main, 'app-menu');
  await main.getByRole('menuitem', { name: 'Quit' }).click();
  const asked = main.getByRole('alertdialog');
  await asked.getByText('Remember my choice').waitFor();
  await shoot(app, main, 'quit-question');
  await asked.getByRole('button', { name: 'Shut down' }).click();
  await main.getByRole('alertdialog', { name: 'Shutting guests down' }).waitFor();
  await main.mouse.move(1, 1); // a button under the pointer shows its tooltip
  await shoot(app, main, 'quit-shutting-down');
  await main.getByRole('alertdialog', { name: /did not shut down/ }).waitFor({ timeout: 2 * quitS * 1000 });
  await shoot(app, main, 'quit-left-over');
  await main.getByRole('button', { name: 'Cancel quitting' }).click();
}

async function selectRow(main, name) {
  await main.getByRole('treegrid', { name: 'Domains' }).getByRole('row').filter({ hasText: name }).click();
  await main.getByRole('heading', { name }).waitFor();
}

async function startFromRow(main, name) {
  await selectRow(main, name);
  await main.getByRole('button', { name: 'Start', exact: true }).click();
}

/** One picture for each theme. */
async function shoot(app, page, name) {
  for (const theme of ['dark', 'light']) {
    await app.evaluate(({ nativeTheme }, source) => void (nativeTheme.themeSource = source), theme);
    await page.waitForFunction((isDark) => matchMedia('(prefers-color-scheme: dark)').matches === isDark, theme === 'dark');
    await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
    await sleep(250); // colours fade for some tens of milliseconds, and the terminal repaints after them
    await page.screenshot({ path: path.join(folder, `${name}-${theme}.png`) });
  }
  console.log(name);
}

async function windowOpenedBy(app, act) {
  const [page] = await Promise.all([app.waitForEvent('window', { timeout: guestMs }), act()]);
  page.setDefaultTimeout(screenMs);
  await page.waitForLoadState('domcontentloaded');
  return page;
}

const shows = (page, text) =>
  page.waitForFunction(({ source, flags }) => new RegExp(source, flags).test(window.vireoTerminalText?.() ?? ''), asPattern(text), { timeout: guestMs });

const asPattern = (text) => (typeof text === 'string' ? { source: text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'), flags: '' } : { source: text.source, flags: text.flags });

async function type(page, line) {
  await page.locator('.xterm-helper-textarea').focus();
  await page.keyboard.type(line);
  await page.keyboard.press('Enter');
}

/** A line in the guest's shell, and its prompt again. */
async function runLine(page, line) {
  await type(page, line);
  await shows(page, new RegExp(`# ${asPattern(line).source}\\n[^]*# ?$`));
}

if (isMainScript(import.meta.url)) await runScript(screenshots);
