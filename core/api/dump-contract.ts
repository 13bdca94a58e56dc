/** The methods about a guest's memory in a file, and about its disks that failed. */
import { z } from 'zod';
import { diskErrorSchema } from '../domain/domain-summary.ts';
import { dumpFormats } from '../process/dump-format.ts';

const domain = z.string().min(1).max(1024);

export const dumpMethods = {
  /**
   * Writes the guest's memory into a file of the host; one that is there is replaced once the dump is complete. `live`
   * leaves it to QEMU to stop the CPUs meanwhile; `crash` ends the domain afterwards, `reset` resets it.
   */
  domainCoreDumpWithFormat: {
    access: 'write',
    params: z.object({
      domain,
      to: z.string().min(1).max(4096),
      format: z.enum(dumpFormats).default('elf'),
      live: z.boolean().default(false),
      afterwards: z.enum(['nothing', 'crash', 'reset']).default('nothing'),
    }),
    result: z.object({ file: z.string(), sizeBytes: z.number(), replaced: z.boolean() }),
  },
  /** Disks that failed since the CPUs run. */
  domainGetDiskErrors: { access: 'read', params: z.object({ domain }), result: z.object({ errors: z.array(diskErrorSchema) }) },
} as const;
