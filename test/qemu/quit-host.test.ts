/** A screenless host that is emptied from a terminal, with real guests. */
import { mkdtemp, rm } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { buildCommand, spawnCommand } from '../cli/built-command.ts';
import { endProcesses, eventually, processesNaming } from '../support/electron-processes.ts';

test('host --stop --shutdown waits for a guest that was still booting, which is asked again, and leaves nothing', async () => {
  await using command = await buildCommand();
  const home = await mkdtemp('/tmp/vireo-');
  const vireo = async (...words: string[]): Promise<string> => {
    const { exitCode, stdout, stderr } = await spawnCommand(command, home, words).outcome;
    return exitCode === 0 ? stdout : stderr;
  };
  try {
    expect(await vireo('sample', 'busy', '--start')).toContain("Domain 'busy' started");
    expect(await vireo('host', '--stop', '--shutdown', '--timeout', '80')).toBe("Domain 'busy' is shut off\nHost is being stopped\n\n");
    await eventually('nothing is left', async () => (await processesNaming(home)).length === 0, 10_000);
  } finally {
    await endProcesses(await processesNaming(home));
    await rm(home, { recursive: true, force: true });
  }
}, 120_000);
