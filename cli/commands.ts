/** Every command of `vireo`, in one table. */
import type { Command } from './command.ts';
import { command } from './command.ts';
import { CommandError } from './command-error.ts';
import { autostart } from './commands/autostart.ts';
import { capabilities, domcapabilities } from './commands/capabilities.ts';
import { cloudInitSeedCommand } from './commands/cloud-init.ts';
import { console } from './commands/console.ts';
import { create, define, dumpxml, sample } from './commands/definition.ts';
import { importCommand } from './commands/import.ts';
import { domxmlFromNative, domxmlToNative } from './commands/native.ts';
import { ttyconsole, vncdisplay } from './commands/device-path.ts';
import { event } from './commands/event.ts';
import { host } from './commands/host.ts';
import { domid, domname, domuuid } from './commands/identify.ts';
import { dominfo, domstate } from './commands/inspect.ts';
import { domcontrol, domjobabort, domjobinfo } from './commands/jobs.ts';
import { injectNmi, sendKey } from './commands/keys.ts';
import { list } from './commands/list.ts';
import { qemuMonitorCommand } from './commands/monitor-command.ts';
import { destroy, reboot, reset, resume, shutdown, start, suspend, undefine } from './commands/run-state.ts';
import { secretDefine, secretDumpxml, secretGetValue, secretList, secretSetValue, secretUndefine } from './commands/secret.ts';
import { version } from './commands/version.ts';
import { formatHelp } from './help.ts';

const help: Command = command({
  name: 'help',
  group: 'host',
  summary: 'print help',
  description: 'Prints global help, command specific help, or help for a group of related commands',
  options: { command: { type: 'string', help: 'Prints global help, command specific help, or help for a group of related commands' } },
  run({ output }, values) {
    const lines = formatHelp(commands, values.command);
    if (!lines) throw new CommandError('INVALID_ARG', `command or command group '${values.command}' doesn't exist`);
    output.result({ help: lines.join('\n') }, () => lines);
    return Promise.resolve();
  },
});

export const commands: readonly Command[] = [
  autostart,
  capabilities,
  cloudInitSeedCommand,
  console,
  create,
  define,
  destroy,
  domcapabilities,
  domcontrol,
  domid,
  dominfo,
  domjobabort,
  domjobinfo,
  domname,
  domstate,
  domuuid,
  domxmlFromNative,
  domxmlToNative,
  dumpxml,
  event,
  help,
  host,
  importCommand,
  injectNmi,
  list,
  qemuMonitorCommand,
  reboot,
  reset,
  resume,
  sample,
  secretDefine,
  secretDumpxml,
  secretGetValue,
  secretList,
  secretSetValue,
  secretUndefine,
  sendKey,
  shutdown,
  start,
  suspend,
  ttyconsole,
  undefine,
  version,
  vncdisplay,
];
