/** Runs one of vitest's projects with a time limit and counts its tests from vitest's own JSON report. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { spawn } from 'node:child_process';
import os from 'node:os';
import path from 'node:path';
import { projectRoot } from '../setup/project.mjs';
import { label } from './second-tries.mjs';

/**
 * @typedef {{ passed: number, failed: number, skipped: number }} Counts
 * @typedef {{ counts: Counts, failures: string, output: string }} ProjectOutcome failures: what failed and why, by name; '' when vitest wrote no report
 */

/**
 * @param {'unit' | 'qemu' | 'electron'} project
 * @param {{ limitMs: number, quiet?: boolean, wrapper?: readonly string[], env?: NodeJS.ProcessEnv, uid?: number, reportFolder?: string, files?: readonly string[] }} options
 *   wrapper: the command line that vitest is run by; uid: the user (and group) that runs it; quiet: output is kept, not shown;
 *   files: those alone
 * @returns {Promise<ProjectOutcome>} a run that broke down counts as one more failure
 */
export async function runVitest(project, options) {
  const { limitMs, quiet = false, wrapper = [], env = process.env, uid, reportFolder, files = [] } = options;
  // Also what tests leave there goes with it: a host that is killed on purpose cannot clear up after its probes.
  const folder = reportFolder ?? (await mkdtemp(path.join(os.tmpdir(), 'vireo-')));
  const report = path.join(folder, `${project}.json`);
  const vitest = path.join(projectRoot, 'node_modules', 'vitest', 'vitest.mjs');
  // The other config loaders write into node_modules, where the tests' own user has nothing to write.
  const reporters = ['--reporter=default', `--reporter=${path.join(projectRoot, 'scripts', 'check', 'second-tries.mjs')}`, '--reporter=json', `--outputFile.json=${report}`];
  const [program, ...args] = [...wrapper, process.execPath, vitest, 'run', '--project', project, '--configLoader', 'runner', '--passWithNoTests', ...reporters, ...files];
  try {
    const { code, timedOut, output } = await runGroup(program, args, { limitMs, quiet, env: reportFolder ? env : { ...env, TMPDIR: folder }, uid });
    const { counts, failures, broken } = await verdictOf(report);
    if (timedOut) process.stderr.write(`${project}: ended after its limit of ${limitMs / 1000} s\n`);
    if (code !== 0 && counts.failed === 0) counts.failed = 1;
    if (broken.length > 0 && files.length === 0 && !timedOut && env['VIREO_SECOND_TRY'] === '1') return await tryAgain(project, options, { counts, failures, output }, broken);
    return { counts, failures, output };
  } finally {
    if (!reportFolder) await rm(folder, { recursive: true, force: true });
  }
}

/**
 * vitest tries a test twice, but not what sets a file up: a file that failed by that is run once more, and named like them.
 * @returns {Promise<ProjectOutcome>} the first outcome with the second one's in place of what those files gave
 */
async function tryAgain(project, options, { counts, failures, output }, broken) {
  const labels = broken.map(({ file }) => `${label}: ${file} (its set-up)\n`).join('');
  if (!options.quiet) process.stdout.write(`\n${failures}\n\n${labels}`);
  const second = await runVitest(project, { ...options, files: broken.map(({ file }) => file) });
  const skipped = broken.reduce((total, each) => total + each.skipped, 0);
  return {
    counts: { passed: counts.passed + second.counts.passed, failed: counts.failed - broken.length + second.counts.failed, skipped: counts.skipped - skipped + second.counts.skipped },
    failures: counts.failed > broken.length ? failures : second.failures,
    output: `${output}\n${labels}${second.output}`,
  };
}

/** Its own process group, so that the limit ends whatever the tests have started as well. */
function runGroup(program, args, { limitMs, quiet, env, uid }) {
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      cwd: projectRoot,
      env: { ...env, ...(process.stdout.isTTY ? {} : { NO_COLOR: '1' }) },
      detached: true,
      stdio: ['ignore', quiet ? 'pipe' : 'inherit', quiet ? 'pipe' : 'inherit'],
      ...(uid === undefined ? {} : { uid, gid: uid }), // libuv drops the supplementary groups with it
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', (text) => (output = (output + text).slice(-200_000)));
    let timedOut = false;
    const endGroup = (signal) => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, signal);
      } catch {
        // The group is gone already.
      }
    };
    const timer = setTimeout(() => {
      timedOut = true;
      endGroup('SIGKILL');
    }, limitMs);
    const interrupt = (signal) => endGroup(signal);
    process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
    child.once('error', (error) => (output += error.message));
    child.once('close', (code) => {
      clearTimeout(timer);
      process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
      resolve({ code, timedOut, output });
    });
  });
}

/** `broken`: files of which no test could begin. @returns {Promise<{ counts: Counts, failures: string, broken: readonly { file: string, skipped: number }[] }>} */
async function verdictOf(report) {
  const text = await readFile(report, 'utf8').catch(() => null);
  if (text === null) return { counts: { passed: 0, failed: 0, skipped: 0 }, failures: '', broken: [] };
  const { numPassedTests, numFailedTests, numPendingTests, numTodoTests, testResults } = JSON.parse(text);
  // A file that could not even be loaded has failed without a failed test.
  const broken = testResults.filter(({ status, assertionResults }) => status === 'failed' && !assertionResults.some((test) => test.status === 'failed'));
  const failed = testResults.flatMap(({ name, assertionResults }) =>
    assertionResults.filter((test) => test.status === 'failed').map((test) => failureOf(`${path.relative(projectRoot, name)} > ${test.fullName}`, test.failureMessages.join('\n'))),
  );
  return {
    counts: { passed: numPassedTests, failed: numFailedTests + broken.length, skipped: numPendingTests + numTodoTests },
    broken: broken.map(({ name, assertionResults }) => ({ file: path.relative(projectRoot, name), skipped: assertionResults.length })),
    failures: [...failed, ...broken.map(({ name, message }) => failureOf(path.relative(projectRoot, name), message))].join('\n'),
  };
}

const failureOf = (name, message) => `FAILED: ${name}\n${message.trimEnd().replaceAll(/^/gm, '  ')}`;
