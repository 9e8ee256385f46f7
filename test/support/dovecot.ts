// A Dovecot for tests, with a configuration of our own, as an ordinary user: any user name logs in with one password and gets an empty
// mailbox of its own, so that every test is a brand-new user. `NAME@maildir` is stored as Maildir, which can hold a message of no octets
// (APPEND refuses one); every other user as sdbox. Delivery into it is in mail.ts.

import { spawn, spawnSync } from 'node:child_process';
import { chownSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Account,
  endServer,
  findProgram,
  freePort,
  needProgram,
  serverAccount,
  shortTempDir,
  startServer,
} from './programs.ts';

/** What a test needs to reach the mail server; plain data, so that it travels to the test workers. */
export interface MailServer {
  readonly host: string;
  /** Clear text, with STARTTLS. */
  readonly port: number;
  /** TLS from the first octet; null when the environment's own server was given without TEST_IMAPS_PORT. */
  readonly tlsPort: number | null;
  readonly password: string;
  /** PEM file of the certificate, self-signed for `localhost` and 127.0.0.1; null for the system's authorities. */
  readonly caFile: string | null;
  /** Null when the server is not ours: tests that need doveadm are then skipped by name. */
  readonly ours: { readonly doveadm: string; readonly config: string; readonly homes: string } | null;
}

export interface DovecotServer {
  readonly server: MailServer;
  /** Ends it and starts it again on the same ports; mail is kept. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

const READY_TIMEOUT_MS = 20_000;

/** @throws Unavailable */
export async function startDovecot(): Promise<DovecotServer> {
  const program = needProgram('dovecot', 'dovecot-imapd', 'TEST_IMAP_HOST');
  const doveadm = findProgram('doveadm');
  if (doveadm === null) throw new Error('dovecot is installed without doveadm');
  const account = serverAccount();
  const dir = shortTempDir('dc', account);
  const port = await freePort();
  const tlsPort = await freePort();
  // Anything will do: it guards mail that tests make up, on loopback.
  const password = 'test-password';
  for (const name of ['run', 'state', 'home']) own(join(dir, name), account);
  makeCertificate(dir);
  const config = join(dir, 'dovecot.conf');
  writeFileSync(config, configuration({ dir, account, port, tlsPort, password }));
  let child = startServer(program, ['-F', '-c', config], account);
  const untilReady = async (): Promise<void> => {
    const deadline = Date.now() + READY_TIMEOUT_MS;
    while (!(await greets(port))) {
      if (child.exitCode !== null || Date.now() > deadline)
        throw new Error(`dovecot did not start:\n${lastLines(join(dir, 'log'))}`);
      await sleep(30);
    }
  };
  await untilReady();
  return {
    server: {
      host: '127.0.0.1',
      port,
      tlsPort,
      password,
      caFile: join(dir, 'cert.pem'),
      ours: { doveadm, config, homes: join(dir, 'home') },
    },
    async restart() {
      await endServer(child);
      child = startServer(program, ['-F', '-c', config], account);
      await untilReady();
    },
    async stop() {
      await endServer(child);
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/**
 * Runs doveadm, e.g. `doveadm(server, ['mailbox', 'delete', '-u', user, 'INBOX'])`, and answers its standard output.
 *
 * @throws Error with its standard error when it fails
 */
export function doveadm(server: MailServer, args: readonly string[], input: Buffer | string = ''): Promise<string> {
  const { ours } = server;
  if (ours === null) throw new Error('doveadm needs a Dovecot of our own');
  return new Promise((done, fail) => {
    const child = spawn(ours.doveadm, ['-c', ours.config, ...args], { stdio: 'pipe', cwd: '/' });
    let said = '';
    let complaint = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      complaint += text;
    });
    child.on('error', fail);
    child.on('close', (code) =>
      code === 0 ? done(said) : fail(new Error(`doveadm ${args.join(' ')}: ${complaint.trim()}`)),
    );
    child.stdin.on('error', () => {});
    child.stdin.end(input);
  });
}

function own(path: string, account: Account): void {
  mkdirSync(path, { mode: 0o755 });
  if (process.getuid?.() === 0) chownSync(path, account.uid, account.gid);
}

function makeCertificate(dir: string): void {
  const names = 'subjectAltName=DNS:localhost,IP:127.0.0.1';
  const to = ['-keyout', join(dir, 'key.pem'), '-out', join(dir, 'cert.pem')];
  const args = [
    'req',
    '-x509',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-days',
    '30',
    '-subj',
    '/CN=localhost',
    '-addext',
    names,
    ...to,
  ];
  const { status, stderr } = spawnSync('openssl', args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`openssl could not make a certificate: ${stderr}`);
  // Root reads the key for us only as long as Dovecot's master is root, which it is not.
  if (process.getuid?.() === 0) spawnSync('chmod', ['644', join(dir, 'key.pem')]);
}

interface Settings {
  dir: string;
  account: Account;
  port: number;
  tlsPort: number;
  password: string;
}

function configuration({ dir, account, port, tlsPort, password }: Settings): string {
  // A master that is not root can neither change users nor chroot.
  const bare = ['anvil', 'stats', 'auth', 'ipc', 'log', 'dict', 'director']
    .map((name) => `service ${name} {\n  chroot =\n}`)
    .join('\n');
  return `base_dir = ${dir}/run
state_dir = ${dir}/state
log_path = ${dir}/log
protocols = imap
listen = 127.0.0.1
default_internal_user = ${account.name}
default_internal_group = ${account.group}
default_login_user = ${account.name}
default_process_limit = 300
default_client_limit = 3000
first_valid_uid = 1
first_valid_gid = 1
disable_plaintext_auth = no
auth_mechanisms = plain login
auth_failure_delay = 0
auth_cache_size = 0
login_trusted_networks = 127.0.0.0/8
ssl = yes
ssl_cert = <${dir}/cert.pem
ssl_key = <${dir}/key.pem
passdb {
  driver = static
  args = password=${password}
}
userdb {
  driver = static
  args = uid=${account.name} gid=${account.group} home=${dir}/home/%u allow_all_users=yes
}
mail_location = %{if;%d;eq;maildir;maildir;sdbox}:~/mail
mail_max_userip_connections = 50
# Tests look at what is there, not at how safely Dovecot wrote it.
mail_fsync = never
protocol imap {
  imap_id_retain = yes
}
namespace inbox {
  inbox = yes
  separator = /
  mailbox Trash {
    auto = create
    special_use = \\Trash
  }
}
service imap-login {
  chroot =
  service_count = 0
  client_limit = 500
  process_min_avail = 1
  inet_listener imap {
    port = ${port}
  }
  inet_listener imaps {
    port = ${tlsPort}
    ssl = yes
  }
}
service imap {
  process_limit = 300
}
${bare}
`;
}

function greets(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => resolve(false));
    socket.on('close', () => resolve(false));
    socket.on('data', (chunk) => {
      resolve(chunk.toString('latin1').startsWith('* OK'));
      socket.destroy();
    });
  });
}

function lastLines(path: string): string {
  try {
    return readFileSync(path, 'utf8').split('\n').slice(-20).join('\n');
  } catch {
    return '(no log)';
  }
}
