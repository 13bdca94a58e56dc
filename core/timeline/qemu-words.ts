/**
 * QEMU's own words in a domain's log, told from the driver's: the driver begins each of its lines with the time as
 * libvirt writes it, and its one long line, the command, goes on over lines that end in a backslash.
 */
import { visibleText } from '../agent/guest-text.ts';

const driversLine = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}\+0000: /;
const startLine = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}\+0000: starting up, QEMU /;

const maximumLineCharacters = 500;

export class WordsFilter {
  #inDriversLine = false;

  /** The line as QEMU wrote it, cut; null for one of the driver's and for an empty one. */
  accept(line: string): string | null {
    const isDrivers = driversLine.test(line) || this.#inDriversLine;
    if (isDrivers) {
      this.#inDriversLine = line.endsWith('\\');
      return null;
    }
    const words = line.trimEnd();
    return words === '' ? null : visibleText(words.replaceAll('\t', ' ').slice(0, maximumLineCharacters));
  }
}

/** QEMU's words of the last run in a log's last part. */
export function wordsOfLastRun(tail: string): readonly string[] {
  const lines = tail.split('\n');
  const filter = new WordsFilter();
  return lines.slice(Math.max(0, lines.findLastIndex((line) => startLine.test(line)))).flatMap((line) => filter.accept(line) ?? []);
}
