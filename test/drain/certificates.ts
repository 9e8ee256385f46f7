// Throw-away certificates for servers of one test, made by openssl as an operator would.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { TlsMaterial } from '../../src/demo/imap-server/options.ts';

export interface Certificate {
  readonly material: TlsMaterial;
  /** PEM file that vouches for it. */
  readonly caFile: string;
}

/** A self-signed certificate for these names (`DNS:localhost,IP:127.0.0.1`), gone when the test is over. */
export function makeCertificate(names: string): Certificate {
  const dir = mkdtempSync(join(tmpdir(), 'md-cert-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const [key, cert] = [join(dir, 'key.pem'), join(dir, 'cert.pem')];
  const request = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=test'];
  const { status, stderr } = spawnSync(
    'openssl',
    [...request, '-addext', `subjectAltName=${names}`, '-keyout', key, '-out', cert],
    { encoding: 'utf8' },
  );
  if (status !== 0) throw new Error(`openssl could not make a certificate: ${stderr}`);
  return { material: { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') }, caFile: cert };
}
