/** A picture of a guest's screen, in a file. */
import { type FileHandle, open, rm } from 'node:fs/promises';
import path from 'node:path';
import { isSystemError } from '../../core/base/errors.ts';
import { type Command, command, domainOption } from '../command.ts';
import { CommandError } from '../command-error.ts';
import { attempt, lookUp } from '../domain-call.ts';

const endings = { 'image/png': '.png', 'image/x-portable-pixmap': '.ppm' } as const;

export const screenshot: Command = command({
  name: 'screenshot',
  group: 'domain',
  summary: 'take a screenshot of a current domain console and store it into a file',
  description: 'screenshot of a current domain console',
  options: {
    domain: domainOption,
    file: { type: 'string', help: 'where to store the screenshot' },
    screen: { type: 'number', named: true, least: 0, help: 'ID of a screen to take screenshot of' },
  },
  async run({ client, output, interrupted, folder, clock }, values) {
    const host = await client();
    const { uuid, name } = await lookUp(host, values.domain, interrupted);
    const { image, mediaType, widthPixels, heightPixels } = await attempt(host, `could not take a screenshot of ${name}`, 'domainScreenshot', { domain: uuid, screen: values.screen ?? 0 }, interrupted);
    const shown = values.file ?? `${name.replaceAll('/', '_')}-${localTime(clock.wallTime())}${endings[mediaType]}`;
    const file = path.resolve(folder, shown);
    await write(file, Buffer.from(image, 'base64'), values.file !== null);
    output.done({ file, mediaType, widthPixels, heightPixels }, `Screenshot saved to ${shown}, with type of ${mediaType}`);
  },
});

/** A file that was named is replaced, as by virsh; one that nobody named takes no other's place. What is cut off does not stay. */
async function write(file: string, bytes: Buffer, mayReplace: boolean): Promise<void> {
  let handle: FileHandle;
  let isNew = true;
  try {
    handle = await open(file, 'wx').catch((error: unknown) => {
      if (!mayReplace || !isSystemError(error) || error.code !== 'EEXIST') throw error;
      isNew = false;
      return open(file, 'w');
    });
  } catch (cause) {
    throw new CommandError('SYSTEM_ERROR', `cannot create file ${file}: ${isSystemError(cause) ? cause.code : String(cause)}`, { cause });
  }
  try {
    await handle.writeFile(bytes);
  } catch (cause) {
    if (isNew) await rm(file, { force: true });
    throw new CommandError('SYSTEM_ERROR', `cannot write file ${file}: ${isSystemError(cause) ? cause.code : String(cause)}`, { cause });
  } finally {
    await handle.close();
  }
}

/** 2030-01-31-23:59:59, by the clock on the wall. */
function localTime(wallMs: number): string {
  const time = new Date(wallMs);
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}-${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`;
}
