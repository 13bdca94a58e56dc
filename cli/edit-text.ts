/** Has the user change a text with the editor of their choice, as virsh does: VISUAL, then EDITOR, then vi. */
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { CommandContext } from './command.ts';
import { CommandError } from './command-error.ts';
import { readTextFile } from './read-text-file.ts';

/**
 * Calls `use` with the changed text. What `use` refuses is not lost: the file stays, and its name is told.
 * @returns false where nothing was changed. @throws INTERNAL_ERROR where the editor failed, and what `use` throws.
 */
export async function editText(context: CommandContext, text: string, use: (changed: string) => Promise<void>): Promise<boolean> {
  const folder = await mkdtemp(path.join(tmpdir(), 'vireo-edit-'));
  const file = path.join(folder, 'domain.xml');
  let keeps = false;
  try {
    await writeFile(file, text, { mode: 0o600 });
    await runEditor(process.env['VISUAL'] || process.env['EDITOR'] || 'vi', file);
    const changed = await readTextFile(context, file);
    if (changed === text) return false;
    await use(changed).catch((error: unknown) => {
      keeps = true;
      context.output.notice(`what you have written is kept in ${file}`);
      throw error;
    });
    return true;
  } finally {
    if (!keeps) await rm(folder, { recursive: true, force: true });
  }
}

/** The editor's name may come with arguments. */
function runEditor(editor: string, file: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (why: string): void => reject(new CommandError('INTERNAL_ERROR', `the editor '${editor}' ${why}`));
    const child = spawn('/bin/sh', ['-c', `${editor} "$1"`, 'sh', file], { stdio: 'inherit' });
    child.once('error', (error) => fail(`cannot be run: ${error.message}`));
    child.once('exit', (code, signal) => (code === 0 ? resolve() : fail(`ended with ${signal ?? `exit code ${code}`}`)));
  });
}
