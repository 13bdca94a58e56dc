/**
 * The app that a plain Electron carries in resources/default_app.asar: it starts the app whose folder or file the
 * command line names. An Electron taken out of another product lacks it.
 */
'use strict';

const { app } = require('electron');
const fs = require('node:fs');
const Module = require('node:module');
const path = require('node:path');
const { pathToFileURL } = require('node:url');

Object.defineProperty(process, 'defaultApp', { configurable: false, enumerable: true, value: true });

const preloaded = [];
let target = null;
const words = process.argv.slice(1);
for (let index = 0; index < words.length && target === null; index++) {
  // Playwright attaches by a module given with -r.
  if (words[index] === '-r' || words[index] === '--require') preloaded.push(words[++index]);
  else if (!words[index].startsWith('-')) target = words[index];
}
if (preloaded.length > 0) Module._preloadModules(preloaded);
if (target === null) {
  console.error('usage: electron [-r MODULE] APP');
  process.exit(1);
}

const folder = path.resolve(target);
const packageFile = path.join(folder, 'package.json');
const isFolder = fs.existsSync(packageFile);
if (isFolder) {
  const { name, productName, version, desktopName } = JSON.parse(fs.readFileSync(packageFile, 'utf8'));
  if (version) app.setVersion(version);
  app.name = productName ?? name ?? app.name;
  if (process.platform === 'linux') app.setDesktopName(desktopName ?? `${app.name}.desktop`);
}
const main = Module._resolveFilename(folder, null, true);
app.setAppPath(isFolder ? folder : path.dirname(main));
// Before this file has run to its end the app is not ready: a CommonJS main must be loaded within it, as it may have
// things to say to Electron that come too late afterwards.
if (main.endsWith('.cjs')) {
  Module._load(main, null, true);
} else {
  import(pathToFileURL(main).href).catch((error) => {
    console.error(error);
    process.exit(1);
  });
}
