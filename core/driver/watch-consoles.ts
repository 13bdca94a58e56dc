/** What follows each console of a run beside its sessions: the times of its bytes, its triggers. */
import type { ConsoleStream } from '../console/console-stream.ts';
import type { ConsoleDevice } from '../console/console-types.ts';
import type { TriggerFired } from '../console/history/console-triggers.ts';
import { timesFileOf } from '../console/history/times-file.ts';
import { TimesKeeper } from '../console/history/times-keeper.ts';
import type { DriverContext } from './driver-context.ts';

type WatchContext = Pick<DriverContext, 'clock' | 'log' | 'logFolder' | 'hub' | 'registry' | 'timelines' | 'consoleTriggers'>;

/** Called when a console is connected; ends with it. */
export function watchConsole(context: WatchContext, uuid: string, device: ConsoleDevice, stream: ConsoleStream): AsyncDisposable {
  const triggers = context.consoleTriggers.watch(uuid, device, stream);
  const keeper = stream.follower && keepTimes(context, uuid, device, stream);
  return {
    async [Symbol.asyncDispose]() {
      await Promise.all([triggers[Symbol.asyncDispose](), keeper?.[Symbol.asyncDispose]()]);
    },
  };
}

function keepTimes({ clock, log, logFolder, hub }: WatchContext, uuid: string, { alias, kind, label, logFile, runStart }: ConsoleDevice, stream: ConsoleStream): AsyncDisposable | null {
  const { follower } = stream;
  if (!follower || logFile === null) return null;
  const begins = runStart === null ? 'run' : 'attached';
  // What was there before the console was connected came before now; offsets are the log's own at that moment.
  const keeper = new TimesKeeper({ file: timesFileOf(logFolder(uuid), alias), header: { alias, kind, label, log: logFile }, consoleLog: follower.log, clock, log, begins, at: stream.end });
  const grown = stream.grown.on(() => keeper.came());
  const reboots = hub.events.on(({ type, domain }) => {
    if (type === 'reboot' && domain.uuid === uuid) keeper.reset();
  });
  return {
    async [Symbol.asyncDispose]() {
      grown[Symbol.dispose]();
      reboots[Symbol.dispose]();
      await keeper[Symbol.asyncDispose]();
    },
  };
}

/** Tells of triggers through the domain's events, from which timelines, clients and the desktop have them. */
export function tellOfTriggers({ consoleTriggers, hub, registry }: WatchContext): void {
  consoleTriggers.fired.on(({ uuid, trigger, alias, label, line, more }: TriggerFired) => {
    const domain = registry.byUuid(uuid);
    if (!domain || domain.removed) return;
    hub.happened(domain, 'console-trigger', `${label}: ${line.text}`, { trigger: trigger.id, pattern: trigger.pattern, device: alias, label, line: line.text, offset: line.offset, more, ...(trigger.words === null ? {} : { words: trigger.words }) });
  });
  hub.events.on(({ summary, domain }) => {
    if (summary === null) consoleTriggers.forget(domain.uuid);
  });
}
