// nullmailer: hands everything to one relay, here the host of one site, and writes a report when that refuses a recipient or takes too long.

import type { MailServer } from '../server.ts';

export const nullmailer: MailServer = {
  name: 'nullmailer',
  packages: ['nullmailer'],
  users: [],
  configure(root, run) {
    root.write('/etc/nullmailer/remotes', 'mx.shop.example.com smtp\n', 0o600);
    root.write('/etc/nullmailer/me', 'mail.example.org\n');
    root.write('/etc/nullmailer/defaulthost', 'mail.example.org\n');
    root.write('/etc/nullmailer/pausetime', '2\n');
    root.write('/etc/nullmailer/sendtimeout', '5\n');
    root.write('/etc/nullmailer/queuelifetime', run === 'stays' ? '604800\n' : '5\n');
    root.shell(
      [
        'cd /var/spool/nullmailer 2>/dev/null || { mkdir -p /var/spool/nullmailer; cd /var/spool/nullmailer; }',
        'mkdir -p queue tmp failed',
        '[ -p trigger ] || mkfifo trigger',
        'chown -R mail:mail /var/spool/nullmailer /etc/nullmailer',
        'chmod 600 trigger',
      ].join('\n'),
    );
  },
  start(root) {
    root.spawn(['/usr/sbin/nullmailer-send']);
  },
  submit(root, one, sender, message) {
    root.run(['/usr/sbin/nullmailer-queue'], `${[sender, ...one.to.map(({ to }) => to)].join('\n')}\n\n${message}`);
  },
  answersItself: false,
  acts: {},
  differs: {},
};
