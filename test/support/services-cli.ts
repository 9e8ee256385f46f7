// `npm run services`: starts what the tests need and stays until Ctrl-C, printing where everything is.

import { startServices } from './services.ts';

const { services, stop } = await startServices();
const { databaseUrl, redisUrl, mail, missing } = services;
const lines = [
  databaseUrl === null ? '' : `export TEST_DATABASE_URL='${databaseUrl}'`,
  redisUrl === null ? '' : `export TEST_REDIS_URL='${redisUrl}'`,
  mail === null
    ? ''
    : `export TEST_IMAP_HOST='${mail.host}' TEST_IMAP_PORT='${mail.port}' TEST_IMAP_PASSWORD='${mail.password}'`,
  mail?.tlsPort == null ? '' : `export TEST_IMAPS_PORT='${mail.tlsPort}' TEST_IMAP_CA='${mail.caFile}'`,
  mail?.ours == null ? '' : `# any user name logs in; doveadm -c ${mail.ours.config}`,
  ...Object.entries(missing).map(([name, why]) => `# no ${name}: ${why}`),
];
process.stdout.write(`${lines.filter((line) => line !== '').join('\n')}\n# running until Ctrl-C\n`);

// Without something to wait for, Node would end with the last line printed.
const stay = setInterval(() => {}, 60_000);
let stopping = false;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    if (stopping) return;
    stopping = true;
    clearInterval(stay);
    stop().catch((error: unknown) => {
      process.exitCode = 1;
      process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    });
  });
}
