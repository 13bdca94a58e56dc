/**
 * `npm start`: sets up what is missing, builds what is stale, starts the app. Without a display it starts the sample
 * guest on the screenless host instead and puts the terminal on its console.
 */
import path from 'node:path';
import { buildIfStale } from './build.mjs';
import { sampleGuest } from './sample-guest/build.mjs';
import { runInForeground } from './setup/foreground.mjs';
import { projectRoot, runScript, SetupProblem } from './setup/project.mjs';
import { lastLines, outcomeOf } from './setup/run-command.mjs';
import { sandboxArguments } from './setup/sandbox.mjs';
import { setUpStart } from './setup/set-up.mjs';
import { say, step } from './setup/step.mjs';

const commandLimitMs = 60_000;
const sampleName = 'sample';
const commandFile = path.join(projectRoot, 'dist', 'vireo.cjs');
const env = { ...process.env, VIREO_NODE: process.execPath };

function hasDisplay() {
  return process.platform !== 'linux' || Boolean(process.env['DISPLAY'] || process.env['WAYLAND_DISPLAY']);
}

/** Its absence ends nothing: the app's first screen tells it and offers other ways to a guest. */
async function provideSampleGuest() {
  const present = await sampleGuest({ build: false });
  if (!('missing' in present)) return present;
  const built = await step('sample guest', () => sampleGuest({ build: true }));
  if ('missing' in built) say('sample guest', `not available: ${built.missing}`);
  return built;
}

async function startApp(electron) {
  const sandbox = await sandboxArguments(electron.folder);
  return runInForeground(electron.program, [...sandbox, projectRoot, ...process.argv.slice(2)], { cwd: projectRoot, env });
}

async function startScreenless(guest) {
  const howToGetTheWindow = 'There is no display (DISPLAY, WAYLAND_DISPLAY), so there is no window; run `npm start` in a desktop session to get it.';
  console.log(howToGetTheWindow);
  if ('missing' in guest) {
    console.log('Define a guest of your own: npm run -s vireo -- define FILE.xml');
    return 0;
  }
  await startSampleGuest();
  const attach = `npm run -s vireo -- console ${sampleName}`;
  if (!process.stdin.isTTY) {
    console.log(`The sample guest runs on the screenless host. Its console: ${attach}`);
    return 0;
  }
  console.log(`The sample guest's console; ^] leaves it and the guest runs on. Back to it: ${attach}`);
  return runInForeground(process.execPath, [commandFile, 'console', sampleName], { cwd: projectRoot, env });
}

/** Each command finds the host or starts it, which lives on as long as the guest does. */
async function startSampleGuest() {
  const state = await vireo('domstate', sampleName);
  if (state.code !== 0) await mustSucceed('sample', sampleName);
  if (state.code !== 0 || state.stdout.trim() === 'shut off') await mustSucceed('start', sampleName);
}

function vireo(...args) {
  return outcomeOf(process.execPath, [commandFile, ...args], { timeoutMs: commandLimitMs, env });
}

async function mustSucceed(...args) {
  const outcome = await vireo(...args);
  if (outcome.code !== 0) throw new SetupProblem(`'vireo ${args.join(' ')}' failed`, lastLines(outcome, 5));
}

await runScript(async () => {
  const windows = hasDisplay();
  const { electron } = await setUpStart({ windows });
  await buildIfStale();
  const guest = await provideSampleGuest();
  return electron ? startApp(electron) : startScreenless(guest);
});
