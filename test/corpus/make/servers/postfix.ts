// Postfix: bounce(8) writes a report per message and action, with Status from the reply or its own, and the text of RFC 3464 beside it.

import { SERVER } from '../names.ts';
import type { MailServer } from '../server.ts';

const MAIN = `
compatibility_level = 3.6
myhostname = ${SERVER.name}
mydomain = example.org
myorigin = $myhostname
mydestination = $myhostname
inet_interfaces = ${SERVER.address}
inet_protocols = ipv4
mynetworks = 0.0.0.0/0
queue_directory = /var/spool/postfix
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
data_directory = /var/lib/postfix
mail_owner = postfix
setgid_group = postdrop
maillog_file = /var/log/mail.log
smtputf8_enable = yes
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_recipient_restrictions = permit_mynetworks
local_recipient_maps =
smtpd_delay_reject = yes
smtp_host_lookup = dns
alias_maps = texthash:/etc/postfix/aliases
alias_database =
virtual_alias_maps = texthash:/etc/postfix/virtual
home_mailbox = Maildir/
biff = no
smtp_connect_timeout = 2s
smtp_helo_timeout = 3s
smtp_tls_security_level = none
queue_run_delay = 2s
minimal_backoff_time = 2s
maximal_backoff_time = 3s
`;

const MASTER = `
smtp inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
local unix - n n - - local
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
`;

export const postfix: MailServer = {
  name: 'postfix',
  packages: ['postfix'],
  users: ['postfix'],
  configure(root, run) {
    const life =
      run === 'stays' ? 'delay_warning_time = 1s\n' : 'maximal_queue_lifetime = 6s\nbounce_queue_lifetime = 6s\n';
    root.write('/etc/postfix/main.cf', MAIN + life);
    root.write('/etc/postfix/master.cf', MASTER);
    root.write('/etc/postfix/aliases', 'oldscript: "|exit 67"\n');
    root.write(
      '/etc/postfix/virtual',
      `staff@${SERVER.name} gone@shop.example.com\nteam@${SERVER.name} stuffed@shop.example.com\neveryone@${SERVER.name} keeper@${SERVER.name}, member@${SERVER.name}\n`,
    );
    root.write('/etc/postfix/dynamicmaps.cf', '');
    root.shell(
      'mkdir -p /var/lib/postfix /var/log && chown postfix /var/lib/postfix && postfix set-permissions 2>/dev/null || true',
    );
  },
  start(root) {
    root.shell('postfix start </dev/null >/dev/null 2>&1');
  },
  answersItself: false,
  acts: {
    // A refusal in the greeting is the host's, and tried again.
    blocked: 'delayed',
  },
  differs: {},
};
