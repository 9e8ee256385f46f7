// One server, one run, inside namespaces that make.ts made: its own network, processes, mounts and host name. Lays the server's files over
// the machine's, starts names, mail sites and server, sends the cases, and writes what comes back to OUT. When this process ends, so does
// everything it started.

import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Case, messageIdOf, senderOf } from './case.ts';
import { CASES } from './cases.ts';
import { type Expected, expectedOf, told } from './expect.ts';
import { CLIENT, SERVER, serveNames, sitesOf } from './names.ts';
import { type Caught, domainOf, serveMail } from './scripted-smtp.ts';
import { type MailServer, Root } from './server.ts';
import { SERVERS } from './servers/servers.ts';
import { messageOf, submit } from './submit.ts';

/** Reports that have not come by then do not come: the slowest wait is that for a silent host, then a queue run. */
const PATIENCE_S = 30;
/** The whole of it: something hangs. */
const DEADLINE_MS = 180_000;
/** A server that does not answer by then does not start. */
const START_S = 15;

const [name = '', run = '', tree = '', out = '', only = ''] = process.argv.slice(2);
const server = SERVERS.find((candidate) => candidate.name === name);
if (server === undefined || (run !== 'stays' && run !== 'gives-up')) throw new Error('this file is run by make.ts');

const cases = CASES.filter(
  (one) => one.run === run && (one.only?.includes(name) ?? true) && one.name.includes(only),
).map((one): Case => {
  const { [one.name]: action } = server.acts;
  return action === undefined ? one : { ...one, to: one.to.map((recipient) => ({ ...recipient, action })) };
});
setTimeout(() => {
  console.log(`${name}, ${run}: nothing came of it in ${DEADLINE_MS} ms`);
  process.exit(1);
}, DEADLINE_MS).unref();
const reports: Caught[] = [];
const root = layRoot();
await serve();
server.configure(root, run);
server.start(root);
if (server.submit === undefined) await answering();
for (const one of cases) await send(server, one);
await collect();
write(server);
process.exit(0);

function command(program: string, ...args: string[]): void {
  const { status, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${stderr}`);
}

/** The machine's root with the server's packages above it, and above both a layer for what is written. */
function layRoot(): Root {
  const path = join(out, 'root');
  for (const directory of ['root', 'upper', 'layers']) mkdirSync(join(out, directory), { recursive: true });
  // Not as a layer of its own: the tree lies below the machine's root, and a layer inside another is refused.
  command('cp', '-a', `${tree}/.`, join(out, 'upper'));
  const layers = `lowerdir=/,upperdir=${join(out, 'upper')},workdir=${join(out, 'layers')}`;
  command('mount', '-t', 'overlay', 'overlay', '-o', layers, path);
  command('mount', '-t', 'proc', 'proc', join(path, 'proc'));
  command('mount', '--rbind', '/dev', join(path, 'dev'));
  for (const directory of ['tmp', 'run', 'home', 'root']) {
    command('mount', '-t', 'tmpfs', '-o', 'mode=1777', 'tmpfs', join(path, directory));
  }
  command('hostname', SERVER.name);
  const made = new Root(path);
  made.write('/etc/resolv.conf', 'nameserver 127.0.0.1\n');
  made.write('/etc/hosts', `127.0.0.1 localhost\n${SERVER.address} ${SERVER.name} mail\n`);
  made.write('/etc/nsswitch.conf', 'passwd: files\ngroup: files\nshadow: files\nhosts: files dns\n');
  made.write('/etc/mailname', `${SERVER.name}\n`);
  made.write('/etc/hostname', `${SERVER.name}\n`);
  made.write('/etc/timezone', 'Etc/UTC\n');
  made.write('/etc/localtime', '');
  made.write('/etc/services', 'smtp 25/tcp mail\nsubmission 587/tcp\ndomain 53/udp\ndomain 53/tcp\n');
  const users = ['keeper', 'member', ...(server?.users ?? [])];
  const lines = users.map((user, index) => [user, 900 + index] as const);
  // `nobody` and root alone of the machine's users: no name of a person gets into a report.
  made.write(
    '/etc/passwd',
    [
      'root:x:0:0::/root:/bin/sh',
      'daemon:x:1:1::/:/bin/false',
      'mail:x:8:8::/var/mail:/bin/false',
      'nobody:x:65534:65534::/:/bin/false',
    ]
      .concat(lines.map(([user, id]) => `${user}:x:${id}:${id}::/home/${user}:/bin/false`))
      .join('\n')
      .concat('\n'),
  );
  made.write(
    '/etc/group',
    ['root:x:0:', 'daemon:x:1:', 'tty:x:5:', 'mail:x:8:', 'adm:x:4:', 'nogroup:x:65534:', 'postdrop:x:890:']
      .concat(lines.map(([user, id]) => `${user}:x:${id}:`))
      .join('\n')
      .concat('\n'),
  );
  for (const [user, id] of lines.slice(0, 2)) made.shell(`mkdir -p /home/${user} && chown ${id}:${id} /home/${user}`);
  return made;
}

async function serve(): Promise<void> {
  command('ip', 'link', 'set', 'lo', 'up');
  command('ip', 'addr', 'add', `${SERVER.address}/32`, 'dev', 'lo');
  // The whole net is here, without being an address of any interface: a server that looks for itself in MX records does not find it.
  command('ip', 'route', 'add', 'local', '198.51.100.0/24', 'dev', 'lo');
  // The sites are those of every case, so that a site has one address in all runs.
  const recipients = CASES.flatMap(({ to }) => to);
  const sites = sitesOf(recipients.map(({ to, final }) => domainOf(final ?? to)));
  await serveNames(sites);
  await serveMail({ sites, recipients, caught: (report) => void reports.push(report) });
}

async function answering(): Promise<void> {
  for (let waited = 0; waited < START_S * 10; waited++) {
    const isUp = await new Promise<boolean>((resolve) => {
      const socket = createConnection({ host: SERVER.address, port: 25, localAddress: CLIENT.address });
      socket.once('data', () => resolve(socket.end() !== undefined));
      socket.once('error', () => resolve(false));
      socket.setTimeout(1000, () => resolve(socket.destroy() === undefined));
    });
    if (isUp) return;
    await sleep(100);
  }
  throw new Error(`${name} does not answer`);
}

async function send(to: MailServer, one: Case): Promise<void> {
  try {
    if (to.submit === undefined) await submit(one, name);
    else to.submit(root, one, senderOf(one.name), messageOf(one, name).replaceAll('\r\n', '\n'));
  } catch (error) {
    console.log(`not taken: ${error instanceof Error ? error.message : error}`);
  }
}

/** Waits until each recipient that is to be reported on has been. */
async function collect(): Promise<void> {
  for (let waited = 0; waited < PATIENCE_S; waited++) {
    if (cases.every((one) => missing(one).length === 0)) return;
    await sleep(1000);
  }
  for (const one of cases) for (const what of missing(one)) console.log(`no report: ${name} ${one.name}: ${what}`);
}

function reportsOf({ name: ofCase }: Case): Caught[] {
  return reports.filter(({ to }) => to === senderOf(ofCase).toLowerCase());
}

function missing(one: Case): string[] {
  const heard = new Set(reportsOf(one).flatMap(({ raw }) => attempt(() => told(one, raw)) ?? []));
  return one.to
    .filter(
      ({ to, action, stage }) =>
        action !== null &&
        ![...heard].some((said) => said === `${to} ${action}` || (stage === 'accept' && said.startsWith(`${to} `))),
    )
    .map(({ to, action }) => `${to} ${action}`);
}

function attempt<T>(work: () => T): T | null {
  try {
    return work();
  } catch {
    return null;
  }
}

function write(from: MailServer): void {
  const entries: Expected[] = [];
  for (const one of cases) {
    let count = 0;
    const before = new Set<string>();
    for (const { raw } of reportsOf(one)) {
      // A warning may be repeated as long as the message waits.
      const what = (attempt(() => told(one, raw)) ?? []).join();
      if (before.has(what)) continue;
      before.add(what);
      const file = `${name}-${one.name}${count === 0 ? '' : `-${count + 1}`}.eml`;
      const messageId =
        one.messageId === undefined ? messageIdOf(one, name) : (/<(.*)>/.exec(one.messageId)?.[1] ?? '');
      try {
        entries.push(
          expectedOf(one, raw, {
            file,
            server: name,
            messageId,
            answersItself: from.answersItself,
            differs: from.differs[one.name] ?? {},
          }),
        );
      } catch (error) {
        console.log(`left out: ${file}: ${error instanceof Error ? error.message : error}`);
        appendFileSync(join(out, 'left-out'), raw);
        continue;
      }
      writeFileSync(join(out, file), raw);
      count++;
    }
  }
  writeFileSync(join(out, 'expected.json'), JSON.stringify(entries));
  console.log(`${name}, ${run}: ${entries.length} reports of ${cases.length} cases`);
}
