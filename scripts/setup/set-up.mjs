/** The set-up as each command needs it, in order; every step looks first and does nothing where nothing is left to do. */
import { installDependencies } from './dependencies.mjs';
import { electronRuntime } from './electron-runtime.mjs';
import { buildNodePty } from './node-pty.mjs';
import { SetupProblem } from './project.mjs';
import { electronNeeds, furtherTestNeeds, meetFurtherNeeds, meetNeeds, qemuNeeds, testNeeds } from './system-packages.mjs';

const oldestNode = [20, 19];

/** For the command line: dependencies to build with. */
export async function setUpCommand() {
  checkNode();
  await installDependencies();
}

/**
 * For `npm start`: QEMU, and Electron where there is a display for windows.
 * @param {{ windows: boolean }} options
 * @returns {Promise<{ electron: Awaited<ReturnType<typeof electronRuntime>> | null }>}
 */
export async function setUpStart({ windows }) {
  checkNode();
  await meetNeeds([...qemuNeeds, ...(windows ? electronNeeds : [])]);
  await installDependencies();
  return { electron: windows ? await electronRuntime() : null };
}

/** For `npm test`: all of it, with a virtual display and a compiler. */
export async function setUpTests() {
  checkNode();
  await meetNeeds([...qemuNeeds, ...electronNeeds, ...testNeeds]);
  await meetFurtherNeeds(furtherTestNeeds);
  await installDependencies();
  await buildNodePty();
  return { electron: await electronRuntime() };
}

function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > oldestNode[0] || (major === oldestNode[0] && minor >= oldestNode[1])) return;
  throw new SetupProblem(`Vireo needs Node ${oldestNode.join('.')} or newer, this is ${process.version}`);
}
