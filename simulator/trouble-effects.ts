import type { ServerResponse } from 'node:http';
import { setImmediate as nextTurn } from 'node:timers/promises';

import { type Answer, ok } from './answer.js';
import type { LedgerRecord } from './ledger.js';
import { type Rendered, render, send, sendStream, withLength, writePiece } from './sending.js';
import type { Trouble } from './trouble.js';

/** Everything that a trouble needs to spoil an exchange. */
export interface Scene {
  readonly response: ServerResponse;
  readonly record: LedgerRecord;
  /** The whole path and query of the request. */
  readonly url: string;
  /** Lets the vehicle do what was asked and gives its answer. */
  readonly act: () => Answer;
}

const fillerBytes = 65_536;
const filler = 'x'.repeat(fillerBytes);
const cloudMetadata = 'http://169.254.169.254/latest/meta-data/';
const otherHost = 'http://elsewhere.invalid';

/** Makes the trouble happen. With `effect: 'after'` the vehicle has done what was asked by then. */
export async function strike(trouble: Trouble, scene: Scene): Promise<void> {
  switch (trouble.kind) {
    case 'latency':
      return; // The delay is over by now.
    case 'hang':
      if (trouble.effect === 'after') scene.act();
      scene.record.end('hung');
      return;
    case 'offline':
      dropNow(scene);
      return;
    case 'drop':
      if (trouble.at === 'mid-body') return dropMidBody(scene, answerUnless(trouble, scene), trouble.afterBytes);
      if (trouble.effect === 'after') scene.act();
      dropNow(scene);
      return;
    case 'status':
    case 'retry-after':
    case 'redirect':
      if (trouble.effect === 'after') scene.act();
      sendRecorded(scene, instead(trouble, scene.url));
      return;
    case 'oversize':
      return sendOversize(scene, trouble.bytes, answerUnless(trouble, scene).status);
    case 'endless':
      return sendEndless(scene, answerUnless(trouble, scene).status);
    case 'garbage':
    case 'nul':
    case 'wrong-location':
      sendRecorded(scene, spoil(trouble, answerUnless(trouble, scene)));
      return;
  }
}

/** These spoil the vehicle's own answer, so the vehicle acts unless it is told not to. */
function answerUnless(trouble: Trouble, scene: Scene): Answer {
  return trouble.effect === 'before' ? ok({}) : scene.act();
}

function instead(trouble: Extract<Trouble, { kind: 'status' | 'retry-after' | 'redirect' }>, url: string): Rendered {
  const { status } = trouble;
  if (trouble.kind === 'redirect') {
    return { status, headers: { Location: new URL(url, trouble.to).href }, body: '' };
  }
  if (trouble.kind === 'retry-after') {
    return { ...sovdFailure(status), headers: { ...jsonType, 'Retry-After': trouble.seconds.toString() } };
  }
  if (trouble.body === 'empty') return { status, headers: {}, body: '' };
  if (trouble.body === 'sovd') return sovdFailure(status);
  const body = `<html><head><title>${status}</title></head><body><h1>${status}</h1></body></html>`;
  return { status, headers: { 'Content-Type': 'text/html' }, body };
}

const jsonType = { 'Content-Type': 'application/json' };

function sovdFailure(status: number): Rendered {
  const code = status === 504 ? 'not-responding' : 'sovd-server-failure';
  const error = { error_code: code, message: 'The simulator was asked to fail this request.' };
  return { status, headers: jsonType, body: JSON.stringify(error) };
}

function spoil(trouble: Extract<Trouble, { kind: 'garbage' | 'nul' | 'wrong-location' }>, answer: Answer): Rendered {
  const rendered = render(answer);
  if (trouble.kind === 'wrong-location') {
    const path = answer.headers?.['Location'] ?? '/';
    const location = trouble.to === 'cloud-metadata' ? cloudMetadata : new URL(path, otherHost).href;
    return { ...rendered, headers: { ...rendered.headers, Location: location } };
  }
  // A 204 has no body to spoil.
  const status = rendered.status === 204 ? 200 : rendered.status;
  if (trouble.kind === 'nul') {
    const body = JSON.stringify({ ...(answer.body as object | undefined), 'x-note': 'before\u0000after' });
    return { status, headers: { ...rendered.headers, ...jsonType }, body };
  }
  switch (trouble.as) {
    case 'invalid-json':
      return { status, headers: { ...rendered.headers, ...jsonType }, body: '{"items": [{"code": P0301,, ]' };
    case 'wrong-content-type':
      return { ...rendered, status, headers: { ...rendered.headers, 'Content-Type': 'text/html' } };
    case 'truncated': {
      const half = rendered.body.slice(0, Math.ceil(rendered.body.length / 2));
      return { ...rendered, status, headers: { ...rendered.headers, ...jsonType }, body: half === '' ? '{' : half };
    }
  }
}

function sendRecorded(scene: Scene, rendered: Rendered): void {
  scene.record.status(rendered.status);
  send(scene.response, rendered);
  scene.record.end('answered');
}

function dropNow(scene: Scene): void {
  scene.record.end('dropped');
  scene.response.destroy();
}

/** Headers promise the whole body; half of it comes, then the connection ends. */
async function dropMidBody(scene: Scene, answer: Answer, afterBytes: number | undefined): Promise<void> {
  if (answer.frames !== undefined) {
    scene.record.status(answer.status);
    const end = await sendStream(scene.response, answer, answer.frames, afterBytes ?? 1);
    scene.record.end(end === 'limit' ? 'dropped' : end === 'ended' ? 'answered' : end);
    // A comment of its own (SSE, `:`) whose end says that the events before it are on their way.
    if (!scene.response.writableEnded) scene.response.write(':\n\n', () => scene.response.destroy());
    return;
  }
  const rendered = render(answer);
  const whole = Buffer.from(rendered.body === '' ? '{}' : rendered.body);
  const status = rendered.status === 204 ? 200 : rendered.status;
  scene.record.status(status);
  scene.response.writeHead(status, withLength({ ...rendered, status, body: whole.toString() }));
  const part = whole.subarray(0, Math.min(afterBytes ?? Math.ceil(whole.length / 2), whole.length - 1));
  scene.record.end('dropped');
  // Destroyed only when the part is on its way, or nothing would arrive at all.
  scene.response.write(part.length === 0 ? ' ' : part, () => scene.response.destroy());
}

/** A valid JSON object of exactly so many bytes. */
async function sendOversize(scene: Scene, bytes: number, status: number): Promise<void> {
  const [start, end] = ['{"data":"', '"}'];
  const bodyBytes = Math.max(bytes, start.length + end.length);
  scene.record.status(status === 204 ? 200 : status);
  scene.response.writeHead(status === 204 ? 200 : status, { ...jsonType, 'Content-Length': bodyBytes.toString() });
  scene.response.write(start);
  let left = bodyBytes - start.length - end.length;
  while (left > 0 && !scene.response.destroyed) {
    await writePiece(scene.response, left < fillerBytes ? filler.slice(0, left) : filler);
    left -= fillerBytes;
  }
  scene.record.end(scene.response.destroyed ? 'client-closed' : 'answered');
  scene.response.end(end);
}

/** A body without an end: it goes on until the client has had enough. */
async function sendEndless(scene: Scene, status: number): Promise<void> {
  scene.record.status(status === 204 ? 200 : status);
  scene.response.writeHead(status === 204 ? 200 : status, jsonType);
  scene.response.write('{"data":"');
  while (!scene.response.destroyed) {
    await writePiece(scene.response, filler);
    await nextTurn();
  }
  scene.record.end('client-closed');
}
