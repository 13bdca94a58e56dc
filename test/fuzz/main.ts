/** `npm run fuzz -- [--runs N] [--seed S] [FOLDER]`: exit code 1 where anything but a clear refusal was found. */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { ExamineThread, isExamineThread, serveExaminations } from '../../conformance/examine-thread.ts';
import { parseRecordedCapabilities } from '../../core/capabilities/recorded-capabilities.ts';
import { fuzz } from './fuzz.ts';

/** npm runs scripts in the project's folder. */
const ownFolders = ['test/corpus/virt-install', 'test/golden/cases'];
const capabilitiesFile = 'test/golden/capabilities-7.2.json';

if (isExamineThread()) serveExaminations();
else process.exitCode = await main(process.argv.slice(2));

async function main(words: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({ args: [...words], allowPositionals: true, options: { runs: { type: 'string', default: '10000' }, seed: { type: 'string', default: '1' } } });
  const [runs, seed] = [Number(values.runs), Number(values.seed)];
  if (!Number.isSafeInteger(runs) || runs < 1 || !Number.isSafeInteger(seed)) throw new Error('--runs and --seed take whole numbers');
  const folders = positionals.length === 0 ? ownFolders : positionals.map((folder) => path.resolve(process.env['INIT_CWD'] ?? '.', folder));
  const documents = (await Promise.all(folders.map(readDocuments))).flat();
  const capabilities = await parseRecordedCapabilities(await readFile(capabilitiesFile, 'utf8'), capabilitiesFile);
  const thread = new ExamineThread({ emulators: [{ capabilities, installed: false }], firmware: [] });
  const result = await fuzz({
    documents,
    runs,
    seed,
    examine: (xml) => thread.examine({ xml, runFolder: '/tmp/x' }),
    progress: (run) => void (run % 10_000 === 9_999 && process.stderr.write(`${run + 1}\n`)),
  });
  await thread.close();
  process.stdout.write(`${result.runs} inputs from ${documents.length} documents, seed ${seed}: ${result.accepted} understood, ${result.refused} refused, slowest ${Math.round(result.slowestMs)} ms, ${result.findings.length} findings\n`);
  for (const { run, what, xml } of result.findings) {
    const file = path.join(os.tmpdir(), `vireo-fuzz-${seed}-${run}.xml`);
    await writeFile(file, xml);
    process.stdout.write(`run ${run}: ${what.split('\n').slice(0, 4).join(' | ')}\n  ${file}\n`);
  }
  return result.findings.length > 0 ? 1 : 0;
}

async function readDocuments(folder: string): Promise<readonly string[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.xml')).toSorted();
  return Promise.all(names.map((name) => readFile(path.join(folder, name), 'utf8')));
}
