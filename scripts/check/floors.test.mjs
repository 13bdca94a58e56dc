import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { brokenFloors } from './floors.mjs';
import { untidyFiles } from './tidiness.mjs';

let root;

beforeEach(async () => {
  root = await mkdtemp('/tmp/vireo-');
});

afterEach(() => rm(root, { recursive: true }));

async function plant(files) {
  for (const [file, text] of Object.entries(files)) {
    await mkdir(path.join(root, path.dirname(file)), { recursive: true });
    await writeFile(path.join(root, file), text);
  }
}

describe('the floors', () => {
  test('allow imports downwards, within a floor and of packages', async () => {
    await plant({
      'core/base/clock.ts': "import { z } from 'zod';\n",
      'core/xml/parser.ts': "import { x } from '../base/clock.ts';\nimport '../transport/lines.ts';\n",
      'core/transport/lines.ts': "import net from 'node:net';\n",
    });
    expect(await brokenFloors(root)).toEqual([]);
  });

  test('refuse an import upwards in every form that it can have, and only in code', async () => {
    const forms = {
      a: "import { Driver } from '../driver/driver.ts';",
      b: "import type { Driver } from '../driver/driver.ts';",
      c: "import {\n  A,\n  B,\n} from '../driver/driver.ts';",
      d: "export * from '../driver/driver.ts';",
      e: "import '../driver/driver.ts';",
      f: "const driver = await import('../driver/driver.ts');",
      g: "type Driver = import('../driver/driver.ts').Driver;",
      h: "// import { Driver } from '../driver/driver.ts';\n/**\n * import('../driver/driver.ts')\n */",
    };
    await plant({ 'core/driver/driver.ts': '' });
    await plant(Object.fromEntries(Object.entries(forms).map(([name, text]) => [`core/base/${name}.ts`, `${text}\n`])));
    const sentence = (name) => `core/base/${name}.ts imports core/driver/driver.ts, which is on a higher floor`;
    expect((await brokenFloors(root)).sort()).toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'g'].map(sentence));
  });

  test('refuse Electron in core and in the command, and the desktop and the command in each other', async () => {
    await plant({
      'core/base/a.ts': "import { app } from 'electron';\n",
      'cli/b.ts': "import { open } from '../electron/main.ts';\n",
      'electron/main.ts': "import { app } from 'electron';\n",
    });
    expect(await brokenFloors(root)).toEqual(['core/base/a.ts imports Electron', 'cli/b.ts imports electron/main.ts, its neighbour']);
  });

  test('refuse what a window reaches of Node, however deep, but not by a type', async () => {
    await plant({
      'renderer/app.tsx': "import { parse } from '../core/xml/parse.ts';\nimport type { Clock } from '../core/base/clock.ts';\n",
      'core/xml/parse.ts': "import { read } from '../base/read.ts';\n",
      'core/base/read.ts': "import fs from 'node:fs';\n",
      'core/base/clock.ts': "import os from 'os';\n",
    });
    expect(await brokenFloors(root)).toEqual(['renderer/app.tsx -> core/xml/parse.ts -> core/base/read.ts imports node:fs into a window']);
  });

  test('want every folder of core in the table', async () => {
    await plant({ 'core/attic/a.ts': '' });
    expect(await brokenFloors(root)).toEqual(['core/attic/a.ts: its folder is on no floor; give it one in scripts/check/floors.mjs']);
  });
});

test('untidy are files that are too long, named otherwise than in kebab-case, or by a word that says nothing', async () => {
  await plant({
    'core/base/long.ts': '\n'.repeat(701),
    'core/base/schema.generated.ts': '\n'.repeat(5000),
    'core/base/camelCase.ts': '',
    'core/base/string-utils.ts': '',
    'core/base/window.ts': 'export class WindowManager {}\n',
  });
  expect((await untidyFiles(root)).sort()).toEqual([
    'core/base/camelCase.ts is not named in kebab-case',
    'core/base/long.ts has 701 lines, more than 700',
    'core/base/string-utils.ts: "utils" does not say what it holds',
    'core/base/window.ts exports WindowManager, a name that says nothing',
  ]);
});
