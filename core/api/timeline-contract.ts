/** The method and the event of a domain's timeline: pages, newest first, and a word when there is more. */
import { z } from 'zod';
import { timelineEntrySchema, timelineKinds } from '../timeline/timeline-entry.ts';

export const maximumTimelinePage = 1_000;

export const timelineMethods = {
  /** A domain that is gone is found by its UUID as long as its logs are there. */
  domainGetTimeline: {
    access: 'read',
    params: z.object({
      domain: z.string().min(1).max(1024),
      /** Only entries older than the one of this number. */
      before: z.number().int().positive().nullable().default(null),
      limit: z.number().int().min(1).max(maximumTimelinePage).default(200),
      /** Empty for all. */
      kinds: z.array(z.enum(timelineKinds)).default([]),
      /** Entries that have these letters in what is kept of them, whatever their case. */
      text: z.string().max(200).nullable().default(null),
      /** Wall-clock milliseconds. */
      sinceMs: z.number().nullable().default(null),
    }),
    result: z.object({
      uuid: z.string(),
      /** Where it is kept, as JSON lines. */
      path: z.string(),
      entries: z.array(timelineEntrySchema),
      /** The `before` of the next page; null when nothing is left. */
      next: z.number().int().nullable(),
    }),
  },
} as const;

/** Said at most ten times a second for a domain, and only when something was written. */
export const timelineEventSchema = z.object({ uuid: z.string(), newest: z.number().int() });
