/** What a run says of the disk leases it has (core/lock): kept with the run and in its state file. */
import { z } from 'zod';

/** `exclusive` for an image that is written, `shared` for one that is only read or that several guests may write. */
export const leaseModes = ['exclusive', 'shared'] as const;
export type LeaseMode = (typeof leaseModes)[number];

export const imageLeaseSchema = z.object({
  /** The image as the definition names it. */
  image: z.string(),
  /** The disk that it is of or lies below, `vda`; the first where there are several. */
  target: z.string(),
  mode: z.enum(leaseModes),
  /** The lease's file, and the record beside it that tells others who has it. */
  file: z.string(),
  record: z.string(),
});
export type ImageLease = z.infer<typeof imageLeaseSchema>;
