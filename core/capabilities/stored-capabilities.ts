/**
 * Capabilities as a file's text. A running domain names its file, and the binary that gave it may be gone by then: a
 * field that is added later needs a default here, and the format's number rises only where an old file would mislead.
 */
import { z } from 'zod';
import type { QemuCapabilities } from './qemu-capabilities.ts';

const format = 1;

const machineType = z.object({
  name: z.string(),
  alias: z.string().nullable(),
  isDefault: z.boolean(),
  maximumCpus: z.number(),
  hotpluggableCpus: z.boolean(),
  deprecated: z.boolean(),
});

const names = z.array(z.string());

const stored = z.object({
  format: z.literal(format),
  key: z.string(),
  binary: z.string(),
  arch: z.string(),
  version: z.object({ major: z.number(), minor: z.number(), micro: z.number(), package: z.string() }),
  machines: z.array(machineType),
  deviceTypes: names,
  objectTypes: names,
  commands: names,
  events: names,
  cpuModels: names,
  commandLineOptions: z.record(z.string(), names),
  accelerators: z.array(z.enum(['kvm', 'hvf', 'whpx', 'tcg'])),
});

export function formatCapabilities(capabilities: QemuCapabilities): string {
  const { deviceTypes, objectTypes, commands, events, commandLineOptions, ...rest } = capabilities;
  const options = Object.fromEntries([...commandLineOptions].map(([option, parameters]) => [option, [...parameters]]));
  return JSON.stringify({
    format,
    ...rest,
    deviceTypes: [...deviceTypes],
    objectTypes: [...objectTypes],
    commands: [...commands],
    events: [...events],
    commandLineOptions: options,
  });
}

/** Null where the text is not what `formatCapabilities` gives for this key. */
export function parseCapabilities(text: string, key: string): QemuCapabilities | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  const parsed = stored.safeParse(value);
  if (!parsed.success || parsed.data.key !== key) return null;
  const { format: _, ...data } = parsed.data;
  return {
    ...data,
    deviceTypes: new Set(data.deviceTypes),
    objectTypes: new Set(data.objectTypes),
    commands: new Set(data.commands),
    events: new Set(data.events),
    commandLineOptions: new Map(Object.entries(data.commandLineOptions).map(([option, list]) => [option, new Set(list)])),
  };
}
