// sendmail: one report for all recipients of a queue run, with a transcript of the session in front and codes of its own for what no other
// server said.

import { SERVER } from '../names.ts';
import type { MailServer } from '../server.ts';

function configuration(timeouts: string): string {
  return `divert(0)dnl
VERSIONID(\`corpus')
OSTYPE(\`debian')dnl
DOMAIN(\`debian-mta')dnl
define(\`confDOMAIN_NAME', \`${SERVER.name}')dnl
define(\`confCW_FILE', \`/etc/mail/local-host-names')dnl
define(\`confTRY_NULL_MX_LIST', \`False')dnl
define(\`confTO_IDENT', \`0')dnl
define(\`confTO_ICONNECT', \`3s')dnl
define(\`confTO_CONNECT', \`3s')dnl
define(\`confTO_INITIAL', \`4s')dnl
define(\`confMIN_QUEUE_AGE', \`0')dnl
define(\`confPRIVACY_FLAGS', \`')dnl
${timeouts}
FEATURE(\`accept_unresolvable_domains')dnl
FEATURE(\`accept_unqualified_senders')dnl
FEATURE(\`promiscuous_relay')dnl
FEATURE(\`nocanonify')dnl
DAEMON_OPTIONS(\`Family=inet, Name=MTA, Port=25, Addr=${SERVER.address}')dnl
MAILER(\`local')dnl
MAILER(\`smtp')dnl
`;
}

const STAYS = "define(`confTO_QUEUEWARN', `1s')dnl\ndefine(`confTO_QUEUERETURN', `5d')dnl";
const GIVES_UP = "define(`confTO_QUEUEWARN', `1h')dnl\ndefine(`confTO_QUEUERETURN', `5s')dnl";

export const sendmail: MailServer = {
  name: 'sendmail',
  packages: ['sendmail-bin', 'sendmail-base', 'sendmail-cf', 'm4'],
  users: ['smmta', 'smmsp'],
  configure(root, run) {
    root.write('/etc/mail/sendmail.mc', configuration(run === 'stays' ? STAYS : GIVES_UP));
    root.write('/etc/mail/local-host-names', `${SERVER.name}\n`);
    root.write('/etc/mail/trusted-users', 'root\n');
    root.write('/etc/mail/relay-domains', '');
    root.write(
      '/etc/mail/aliases',
      'staff: gone@shop.example.com\nteam: stuffed@shop.example.com\nMAILER-DAEMON: postmaster\npostmaster: keeper\noldscript: "|exit 67"\n',
    );
    root.shell(
      [
        'cd /etc/mail',
        'm4 -D_CF_DIR_=/usr/share/sendmail/cf/ /usr/share/sendmail/cf/m4/cf.m4 sendmail.mc > sendmail.cf',
        'mkdir -p /var/spool/mqueue /var/mail /var/lib/sendmail /run/sendmail/mta /var/run/sendmail/mta',
        'chown root:root /etc/mail /var/spool/mqueue && chmod 755 /etc /etc/mail && chmod 700 /var/spool/mqueue',
        'chmod 1777 /var/mail',
        '/usr/libexec/sendmail/sendmail -bi',
      ].join('\n'),
    );
  },
  start(root) {
    root.shell('/usr/libexec/sendmail/sendmail -bd -q2s </dev/null >/dev/null 2>&1');
  },
  answersItself: true,
  acts: {},
  differs: {
    // Its Status, and another code in the transcript.
    'cut-connection': { statusAlternatives: ['4.4.1'] },
    loop: { statusAlternatives: ['5.3.5'] },
  },
};
