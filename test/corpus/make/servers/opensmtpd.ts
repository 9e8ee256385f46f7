// OpenSMTPD: a report in its own words, the answer of the next server in quotes of its own, and Status from what it knows.

import { SERVER } from '../names.ts';
import type { MailServer } from '../server.ts';

export const opensmtpd: MailServer = {
  name: 'opensmtpd',
  packages: ['opensmtpd'],
  users: ['opensmtpd', 'opensmtpq'],
  configure(root, run) {
    const life = run === 'stays' ? 'queue ttl 4d\nbounce warn-interval 1s' : 'queue ttl 5s\nbounce warn-interval 1h';
    root.write(
      '/etc/smtpd.conf',
      `${life}
smtp max-message-size 10M
table aliases { staff = gone@shop.example.com, team = stuffed@shop.example.com }
listen on ${SERVER.address} port 25 hostname ${SERVER.name}
action deliver maildir alias <aliases>
action send relay helo ${SERVER.name}
match from any for domain "${SERVER.name}" action deliver
match from any for any action send
`,
    );
    root.shell(
      'mkdir -p /var/empty /var/lib/opensmtpd/empty /var/spool/smtpd /var/run && chmod 711 /var/spool/smtpd && chmod 755 /var/empty /var/lib/opensmtpd/empty && chown root:root /var/empty /var/lib/opensmtpd/empty',
    );
  },
  start(root) {
    root.spawn(['/usr/sbin/smtpd', '-d', '-v', '-f', '/etc/smtpd.conf']);
  },
  answersItself: false,
  acts: {
    // A refusal in the greeting is the host's, and tried again.
    blocked: 'delayed',
    // The report says so, although the server has given up.
    'full-gave-up': 'delayed',
  },
  differs: {
    // "Network error on destination MXs" is all it says of a greeting that refuses.
    blocked: { category: 'network' },
    // An expired envelope is reported as delayed, "kept in the queue", and with nothing of the refusal. The Action field is what a reader goes by.
    'full-gave-up': { action: 'delayed', category: 'network', replyCode: null },
  },
};
