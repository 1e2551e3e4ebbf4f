import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { access, constants, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';

/** A page in a headless browser. */
export interface BrowserPage {
  /** Opens a URL, and waits until it is loaded. */
  readonly open: (url: string) => Promise<void>;
  /** What an expression gives in the page; a promise is waited for. Throws what it throws. */
  readonly evaluate: (expression: string) => Promise<unknown>;
  /** Waits until an expression gives something that is neither false nor empty, and gives that. */
  readonly waitFor: (expression: string) => Promise<unknown>;
  /** Everything that the console has shown as an error or a warning: of scripts, of the network, of the security policy. */
  readonly complaints: readonly string[];
  readonly saveScreenshot: (file: string) => Promise<void>;
  readonly close: () => Promise<void>;
}

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
const pollMs = 50;
const patienceMs = 20_000;

/** A Chromium on the path, or the one that CHROMIUM names; nothing where there is none. */
export async function findBrowser(): Promise<string | undefined> {
  const directories = (process.env['PATH'] ?? '').split(path.delimiter);
  const candidates = names.flatMap((name) => directories.map((directory) => path.join(directory, name)));
  for (const file of [process.env['CHROMIUM'] ?? '', ...candidates]) {
    const isThere = await access(file, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (file !== '' && isThere) return file;
  }
  return undefined;
}

/** Starts a browser with an empty page, and speaks the DevTools protocol with it over a pipe. */
export async function openBrowserPage(executable: string): Promise<BrowserPage> {
  const profile = await mkdtemp(path.join(os.tmpdir(), 'sovd-fleet-browser-'));
  const browser = spawn(
    executable,
    [
      ...['--headless=new', '--remote-debugging-pipe', '--no-first-run', '--no-sandbox', '--disable-gpu'],
      ...['--disable-dev-shm-usage', '--disable-background-networking', '--disable-extensions', '--hide-scrollbars'],
      ...[`--user-data-dir=${profile}`, '--window-size=1280,1600', 'about:blank'],
    ],
    { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] },
  );
  const line = new DevTools(browser);
  try {
    const { targetId } = await line.send('Target.createTarget', { url: 'about:blank' });
    const { sessionId } = await line.send('Target.attachToTarget', { targetId, flatten: true });
    const page = (method: string, parameters: object = {}) => line.send(method, parameters, sessionId as string);
    for (const domain of ['Page', 'Runtime', 'Log']) await page(`${domain}.enable`);
    return pageOf(line, page, async () => {
      browser.kill();
      if (browser.exitCode === null && browser.signalCode === null) await once(browser, 'exit');
      await rm(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
    });
  } catch (error) {
    browser.kill('SIGKILL');
    await rm(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
    throw error;
  }
}

type Send = (method: string, parameters?: object) => Promise<Record<string, unknown>>;

function pageOf(line: DevTools, send: Send, close: () => Promise<void>): BrowserPage {
  const evaluate = async (expression: string): Promise<unknown> => {
    const answer = await send('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true });
    const { result, exceptionDetails } = answer as { result: { value?: unknown }; exceptionDetails?: unknown };
    if (exceptionDetails !== undefined) throw new Error(`${expression}: ${JSON.stringify(exceptionDetails)}`);
    return result.value;
  };
  const waitFor = async (expression: string): Promise<unknown> => {
    for (let waitedMs = 0; waitedMs < patienceMs; waitedMs += pollMs) {
      const value = await evaluate(expression);
      if (value !== false && value !== undefined && value !== null && value !== '') return value;
      await sleep(pollMs);
    }
    throw new Error(`the page never came to ${expression}`);
  };
  return {
    evaluate,
    waitFor,
    close,
    complaints: line.complaints,
    open: async (url) => {
      await send('Page.navigate', { url });
      await waitFor(`location.href === ${JSON.stringify(url)} && document.readyState === 'complete'`);
    },
    saveScreenshot: async (file) => {
      const { data } = await send('Page.captureScreenshot', { format: 'png' });
      await writeFile(file, Buffer.from(data as string, 'base64'));
    },
  };
}

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: Record<string, unknown>;
  readonly result?: Record<string, unknown>;
  readonly error?: { readonly message: string };
}

/** The DevTools protocol over a pipe: JSON texts that end with a NUL. */
class DevTools {
  readonly complaints: string[] = [];
  readonly #pending = new Map<number, PromiseWithResolvers<Record<string, unknown>>>();
  readonly #output: Writable;
  #lastId = 0;
  #rest = '';

  constructor(browser: ChildProcess) {
    const [, , , output, input] = browser.stdio;
    this.#output = output as Writable;
    this.#output.on('error', () => undefined);
    (input as Readable).setEncoding('utf8').on('data', (chunk: string) => this.#read(chunk));
    browser.once('error', (error) => this.#end(error));
    browser.once('exit', (code) => this.#end(new Error(`the browser has ended with ${code ?? 'a signal'}`)));
  }

  send(method: string, params: object, sessionId?: string): Promise<Record<string, unknown>> {
    const id = ++this.#lastId;
    const answer = withResolvers<Record<string, unknown>>();
    this.#pending.set(id, answer);
    this.#output.write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    return answer.promise;
  }

  #read(chunk: string): void {
    const texts = (this.#rest + chunk).split('\0');
    this.#rest = texts.pop() ?? '';
    for (const text of texts) this.#take(JSON.parse(text) as Message);
  }

  #take({ id, method, params, result, error }: Message): void {
    const pending = id === undefined ? undefined : this.#pending.get(id);
    if (id !== undefined) this.#pending.delete(id);
    if (error !== undefined) pending?.reject(new Error(error.message));
    else pending?.resolve(result ?? {});
    const entry = params?.['entry'] as { readonly level?: string } | undefined;
    const isComplaint =
      method === 'Runtime.exceptionThrown' ||
      (method === 'Runtime.consoleAPICalled' && ['error', 'warning', 'assert'].includes(String(params?.['type']))) ||
      (method === 'Log.entryAdded' && ['error', 'warning'].includes(entry?.level ?? ''));
    if (isComplaint) this.complaints.push(JSON.stringify(params));
  }

  #end(error: Error): void {
    for (const { reject } of this.#pending.values()) reject(error);
    this.#pending.clear();
  }
}

interface PromiseWithResolvers<Value> {
  readonly promise: Promise<Value>;
  readonly resolve: (value: Value) => void;
  readonly reject: (error: Error) => void;
}

function withResolvers<Value>(): PromiseWithResolvers<Value> {
  let settle: Omit<PromiseWithResolvers<Value>, 'promise'> | undefined;
  const promise = new Promise<Value>((resolve, reject) => (settle = { resolve, reject }));
  if (settle === undefined) throw new Error('a promise runs its executor at once');
  return { promise, ...settle };
}
