// Standard output as the program writes it. Node's own stream for a file calls write(2) once for each piece and takes no notice when only a part of it
// went: on a disk that is just getting full the end would be missing and nobody would be told (tried with Node 20).

import { fstatSync, writeSync } from 'node:fs';
import { Writable } from 'node:stream';
import type { Stream } from './output.ts';

const FD = 1;

/** Node's stream where somebody reads at the other end; for a file one that writes to the end of each piece, or says why not. */
export function openStdout(): Stream {
  return isFile() ? new Writable({ write: writeWhole, decodeStrings: true }) : process.stdout;
}

function isFile(): boolean {
  try {
    return fstatSync(FD).isFile();
  } catch {
    return false;
  }
}

function writeWhole(piece: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
  try {
    for (let at = 0; at < piece.length; ) at += writeSync(FD, piece, at);
    done();
  } catch (error) {
    done(error instanceof Error ? error : new Error(String(error)));
  }
}
