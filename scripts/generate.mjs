/**
 * Writes the files that are made from others.
 *
 *   node scripts/generate.mjs                   write core/monitor/qmp-schema.generated.ts
 *   node scripts/generate.mjs --check           fail if what is committed differs from what would be written
 *   node scripts/generate.mjs --record BINARY   first ask this QEMU for its schema again
 */
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { generateQmpTypes } from './generate/qmp-types.mjs';
import { recordSchema } from './generate/record-schema.mjs';

const root = path.resolve(import.meta.dirname, '..');
const recording = path.join(root, 'test/fixtures/qmp-schema-7.2.json');
const output = path.join(root, 'core/monitor/qmp-schema.generated.ts');

const { values } = parseArgs({ options: { check: { type: 'boolean', default: false }, record: { type: 'string' } } });
if (values.record !== undefined) await writeFile(recording, await recordSchema(values.record));
const text = generateQmpTypes(JSON.parse(await readFile(recording, 'utf8')));
if (!values.check) {
  await writeFile(output, text);
} else if ((await readFile(output, 'utf8')) !== text) {
  console.error(`${path.relative(root, output)} is not what its schema gives: run "npm run generate"`);
  process.exitCode = 1;
}
