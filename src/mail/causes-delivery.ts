// What servers say when it is the way there or the other machine: no route, no answer, given up after days, loops, broken software and full disks. Weights: cause.ts.
import type { Cause } from './cause.ts';

export const DELIVERY_CAUSES: readonly Cause[] = [
  // TRY_AGAIN of gethostbyname(3), in the words of the C library: nobody knows yet whether the host exists.
  {
    category: 'network',
    weight: 4,
    phrases: 'host not found try again | temporary failure in name resolution',
  },
  // SendGrid of the recipient's domain; the rest of its words is about a PTR record, as if it were the sender's. Whether the domain exists it leaves open.
  { category: 'network', weight: 4, phrases: 'unable to get mx info' },
  // Why the queue waits, or waited until it gave up.
  {
    category: 'network',
    weight: 3,
    phrases: `connection timed out | connection timeout | connection refused | connection reset | connection dropped | dropped connection | connection lost
      lost connection | connection closed | connection failed | connection died | connection aborted | connection broken
      connection was dropped | connection was refused | connection to mail exchanger failed | connection unexpectedly
      connection deferred | connection error | remote host closed connection | remote end closed | host closed connection | socket error
      broken pipe | timed out while | timeout while | timeout waiting | operation timed out | conversation with * timed out | read timeout
      smtp timeout | timeout reading | command timeout | timeout exceeded | time out | session timeout | did not respond | not responding
      no response from | no answer from host | no answer from | can't connect | cannot connect | could not connect | couldn't connect
      unable to connect | failed to connect | wasn't able to establish an smtp connection | unable to establish | establish a connection
      could not be contacted | unable to contact | could not contact | cannot contact | did not accept our requests to connect
      no route to host | network is unreachable | network unreachable | host is unreachable | host unreachable | host is down
      host not reachable | unreachable | network error | network problem | bad connection | routing error | routing loop | mail loop
      loops back to myself | mail loops | mx record points to local host | points back to | message looping | message loop | loop detected | loop count | looping | too many hops
      hop count | maximum number of hops | mail forwarding loop | forwarded more than the maximum | mail is looping | bounce loop
      hops exceeded | max hops | delivered-to: | this message is looping | too many received headers | local configuration error loop
      name service error | name server | nameserver | name lookup | host lookup did not complete | host name lookup failure
      dns query failed | dns error | dns failure | dns problem | dns lookup failure | dns lookup failed | temporary dns | dns server
      temporary name | temporarily unable to resolve | mx lookup failure | lookup timed out | domain lookup | unable to resolve
      cannot resolve | could not resolve | transient dns | dns soft error | cname lookup failed | cname_lookup_failed | servfail
      malformed or unexpected name server reply | no mx hosts could be reached | all relevant mx | mx points to | mx list
      local address of | mail for * loops | best mx | verbindung * abgelehnt | zeituberschreitung | delai d'attente | connexion refusee
      tiempo de espera | conexion rechazada | tempo limite | connessione rifiutata | таймаут | соединение | 接続できません | タイムアウト | 连接超时 | 无法连接
      連線`,
  },
  // That the queue waits or has given up, whatever the cause: anything else that is said goes before.
  {
    category: 'network',
    weight: 0,
    phrases: `retry timeout exceeded | retry time not reached | delivery retry timeout | delivery time expired | delivery expired
      message expired | envelope expired | queue lifetime | queue too long | in the queue too long | too long in the queue | expired
      time-expired | maximum-time-expired | maximum time | maximum retries | retries exceeded | retry limit | retry count | all retries
      attempts exhausted | hosts have been failing | hosts for * have been failing | failing for a long time | could not be delivered for
      not be delivered for more than | not been delivered after | has not yet been delivered | not yet been delivered | not been collected
      undeliverable for | unable to deliver in | could not deliver for the last | delivery failed * attempts | message timed out
      mail expired | delivery timed out | giving up after | deleted from queue | removed from the queue | removed from queue
      for too long | delivery attempts will continue | will continue trying | we will continue to attempt | continue to try
      will be retried | keep trying | still being retried | unable to deliver this message after | enqueued and undeliverable
      temporarily unreachable | relay server is | delivery has been delayed | message delayed | message is delayed | delivery delayed
      still in queue | remains in the queue | maximum delivery time | frozen on arrival`,
  },

  {
    category: 'remote-system',
    weight: 3,
    phrases: `insufficient disk space | insufficient system storage | insufficient system resources | no space left on device | disk full
      disk is full | file system full | filesystem full | system storage | out of disk | out of memory | cannot allocate memory
      not enough memory | mail system full | system resources | system is out of | server is out of | internal system error
      internal server error | internal error | internal software error | system error | server error | software error | unexpected error
      local error | processing error | fatal error in | unexpected failure | local problem | error in processing
      requested action aborted: local | local configuration error | configuration error | mail server configuration
      server configuration problem | system incorrectly configured | misconfigured | mailer error | mailer returned | mailer exited
      unknown mailer error | mail transport error | unknown mailer | command output | command died | child process | returned non-zero
      exit status | exited with | pipe to | local delivery failed | delivery agent failed | error writing | can't create output
      cannot open mail | cannot open mailbox | can't open | i/o error | input/output error | read-only file system | permission to write
      cannot lock | unable to lock | failed to lock | lock failed | could not lock | cannot update mailbox | cannot append
      unable to write | can't write | file exists | cannot access mailbox | mail server temporarily | service currently unavailable
      service temporarily unavailable | server temporarily unavailable | temporary server error | temporary system problem
      temporary local problem | temporary internal | temporary lookup failure | write error | temporarily unable to process
      system temporarily | could not complete sender verify callout | could not load | could not process | cannot process
      unable to process | ldap | database error | sql error | mysql | backend | user lookup | lookup error | scanner | scan error
      unable to scan | virus scanner * fail | clamd | content filter failed | avpcheck | milter | proxy error
      mail server is shutting down | server shutting down | server is down | server busy | system busy | too busy | server too busy
      overload | load average | load too high | resources exceeded | not implemented | command not recognized | unrecognized command
      command unrecognized | unknown command | invalid command | syntax error | bad sequence | out of sequence | protocol error
      parameter not implemented | bad command | unexpected response | storedrv | mapiexception | corrupt | service not available closing
      incorrectly constructed | systemfehler | interner fehler | erreur systeme | erreur interne | error del sistema | error interno
      erro interno | errore interno | внутренняя ошибка | ошибка сервера | временная ошибка | 系统错误 | 系统繁忙 | サーバーエラー | システムエラー`,
  },
  {
    category: 'remote-system',
    weight: 1,
    phrases:
      'temporary failure | temporary error | resources temporarily | service unavailable | service not available | temporarily unavailable | temporarily deferred | temporarily rejected | try again later | try again | mailbox busy | mailbox in use | internal | action aborted',
  },
];
