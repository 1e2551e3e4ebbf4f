import { ServerResponse } from 'node:http';

import type { ApiDocument } from './api-document.js';
import { judgeBy, type Judge } from './judge-answer.js';
import { SeenAnswers, type SeenAnswersFile } from './seen-answers.js';

/*
 * Whatever a program under test answers is checked here against the OpenAPI document that it serves, before the client can
 * see it. Only ports that were named are looked at: simulators and other servers of a test answer as they like.
 */

/** Of a long file the first lines are checked; the rest is made in the same way. */
const maxCheckedLines = 1_000;

const watchedPorts = new Set<number>();
const violations: string[] = [];
const seen = new SeenAnswers();
let judge: Judge | undefined;

/** From now on answers of the program at this URL are checked, by the document that it serves. Gives back what ends that. */
export async function watchAnswers(url: string): Promise<() => void> {
  judge ??= judgeBy(await readDocument(url));
  const port = Number(new URL(url).port);
  watchedPorts.add(port);
  return () => void watchedPorts.delete(port);
}

/** What was wrong since the last call, in words that name operation and status. */
export function takeViolations(): readonly string[] {
  return violations.splice(0);
}

/** What this process has seen so far. */
export function seenAnswers(): SeenAnswersFile {
  return seen.toJSON();
}

async function readDocument(url: string): Promise<ApiDocument> {
  const answer = await fetch(`${url}/openapi.json`);
  return (await answer.json()) as ApiDocument;
}

interface Draft {
  readonly method: string;
  readonly path: string;
  /** What is checked when: a whole body at its end, the parts of a stream or a file of lines as they come. */
  readonly parts: 'whole' | 'events' | 'lines' | 'nothing';
  text: string;
  lines: number;
}

const drafts = new WeakMap<ServerResponse, Draft>();

/** Puts the tap on every answer of this process. */
export function installAnswerTap(): void {
  // eslint-disable-next-line @typescript-eslint/unbound-method -- both are called on the response that they were taken from
  const { write, end } = ServerResponse.prototype;
  ServerResponse.prototype.write = function (this: ServerResponse, ...given: unknown[]) {
    keep(this, given);
    return Reflect.apply(write, this, given) as boolean;
  };
  ServerResponse.prototype.end = function (this: ServerResponse, ...given: unknown[]) {
    if (!this.writableEnded) finish(this, given);
    return Reflect.apply(end, this, given) as ServerResponse;
  };
}

function keep(response: ServerResponse, [chunk, encoding]: readonly unknown[]): void {
  const draft = draftOf(response);
  if (draft === undefined || draft.parts === 'nothing') return;
  // As the client gets it: the bytes of the encoding that was asked for, read as UTF-8.
  if (typeof chunk === 'string') draft.text += String(Buffer.from(chunk, toEncoding(encoding)));
  else if (chunk instanceof Uint8Array) draft.text += String(Buffer.from(chunk));
  if (draft.parts !== 'whole') judgeParts(draft, draft.parts === 'events' ? '\n\n' : '\n');
}

function toEncoding(given: unknown): BufferEncoding {
  return typeof given === 'string' && Buffer.isEncoding(given) ? given : 'utf8';
}

function finish(response: ServerResponse, given: readonly unknown[]): void {
  keep(response, given);
  const draft = drafts.get(response);
  if (draft === undefined || judge === undefined) return;
  drafts.delete(response);
  const { method, path, text, parts } = draft;
  const { statusCode: status } = response;
  const { operationId, code, complaints } = judge.judge({
    ...{ method, path, status },
    body: parts === 'whole' ? text : '',
    headers: headersOf(response),
  });
  seen.add(operationId, status, code);
  for (const complaint of complaints)
    report(`${operationId ?? 'no operation'} (${method} ${path}) ${status}`, complaint);
}

/** Takes whole events or lines out of what was written so far. */
function judgeParts(draft: Draft, separator: string): void {
  const parts = draft.text.split(separator);
  draft.text = parts.pop() ?? '';
  for (const part of parts) {
    draft.lines += 1;
    if (draft.lines > maxCheckedLines && draft.parts === 'lines') break;
    const { method, path } = draft;
    const complaints =
      draft.parts === 'events' ? judge?.judgeEvent(method, path, part) : judge?.judgeLine(method, path, part);
    for (const complaint of complaints ?? []) report(`${method} ${path} 200`, complaint);
  }
}

function report(what: string, complaint: string): void {
  const text = `${what}: ${complaint}`;
  if (violations.length < 20 && !violations.includes(text)) violations.push(text);
}

function draftOf(response: ServerResponse): Draft | undefined {
  const known = drafts.get(response);
  if (known !== undefined) return known;
  const { req: request } = response;
  const { localPort } = request.socket;
  if (localPort === undefined || !watchedPorts.has(localPort)) return undefined;
  const target: unknown = 'originalUrl' in request ? request.originalUrl : request.url;
  const draft: Draft = {
    method: request.method ?? '',
    path: pathOf(typeof target === 'string' ? target : ''),
    parts: partsOf(String(response.getHeader('content-type') ?? 'json')),
    text: '',
    lines: 0,
  };
  drafts.set(response, draft);
  return draft;
}

function partsOf(contentType: string): Draft['parts'] {
  if (contentType.startsWith('text/event-stream')) return 'events';
  if (contentType.includes('ndjson')) return 'lines';
  return contentType.includes('json') ? 'whole' : 'nothing';
}

/** A target may be a whole URL (RFC 9112 section 3.2.2). */
function pathOf(target: string): string {
  return target.replace(/^https?:\/\/[^/]+/iu, '').split('?')[0] ?? '';
}

function headersOf(response: ServerResponse): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(response.getHeaders()).map(([name, value]) => [name, String(value)]));
}
