/**
 * Leads a migration through its five phases, for the source host itself (peer to peer) and for a client between two hosts:
 * one table of what follows from which failure (docs/MIGRATION.md has it for people). The rule behind it: the guest runs on
 * the source again only where the destination cannot run it, so that it never runs twice, and where nobody can say, it
 * stands still on the source and people are told.
 */
import type { Clock } from '../base/clock.ts';
import { VireoError, asVireoError } from '../base/errors.ts';
import { abortable } from '../base/lifetime.ts';
import type { Log } from '../base/log.ts';
import { askForArrival } from './ask-for-arrival.ts';
import type { MigrationOptions } from './migration-options.ts';
import type { FinishRequest, MigrationTarget, MigrationTunnel, OpenTarget, PrepareRequest, Prepared } from './migration-target.ts';
import type { Begun } from './source/what-goes.ts';
import type { ConfirmRequest } from './source/confirm.ts';
import type { PerformRequest } from './source/perform.ts';

/** Images are made there, and a QEMU is started. */
const prepareTimeoutMs = 300_000;
/** The guest is there in whole before Finish is called: what remains takes a moment. */
const finishTimeoutMs = 120_000;
/** After post-copy has begun, the memory is still on its way; a link that dies is noticed by itself. */
const postcopyFinishTimeoutMs = 24 * 3_600_000;
const cancelTimeoutMs = 60_000;

/** The source's phases, called in this process or through a connection. */
export interface MigrationSource {
  readonly uuid: string;
  readonly name: string;
  begin(options: MigrationOptions): Promise<Begun>;
  /** Asked after Begin and after Perform: a guest that stands still by its user, not for the migration, stays so on the destination. */
  isPaused(): Promise<boolean>;
  /** When it throws, the source has ended the migration on its side; no Confirm follows. */
  perform(request: PerformRequest): Promise<string>;
  confirm(request: ConfirmRequest): Promise<void>;
  /** Aborts when somebody asks for the migration's end. */
  readonly abortRequested: AbortSignal;
  /** Aborts when whoever leads must let go: what stands on disk is for the next driver. */
  readonly closing: AbortSignal;
}

export interface LeadRequest {
  readonly source: MigrationSource;
  readonly target: MigrationTarget;
  readonly uri: string;
  readonly openTarget: OpenTarget;
  readonly options: MigrationOptions;
  readonly clock: Clock;
  readonly log: Log;
}

/** Resolves when the guest is there. @throws why it is not, or why nobody can say. */
export async function leadMigration(request: LeadRequest): Promise<void> {
  const { source, target } = request;
  const asked = { ...request.options, changeProtection: true };
  const begun = await source.begin(asked);
  // Looked at under the job: nobody but the guest's user changes it from here on.
  const paused = asked.paused || (!asked.postcopyResume && !asked.offline && (await source.isPaused()));
  const options: MigrationOptions = { ...asked, paused, listenAddress: asked.listenAddress ?? loopbackFor(asked, target) };
  const { uuid, name } = source;
  const prepared = await prepare(request, { uuid, name, xml: begun.xml, cookie: begun.cookie, options });
  const cookie = options.offline ? '' : await perform(request, prepared, options);
  // Its user may have stopped it on the way: then it stands still there, too.
  const arriving = { ...options, paused: paused || (!options.offline && !options.postcopyResume && (await source.isPaused())) };
  const finished = await askToFinish(request, { uuid, name, cookie, options: arriving, cancelled: false });
  if (finished.outcome === 'there') {
    await confirm(request, { cookie: finished.cookie, options, cancelled: false });
    if (finished.ended) throw finished.ended;
    return;
  }
  const { error } = finished;
  if (finished.outcome === 'not there') {
    await confirm(request, { cookie: '', options, cancelled: true, failure: error });
    throw error;
  }
  // The answer was lost, not the order: what was begun there goes on, or has been done. Nothing may be sent again.
  await target[Symbol.asyncDispose]();
  const arrival = await askForArrival({ ...request, closing: source.closing }, { uri: request.uri, uuid, sinceMs: target.connectedAtMs, offline: options.offline });
  if (arrival === 'here' || arrival === 'was here') return confirm(request, { cookie: '', options, cancelled: false });
  if (arrival === 'not here') {
    const failure = new VireoError('OPERATION_FAILED', `${withoutOpening(error)}; the guest did not arrive there`, { cause: error });
    await confirm(request, { cookie: '', options, cancelled: true, failure });
    throw failure;
  }
  const unknown = dontKnow(name, target.label, error, options.offline);
  await confirm(request, { cookie: '', options, cancelled: true, unknown });
  throw unknown;
}

/** Where both hosts are one computer nobody else has to reach the port. */
function loopbackFor({ uri, tunnelled, offline }: MigrationOptions, { address }: MigrationTarget): string | null {
  return address === '127.0.0.1' && uri === null && !tunnelled && !offline ? address : null;
}

async function prepare(request: LeadRequest, asked: PrepareRequest): Promise<Prepared & { readonly tunnel?: MigrationTunnel }> {
  const { source, target, clock } = request;
  const { options } = asked;
  const late = bounded(clock, prepareTimeoutMs, () => `${target.label} did not prepare for the guest within ${prepareTimeoutMs / 1000} s`);
  const signal = AbortSignal.any([late.signal, source.abortRequested, target.closed, source.closing]);
  try {
    signal.throwIfAborted();
    return await abortable<Prepared & { readonly tunnel?: MigrationTunnel }>(options.tunnelled && !options.offline ? target.prepareTunnel(asked, signal) : target.prepare(asked, signal), signal);
  } catch (thrown) {
    source.closing.throwIfAborted();
    // What it may have prepared nevertheless goes with the connection, which ends with this migration.
    const failure = asVireoError(thrown);
    await confirm(request, { cookie: '', options, cancelled: true, failure });
    throw failure;
  } finally {
    late.done();
  }
}

async function perform(request: LeadRequest, prepared: Prepared & { readonly tunnel?: MigrationTunnel }, options: MigrationOptions): Promise<string> {
  const { source, target } = request;
  const { cookie, tunnel } = prepared;
  const uri = withHost(prepared.uri, target.address ?? target.hostName);
  try {
    return await source.perform({ cookie, uri, options, connection: target.closed, ...(tunnel ? { tunnel } : {}) });
  } catch (thrown) {
    tunnel?.abort();
    const error = asVireoError(thrown);
    source.closing.throwIfAborted(); // the next driver goes on from what is on disk
    const there = await cancelThere(request, { uuid: source.uuid, name: source.name, cookie: '', options, cancelled: true });
    if (!there || error.code !== 'OPERATION_FAILED') throw error;
    throw new VireoError('OPERATION_FAILED', `migration failed. Message from the source host: ${error.message}. Message from the destination host: ${there.message}`, { cause: error, details: error.details });
  }
}

/** Tells the destination that nothing more comes; @returns what it had to say beside, which may be the cause of it all. */
async function cancelThere({ target, clock }: LeadRequest, request: FinishRequest): Promise<VireoError | null> {
  if (target.closed.aborted) return null;
  const late = bounded(clock, cancelTimeoutMs, () => 'no answer');
  const signal = AbortSignal.any([late.signal, target.closed]);
  try {
    await abortable(target.finish(request, signal), signal);
    return null;
  } catch (thrown) {
    return signal.aborted ? null : asVireoError(thrown);
  } finally {
    late.done();
  }
}

/** `ended`: it has run there, and does not any more. */
type Finishing = { readonly outcome: 'there'; readonly cookie: string; readonly ended?: VireoError } | { readonly outcome: 'not there' | 'nobody knows'; readonly error: VireoError };

async function askToFinish({ target, clock }: LeadRequest, request: FinishRequest): Promise<Finishing> {
  const isPostCopy = request.options.postcopy || request.options.postcopyResume;
  const timeoutMs = isPostCopy ? postcopyFinishTimeoutMs : finishTimeoutMs;
  const late = bounded(clock, timeoutMs, () => `${target.label} did not say within ${timeoutMs / 1000} s whether the guest runs there`);
  const signal = AbortSignal.any([late.signal, target.closed]);
  try {
    const { cookie } = await abortable(target.finish(request, signal), signal);
    return { outcome: 'there', cookie };
  } catch (thrown) {
    if (signal.aborted) return { outcome: 'nobody knows', error: asVireoError(signal.reason) };
    const error = asVireoError(thrown);
    // An answer that cannot be read is no answer.
    return error.code === 'RPC' ? { outcome: 'nobody knows', error } : await checked(target, request, error);
  } finally {
    late.done();
  }
}

/** A Finish that failed after the guest had begun to run there is no reason to run it here: a refusal is looked at, too. */
async function checked(target: MigrationTarget, { uuid, options }: FinishRequest, error: VireoError): Promise<Finishing> {
  if (options.offline) return { outcome: 'not there', error }; // a definition of that name may have been there before
  try {
    const arrival = await target.arrival({ uuid, sinceMs: target.connectedAtMs, offline: options.offline }, target.closed);
    // What is on its way still is a post-copy that broke: neither side can run it, and the source knows that.
    if (arrival === 'was here') return { outcome: 'there', cookie: '', ended: new VireoError('OPERATION_FAILED', `the guest was handed over to ${target.label} and ended there: ${withoutOpening(error)}`, { cause: error }) };
    return arrival === 'here' ? { outcome: 'there', cookie: '' } : { outcome: 'not there', error };
  } catch {
    return { outcome: 'nobody knows', error };
  }
}

/** The decision is taken: whatever goes wrong here from now on does not change it. */
async function confirm({ source, log }: LeadRequest, request: ConfirmRequest): Promise<void> {
  try {
    await source.confirm(request);
  } catch (thrown) {
    log.write('warning', 'a migration could not be concluded on its source; the guest may be left paused there', { domain: source.name, error: asVireoError(thrown).message });
  }
}

function dontKnow(name: string, label: string, cause: VireoError, offline: boolean): VireoError {
  const lost = `the connection to ${label} was lost after it was told to take over domain '${name}', and nobody can say whether it did (${cause.message})`;
  const todo = offline
    ? "The definition is kept here; undefine it once it is there"
    : `The guest is left paused here, so that it cannot run twice: look there, then either destroy it here ('destroy ${name}') if it runs there, or let it go on here ('resume ${name}') if it does not and will not`;
  return new VireoError('OPERATION_FAILED', `${lost}. ${todo}`, { cause, details: { destination: label, unknown: true } });
}

function withoutOpening({ message }: VireoError): string {
  return message.replace(/^(operation failed|Timed out during operation): /, '');
}

/** A destination that does not know its own name leaves it out: `tcp::49152`. */
function withHost(uri: string, address: string): string {
  const host = address.includes(':') && !address.startsWith('[') ? `[${address}]` : address;
  return uri.replace(/^tcp:(\/\/)?(?=:\d)/, (start) => `${start}${host}`);
}

export function bounded(clock: Clock, ms: number, words: () => string): { readonly signal: AbortSignal; done(): void } {
  const late = new AbortController();
  const over = new AbortController();
  void clock.sleep(ms, over.signal).then(() => {
    if (!over.signal.aborted) late.abort(new VireoError('OPERATION_TIMEOUT', words()));
  });
  return { signal: late.signal, done: () => over.abort() };
}
