// Exim: one report for all failures of a message in one pass, in the words of its own template, with the reply in the text; its Status
// is always x.0.0.

import { SERVER } from '../names.ts';
import type { MailServer } from '../server.ts';

function configuration(retry: string): string {
  return `
primary_hostname = ${SERVER.name}
qualify_domain = ${SERVER.name}
exim_user = Debian-exim
exim_group = Debian-exim
domainlist local_domains = @
local_interfaces = ${SERVER.address}
daemon_smtp_ports = 25
acl_smtp_rcpt = accept
acl_smtp_data = accept
dsn_advertise_hosts = *
smtputf8_advertise_hosts = *
tls_advertise_hosts =
host_lookup =
rfc1413_hosts =
rfc1413_query_timeout = 0s
never_users = root
keep_environment =
allow_domain_literals = true
log_file_path = /var/log/exim4/%slog
spool_directory = /var/spool/exim4
delay_warning = 1s:99h
delay_warning_condition = yes
bounce_return_size_limit = 100K
timeout_frozen_after = 7d
queue_only = false
smtp_accept_max_per_host = 100
disable_ipv6 = true

begin acl
accept:
  accept

begin routers
literal:
  driver = ipliteral
  domains = ! +local_domains
  transport = remote_smtp
remote:
  driver = dnslookup
  domains = ! +local_domains
  transport = remote_smtp
  self = fail
  no_more
aliases:
  driver = redirect
  data = \${lookup{$local_part}lsearch{/etc/exim4/aliases}}
  allow_fail
  pipe_transport = address_pipe
  user = keeper
local:
  driver = accept
  check_local_user
  transport = local_delivery
  cannot_route_message = Unknown user

begin transports
remote_smtp:
  driver = smtp
  hosts_try_dane =
  connect_timeout = 2s
  command_timeout = 3s
local_delivery:
  driver = appendfile
  directory = $home/Maildir
  maildir_format
  create_directory
address_pipe:
  driver = pipe
  return_output

begin retry
* * ${retry}
`;
}

export const exim: MailServer = {
  name: 'exim',
  packages: ['exim4-daemon-light', 'exim4-base'],
  users: ['Debian-exim'],
  configure(root, run) {
    root.write('/etc/exim4/exim4.conf', configuration(run === 'stays' ? 'F,5d,2s' : 'F,4s,1s'));
    root.write('/etc/exim4/aliases', 'staff: gone@shop.example.com\noldscript: |/bin/sh -c "exit 67"\n');
    root.shell(
      'mkdir -p /var/spool/exim4 /var/log/exim4 && chown -R Debian-exim:Debian-exim /var/spool/exim4 /var/log/exim4 && chmod 4755 /usr/sbin/exim4',
    );
  },
  start(root) {
    root.shell('/usr/sbin/exim4 -bd -q2s </dev/null >/dev/null 2>&1');
  },
  answersItself: false,
  acts: {},
  differs: {
    // "local delivery failed" is all it says of a program that ended with EX_NOUSER.
    'local-pipe-unknown': { category: null, hard: false },
  },
};
