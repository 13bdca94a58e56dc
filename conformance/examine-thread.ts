/**
 * Examines documents in a thread of their own, one after the other: a document that makes the driver loop or eat memory
 * is found out, told, and the next one gets a new thread.
 */
import { existsSync } from 'node:fs';
import { parentPort, Worker, workerData } from 'node:worker_threads';
import { examineDocument, type ExaminedDocument, type ExamineOptions } from './examine-document.ts';

export interface ExaminedInTime {
  readonly found: ExaminedDocument;
  readonly milliseconds: number;
}

/** What stays the same for all documents. */
export type Surroundings = Pick<ExamineOptions, 'emulators' | 'firmware'>;

interface Order {
  readonly xml: string;
  readonly runFolder: string;
}

export const threadMark = 'vireo conformance thread';

/** Later than the limit that a file is judged by: a slow document is told from one that never ends. */
const hopelessMs = 15_000;
const heapMiB = 1024;

export class ExamineThread {
  readonly #surroundings: Surroundings;
  #worker: Worker | null = null;
  /** Whoever waits for the document in hand. */
  #answer: ((answer: ExaminedInTime | { readonly crash: string }) => void) | null = null;

  constructor(surroundings: Surroundings) {
    this.#surroundings = surroundings;
  }

  /** Never rejects: the end of the thread is a finding too. */
  async examine(order: Order): Promise<ExaminedInTime> {
    this.#worker ??= this.#start();
    const begunMs = performance.now();
    const answer = new Promise<ExaminedInTime | { readonly crash: string }>((resolve) => (this.#answer = resolve));
    const timer = setTimeout(() => this.#answer?.({ crash: `did not come back within ${hopelessMs / 1000} s` }), hopelessMs);
    this.#worker.postMessage(order);
    const given = await answer;
    clearTimeout(timer);
    if ('found' in given) return given;
    await this.close();
    return { found: { ...nothing, crash: given.crash }, milliseconds: performance.now() - begunMs };
  }

  #start(): Worker {
    const worker = new Worker(new URL(import.meta.url), {
      workerData: { mark: threadMark, surroundings: this.#surroundings },
      resourceLimits: { maxOldGenerationSizeMb: heapMiB },
    });
    worker.on('message', (answer: ExaminedInTime) => this.#answer?.(answer));
    worker.on('error', (error) => this.#answer?.({ crash: error instanceof Error ? error.message : String(error) }));
    worker.on('exit', (code) => this.#answer?.({ crash: `ended its thread with code ${code}` }));
    return worker;
  }

  async close(): Promise<void> {
    const worker = this.#worker;
    this.#worker = null;
    this.#answer = null;
    await worker?.terminate();
  }
}

const nothing: ExaminedDocument = { skipped: null, formatted: null, roundTrip: false, stable: false, rendered: false, emulator: null, trial: null, refused: null, crash: null, unknown: [] };

/** True in a thread that an ExamineThread has started. */
export function isExamineThread(): boolean {
  return (workerData as { readonly mark?: string } | null)?.mark === threadMark;
}

/** What such a thread does for as long as it lives. */
export function serveExaminations(): void {
  const { surroundings } = workerData as { readonly surroundings: Surroundings };
  parentPort?.on('message', ({ xml, runFolder }: Order) => {
    const begunMs = performance.now();
    const found = examineDocument(xml, { ...surroundings, runFolder, exists: existsSync });
    parentPort?.postMessage({ found, milliseconds: performance.now() - begunMs } satisfies ExaminedInTime);
  });
}
