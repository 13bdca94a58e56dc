/** Every command of `vireo`, in one table. */
import type { Command } from './command.ts';
import { command } from './command.ts';
import { CommandError } from './command-error.ts';
import { getUserSshkeys, setUserPassword, setUserSshkeys } from './commands/agent-accounts.ts';
import { domifaddr } from './commands/agent-addresses.ts';
import { guestAgentTimeout, qemuAgentCommand } from './commands/agent-channel.ts';
import { guestExec } from './commands/agent-exec.ts';
import { domhostname, domtime, guestinfo, guestvcpus } from './commands/agent-facts.ts';
import { domfsfreeze, domfsinfo, domfsthaw, domfstrim } from './commands/agent-filesystems.ts';
import { dompmsuspend, dompmwakeup } from './commands/agent-sleep.ts';
import { autostart } from './commands/autostart.ts';
import { capabilities, domcapabilities } from './commands/capabilities.ts';
import { cloudInitSeedCommand } from './commands/cloud-init.ts';
import { console } from './commands/console.ts';
import { consoleLog, consoleSearch, consoleTrigger } from './commands/console-history.ts';
import { consoles } from './commands/consoles.ts';
import { create, define, dumpxml, sample } from './commands/definition.ts';
import { importCommand } from './commands/import.ts';
import { domxmlFromNative, domxmlToNative } from './commands/native.ts';
import { ttyconsole, vncdisplay } from './commands/device-path.ts';
import { display, domdisplay, domdisplayReload } from './commands/display.ts';
import { domblkerror, dump } from './commands/dump.ts';
import { event } from './commands/event.ts';
import { host, hostname } from './commands/host.ts';
import { domid, domname, domuuid } from './commands/identify.ts';
import { dominfo, domstate } from './commands/inspect.ts';
import { domcontrol, domjobabort, domjobinfo } from './commands/jobs.ts';
import { injectNmi, sendKey } from './commands/keys.ts';
import { list } from './commands/list.ts';
import { migrate } from './commands/migrate.ts';
import { migrateCompcache, migrateGetmaxdowntime, migrateGetspeed, migratePostcopy, migrateSetmaxdowntime, migrateSetspeed } from './commands/migrate-settings.ts';
import { qemuMonitorCommand } from './commands/monitor-command.ts';
import { destroy, reboot, reset, resume, shutdown, start, suspend, undefine } from './commands/run-state.ts';
import { secretDefine, secretDumpxml, secretGetValue, secretList, secretSetValue, secretUndefine } from './commands/secret.ts';
import { managedsave, managedsaveRemove, restore, save } from './commands/save.ts';
import { managedsaveDefine, managedsaveDumpxml, managedsaveEdit, saveImageDefine, saveImageDumpxml, saveImageEdit } from './commands/save-image.ts';
import { screenshot } from './commands/screenshot.ts';
import { domstats } from './commands/statistics.ts';
import { domblkinfo, domblklist, domblkstat } from './commands/statistics-block.ts';
import { cpuStats, iothreadinfo, vcpucount, vcpuinfo } from './commands/statistics-cpu.ts';
import { domifGetlink, domiflist, domifstat } from './commands/statistics-interface.ts';
import { domdirtyrateCalc, dommemstat } from './commands/statistics-memory.ts';
import { timeline } from './commands/timeline.ts';
import { blkiotune, emulatorpin, iothreadpin, memtune, numatune, schedinfo, vcpupin } from './commands/tuning.ts';
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
  blkiotune,
  capabilities,
  cloudInitSeedCommand,
  console,
  consoleLog,
  consoleSearch,
  consoleTrigger,
  consoles,
  cpuStats,
  create,
  define,
  destroy,
  display,
  domblkerror,
  domblkinfo,
  domblklist,
  domblkstat,
  domcapabilities,
  domcontrol,
  domfsfreeze,
  domfsinfo,
  domfsthaw,
  domfstrim,
  domhostname,
  domdirtyrateCalc,
  domdisplay,
  domdisplayReload,
  domid,
  domifaddr,
  domifGetlink,
  domiflist,
  domifstat,
  dominfo,
  domjobabort,
  domjobinfo,
  dommemstat,
  domname,
  dompmsuspend,
  dompmwakeup,
  domstate,
  domtime,
  domstats,
  domuuid,
  domxmlFromNative,
  domxmlToNative,
  dump,
  dumpxml,
  emulatorpin,
  event,
  getUserSshkeys,
  guestAgentTimeout,
  guestExec,
  guestinfo,
  guestvcpus,
  help,
  host,
  hostname,
  importCommand,
  injectNmi,
  iothreadinfo,
  iothreadpin,
  list,
  managedsave,
  managedsaveDefine,
  managedsaveDumpxml,
  managedsaveEdit,
  managedsaveRemove,
  memtune,
  migrate,
  migrateCompcache,
  migrateGetmaxdowntime,
  migrateGetspeed,
  migratePostcopy,
  migrateSetmaxdowntime,
  migrateSetspeed,
  numatune,
  qemuAgentCommand,
  qemuMonitorCommand,
  reboot,
  reset,
  restore,
  resume,
  sample,
  save,
  saveImageDefine,
  saveImageDumpxml,
  saveImageEdit,
  schedinfo,
  screenshot,
  secretDefine,
  secretDumpxml,
  secretGetValue,
  secretList,
  secretSetValue,
  secretUndefine,
  sendKey,
  setUserPassword,
  setUserSshkeys,
  shutdown,
  start,
  suspend,
  timeline,
  ttyconsole,
  undefine,
  version,
  vcpucount,
  vcpuinfo,
  vcpupin,
  vncdisplay,
];
