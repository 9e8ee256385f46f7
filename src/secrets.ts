// Fetches a secret at the moment it is needed, so that a changed password works without a restart and none is kept. No error from
// here carries the secret, nor what a command or a function printed or threw: such text often repeats it.
// Which sources a configuration may name is in config-schema.ts.

import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { MaildrainError, printable } from './errors.ts';
import type { SecretSource } from './model.ts';

/** A password is some dozen octets, a token a few thousand; more is the wrong file, or a command that will not end. */
const MAX_OCTETS = 64 * 1024;

/** A password manager that asks a hardware key answers in a few seconds. One that waits for a person must not hold a drain. */
const TIMEOUT_MS = 10_000;

/**
 * The secret that a source names; never empty.
 * @throws MaildrainError SECRET_UNAVAILABLE that names the variable, the path or the command's first word
 */
export async function resolveSecret(
  source: SecretSource,
  options: { readonly env?: Readonly<Record<string, string | undefined>>; readonly timeoutMs?: number } = {},
): Promise<string> {
  const timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
  if ('env' in source) return fromEnvironment(source.env, options.env ?? process.env);
  if ('file' in source) return fromFile(source.file);
  if ('command' in source) return fromCommand(source.command, timeoutMs);
  return fromFunction(source.value, timeoutMs);
}

function unavailable(text: string): MaildrainError {
  return new MaildrainError('SECRET_UNAVAILABLE', text);
}

function fromEnvironment(name: string, env: Readonly<Record<string, string | undefined>>): string {
  const value = env[name];
  if (value === undefined) throw unavailable(`the environment variable ${printable(name)} is not set`);
  if (value === '') throw unavailable(`the environment variable ${printable(name)} is empty`);
  return value;
}

async function fromFile(path: string): Promise<string> {
  const shown = printable(path);
  let octets: Buffer;
  try {
    octets = await readStart(path);
  } catch (error) {
    throw unavailable(`the secret file ${shown} cannot be read (${systemCode(error)})`);
  }
  if (octets.length > MAX_OCTETS) throw unavailable(`the secret file ${shown} is larger than 64 KiB`);
  const text = decodeUtf8(octets);
  if (text === null) throw unavailable(`the secret file ${shown} is not UTF-8 text`);
  // Editors and `echo` add one line break; a second one may belong to the secret.
  const secret = text.replace(/\r?\n$/, '');
  if (secret === '') throw unavailable(`the secret file ${shown} is empty`);
  return secret;
}

/** At most one octet more than is allowed: the size that a file claims says nothing of pipes and of files in /proc. */
async function readStart(path: string): Promise<Buffer> {
  const file = await open(path, 'r');
  try {
    const buffer = Buffer.alloc(MAX_OCTETS + 1);
    let length = 0;
    while (length < buffer.length) {
      const { bytesRead } = await file.read(buffer, length, buffer.length - length, null);
      if (bytesRead === 0) break;
      length += bytesRead;
    }
    return buffer.subarray(0, length);
  } finally {
    await file.close();
  }
}

function fromCommand(command: readonly string[], timeoutMs: number): Promise<string> {
  const [program, ...args] = command;
  if (program === undefined) return Promise.reject(unavailable('the secret command is empty'));
  const shown = printable(program);
  return new Promise((resolve, reject) => {
    let child: ChildProcessByStdio<null, Readable, null>;
    try {
      // stderr goes nowhere: it is not ours to judge whether it repeats the secret.
      child = spawn(program, args, { shell: false, stdio: ['ignore', 'pipe', 'ignore'], windowsHide: true });
    } catch (error) {
      // Node's own message shows the argument it refuses.
      reject(unavailable(`the secret command ${shown} could not be started (${systemCode(error)})`));
      return;
    }
    const chunks: Buffer[] = [];
    let length = 0;
    let settled = false;
    const settle = (end: () => void) => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      end();
    };
    // A grandchild may hold the pipe open after the kill, so this does not wait for 'close'.
    const giveUp = (why: string) =>
      settle(() => {
        child.kill('SIGKILL');
        child.stdout.destroy();
        reject(unavailable(`the secret command ${shown} ${why}`));
      });
    const timer = setTimeout(() => giveUp(`gave no answer within ${timeoutMs / 1000} s and was ended`), timeoutMs);
    child.stdout.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length > MAX_OCTETS) giveUp('printed more than 64 KiB and was ended');
      else chunks.push(chunk);
    });
    child.stdout.on('error', () => giveUp('could not be read'));
    child.on('error', (error) => giveUp(`could not be started (${systemCode(error)})`));
    child.on('close', (code, signal) =>
      settle(() => {
        if (code !== 0)
          return reject(
            unavailable(
              `the secret command ${shown} ended with ${code === null ? `signal ${signal}` : `exit code ${code}`}`,
            ),
          );
        const text = decodeUtf8(Buffer.concat(chunks));
        if (text === null)
          return reject(unavailable(`the secret command ${shown} printed something that is not UTF-8 text`));
        const secret = (text.split('\n', 1)[0] ?? '').replace(/\r$/, '');
        if (secret === '') return reject(unavailable(`the secret command ${shown} printed an empty first line`));
        return resolve(secret);
      }),
    );
  });
}

async function fromFunction(value: () => string | Promise<string>, timeoutMs: number): Promise<string> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(unavailable(`the password function gave no answer within ${timeoutMs / 1000} s`)),
      timeoutMs,
    );
  });
  try {
    // A caller without types may return anything.
    const secret: unknown = await Promise.race([Promise.resolve().then(value), late]);
    if (typeof secret !== 'string' || secret === '') throw unavailable('the password function did not return a text');
    return secret;
  } catch (error) {
    if (error instanceof MaildrainError) throw error;
    throw unavailable(`the password function failed (${systemCode(error)})`);
  } finally {
    clearTimeout(timer);
  }
}

function decodeUtf8(octets: Buffer): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(octets);
  } catch {
    return null;
  }
}

/** `ENOENT` and the like: the one property of a foreign error that cannot hold a secret. */
function systemCode(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' && /^[A-Z][A-Z0-9_]{1,40}$/.test(code) ? code : 'no system code';
}
