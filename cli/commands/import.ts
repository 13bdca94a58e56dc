/** `vireo import`: takes over the definitions of a libvirt folder, and says of each file what became of it. */
import path from 'node:path';
import type { ImportReport } from '../../core/api/contract.ts';
import { type Command, command } from '../command.ts';
import { attempt } from '../domain-call.ts';

type ImportedFile = ImportReport['files'][number];

export const importCommand: Command = command({
  name: 'import',
  group: 'domain',
  summary: 'import the domains of a libvirt folder',
  description: 'Define the domains of all XML files in a folder of libvirt, such as /etc/libvirt/qemu. Each is imported wholly or not at all; what is there already is never changed.',
  options: {
    folder: { type: 'string', required: true, help: 'folder with XML domain descriptions' },
    'dry-run': { type: 'boolean', help: 'only report what would be done' },
  },
  async run({ client, output, interrupted, folder: standing }, values) {
    const folder = path.resolve(standing, values.folder);
    const answer = await attempt(await client(), `Failed to import from ${values.folder}`, 'connectImportFolder', { folder, dryRun: values['dry-run'] }, interrupted);
    output.result(answer, () => [...answer.files.flatMap(linesOf), '', total(answer.files)]);
    return answer.files.some(({ outcome }) => outcome === 'refused') ? 1 : 0;
  },
});

function linesOf(file: ImportedFile): readonly string[] {
  const name = path.basename(file.file);
  const words = {
    imported: `imported as '${file.name}'`,
    importable: `can be imported as '${file.name}'`,
    unchanged: `is defined just so as '${file.name}'`,
    refused: `refused: ${file.reason}`,
    skipped: `no domain: ${file.reason}`,
  };
  return [
    `${name}: ${words[file.outcome]}${file.autostart && file.outcome !== 'refused' ? ', started with the host' : ''}`,
    ...file.notUnderstood.map(({ path: where, line }) => `  line ${line}: ${where} is kept but not understood`),
    ...file.missingFiles.map((missing) => `  ${missing} is not there or cannot be read`),
  ];
}

function total(files: readonly ImportedFile[]): string {
  const counts = new Map<string, number>();
  for (const { outcome } of files) counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
  return files.length === 0 ? 'the folder holds no XML files' : [...counts].map(([outcome, count]) => `${count} ${outcome}`).join(', ');
}
