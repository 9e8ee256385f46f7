// The DragonFly Mail Agent: a report without any structure, one for each recipient. It takes mail from programs only, and gives up on
// temporary failures after five days, so that only permanent ones are here.

import type { MailServer } from '../server.ts';

export const dma: MailServer = {
  name: 'dma',
  packages: ['dma'],
  users: [],
  configure(root) {
    root.write('/etc/dma/dma.conf', 'MAILNAME /etc/mailname\n');
    root.write('/etc/dma/auth.conf', '');
    root.write('/etc/aliases', '');
    root.shell('mkdir -p /var/spool/dma && chown root:mail /var/spool/dma && chmod 2775 /var/spool/dma');
  },
  start() {
    // Nothing runs: each message is delivered by the program that takes it.
  },
  submit(root, one, sender, message) {
    root.run(['/usr/sbin/dma', '-f', sender, ...one.to.map(({ to }) => to)], message);
  },
  answersItself: false,
  acts: {},
  differs: {},
};
