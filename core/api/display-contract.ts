/**
 * Displays in the contract: a stream that is one VNC viewer's connection. Which displays a domain has, who has their
 * input and who looks on stands in the domain's summary (`displays`).
 */
import { z } from 'zod';
import { domainSummarySchema } from '../domain/domain-summary.ts';
import { consoleClientMessage, consoleServerMessage } from './console-contract.ts';

const domain = z.string().min(1).max(1024);

export const displayStreams = {
  /**
   * Bytes are RFB 3.8 (RFC 6143) from its first byte, with the one security type None: the host has answered QEMU's own
   * question for a password, so that no viewer ever sees it. A viewer is always a shared one. Keys, pointer, cut text,
   * power and the guest's size reach the guest only from the session that has the input (`mode` is `write`); from others
   * they are dropped without a word. What is no message of a viewer ends the stream with INVALID_ARG.
   *
   * The messages are a console's (`request-write`, `ask`, `hand-over`, `release`; `mode`, `notice`, `requests`,
   * `refused`) with the same meaning; `gap` never comes. An `offset` of bytes counts from the stream's beginning.
   *
   * Refused with OPERATION_INVALID for a domain that is not running, INVALID_ARG for a display that it does not have,
   * OPERATION_UNSUPPORTED for one that nobody can look at from here, OPERATION_FAILED where somebody else has the input
   * (`mode` is `write` without `force`) and where QEMU refuses the password, OPERATION_TIMEOUT where it does not answer.
   */
  domainOpenGraphics: {
    params: z.object({
      domain,
      /** The `index` of the summary's `displays`. */
      display: z.number().int().min(0).max(255).default(0),
      /** `write-or-watch` takes the input when nobody else has it and watches otherwise. */
      mode: z.enum(['write', 'watch', 'write-or-watch']).default('write'),
      force: z.boolean().default(false),
    }),
    opened: z.object({
      domain: domainSummarySchema,
      index: z.number().int(),
      mode: z.enum(['write', 'watch']),
      sessionId: z.string(),
    }),
    fromServer: consoleServerMessage,
    fromClient: consoleClientMessage,
  },
} as const;
