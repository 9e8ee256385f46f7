// What servers say when it is the sender: the reputation of the address or network, failed authentication of the domain, rules about who may send, and sending
// too much. Weights: cause.ts. The codes and list names of providers are in provider-codes.ts.
import type { Cause } from './cause.ts';

export const SENDER_CAUSES: readonly Cause[] = [
  {
    category: 'auth-failure',
    weight: 3,
    phrases: `dmarc | spf check | spf fail | spf validation | spf record | spf hard fail | spf softfail | spf authorization | spf policy
      spf test | spf: fail | per spf | fails spf | failed spf | did not pass spf | not pass spf | does not pass spf
      sender policy framework | spf permanent error | spf permerror | spf unauthorized | not authorized by spf | rejected by spf
      because of spf | dkim fail | dkim check | dkim signature | dkim validation | dkim verification | no dkim | dkim = did not pass
      dkim did not pass | bad dkim | invalid dkim | missing dkim | failed dkim | unauthenticated email | sender is unauthenticated
      unauthenticated mail | does not have authentication information | message authentication | fails authentication
      failed authentication checks | not authenticated domain | sender authentication failed | domain authentication
      is not allowed to send from | is not allowed to send mail from | not authorized to send mail for
      not authorized to send on behalf of | not permitted sender | not designated mail server | does not designate
      is not authorised to send | ip not authorized to send | domainkeys | arc validation | authentication-results
      required authentication level | authentication requirement | email authentication`,
  },
  {
    category: 'auth-failure',
    weight: 3,
    phrases: `starttls is required | starttls required | must issue a starttls | issue a starttls | need starttls | starttls first
      starttls failed | failed starttls | starttls not | does not support starttls | does not support tls | tls is required | tls required
      tls connection * required | require tls | requires tls | must use tls | tls negotiation | tls handshake | tls not available
      tls currently not available | tls session | tls error | cannot start tls | could not negotiate tls | encryption needed
      encryption required | encryption is required | encrypted connection | server certificate | certificate not trusted
      certificate verif | certificate has expired | certificate expired | untrusted certificate | certificate is not valid | ssl handshake
      mta-sts | tlsa | dane validation | requiretls`,
  },

  {
    category: 'sender-reputation',
    weight: 3,
    phrases: `blacklisted by | blacklisted at | blacklisted in | is blacklisted | ip blacklisted | listed at | listed in rbl | in a rbl
      listed in dnsbl | in a black list | on a black list | in blacklist | in our blacklist | on blacklist | on our blacklist
      on our block list | on our blocklist | on our deny list | in our block list | in our local blacklist | local blacklist | blocklisted
      on a blocklist | on blocklist | black list | blocklist | block list | dnsbl | in rbl | an rbl | by rbl | our rbl | on rbl
      real-time black | realtime black | blocked using | blocked by using | blocked by rbl | blocked by dnsbl | rejected by rbl
      rejected by dnsbl | found in * dnsbl | found on one or more | bad reputation | poor reputation | low reputation | reputation
      ip reputation | sender reputation | poor sender | ip has been blocked | ip address has been blocked | ip blocked | blocked ip
      ip is blocked | ip address is blocked | ip address blocked | banned sending ip | your server has been blocked
      your mail server has been | banned ip | ip address * rejected | connections from * blocked
      messages from * temporarily deferred due to | user complaints | too many complaints | spam source | known spam | known spammer
      spammer | spamming | spam has been received from | received spam from | sending spam | sends spam | spam sent from | open relay
      open proxy | compromised | botnet | dynamic ip | dynamic address | dynamic pool | dialup | dial-up | residential ip
      generic hostname | generic ptr | consumer ip | end user ip | client host rejected | client host blocked | client host * blocked
      client rejected | host rejected | host blocked | blocked host | sending mta's poor reputation | mta's poor reputation
      server ip * listed | server has been blocked | refused due to * ip | unfortunately messages from
      temporarily rate limited due to ip reputation | temporarily deferred due to unexpected volume | rejected due to reputation
      sender's reputation | reputation filtering | suspicious activity | bad neighborhood | invalid ip for sending mail
      use the smtp server of your isp | use your isp | use your provider's | may not be mail exchanger | connection refused by policy
      esmtp not accepting connections | not accepting connections from your | not allowed to connect | no connection allowed
      email from your * blocked | envelope blocked | helo name | bad helo | helo rejected | helo command rejected | invalid helo
      helo/ehlo | forged helo | my name was rejected | listado en lista negra | lista negra | liste noire | schwarze liste | sperrliste
      черный список | черном списке | в чёрном | заблокирован ip | 黑名单`,
  },
  // No name for the address, or one that does not point back (RFC 1912 2.1).
  {
    category: 'sender-reputation',
    weight: 3,
    phrases: `reverse dns | rdns | ptr record | no ptr | ptr resource record | missing ptr | bad dns ptr | invalid ptr | without ptr
      without valid ptr | valid ptr | no reverse | reverse lookup | reverse hostname | cannot find your hostname
      cannot find your reverse | cannot resolve your address | unable to resolve your | cannot resolve ptr
      forward confirmed | fcrdns | hostname verification failed | does not resolve to your | dns lookup of your
      without a valid sender domain | need reverse`,
  },
  {
    category: 'sender-reputation',
    weight: 2,
    phrases: `service refuse | your ip | your network | your host is | client ip | connections from your | mail from your ip
      mail from your network | mail from ip | access from ip | ip * is on | service refused | service unavailable client host
      connection rejected | you are not allowed to send | blocked - see | blocked see | is blocked | has been blocked | access denied ip
      no smtp service | smtp service not available | blocked for abuse | blocked by | refused connection from | ip name lookup failed
      ip name possibly forged | ip name is forged`,
  },

  // Rules about who may write to whom: relaying, authenticated senders, lists, and rules that a server does not explain.
  {
    category: 'policy',
    weight: 3,
    phrases: `relaying denied | relay access denied | relaying not allowed | relay not permitted | relaying not permitted | relay denied
      relaying is prohibited | relaying prohibited | no relaying | not relay | relay prohibited | unable to relay | cannot relay
      not configured to relay | not permitted to relay | refused to relay | we do not relay | do not relay | doesn't relay
      open relay test | relay not allowed | relaying mail to | isn't allowed to be relayed | relay mail for | is not one of my domains
      isn't in my list of allowed rcpthosts | not in my list of allowed rcpthosts | rcpthosts | not a local domain | not in my domain
      mail for * is not accepted at this host | insufficient relay rights | not an open relay | domain isn't in my | not local domain
      authentication required | authentication is required | auth required | smtp authentication | smtp auth | must authenticate
      not authenticated | please authenticate | unauthenticated senders | authenticate first | must be authenticated
      requires authentication | requires that all senders are authenticated | credentials | login required | client was not authenticated
      invalid dns mx or a/aaaa resource record | only accepts mail from | only accepts messages from | accepts messages only from | restricted to | you are not permitted to send
      not allowed to send to | not permitted to send | permission to send | don't have permission | do not have permission
      may not have permission to post | not authorized to send to | you are not authorized | sender not authorized
      sender is not authorized | sender is not allowed | sender not allowed | senders not allowed | not in allowed-senders
      not allowed to post | not a member of this | not a member of the | members only | only members | not a subscriber to
      posting to this list | moderated | moderator | moderation | list is closed | post to the group | posting is not allowed
      sender address rejected | sender rejected | sender refused | sender denied | sender blocked | sender was rejected
      sender * rejected | blocked sender | banned sender | sender is on | sender is blocked | sender has been blocked
      sender is blacklisted | sender domain | domain of sender | sender's domain | sender verify failed | sender verification
      sender address * does not exist | envelope sender | return path | return-path address | from address | from domain
      mail from * rejected | mail from domain | invalid sender | bad sender | sender unknown | unknown sender | sender invalid
      sender address invalid | domain must exist | domain of sender address | does not exist sender | could not verify sender
      cannot verify sender | callout | callback | unresolvable sender | address that has been blacklisted
      is not a registered gateway user | host network not allowed | mail rejected by destination domain | rejected by destination
      administrative prohibition | administratively | administrator has | administrator rejected | prohibited by administrator
      message not accepted for policy | header error | transport rule | transport.rules | rules.reject | organization policy
      mail flow rule | restricted by | security restrictions | access control | message refused by | rejected by rule | refused by rule
      message was rejected by organization | bounce message * not accepted | null sender | empty envelope | no bounces | single recipient
      delivery not authorized | not authorised | unauthorized | unauthorised | не имеете права | aus richtliniengrunden | richtlinie
      pour des raisons de politique | politica de | accepted only from | zugriff verweigert`,
  },
  // A rule that is not explained: whatever else is said beside it is the rule.
  {
    category: 'policy',
    weight: 2,
    phrases: `not authorized | takes no mail from | accepts no mail from | local policy | policy violation | policy reasons | policy reject | policy restriction | policy rejection | due to policy
      against policy | security policy | company policy | site policy | rejected for policy | blocked by policy | violation of policy
      policy prohibits | not permitted by policy | rejected by policy`,
  },
  {
    category: 'policy',
    weight: 1,
    phrases: `access denied | rejected | not accepted | message refused | message rejected | mail refused | transaction failed | not allowed
      denied | refused | forbidden | prohibited | blocked | not permitted | command rejected | permission denied | mail rejected
      rejected by server | delivery refused | message was rejected | message has been rejected | email rejected | administrative | rejeté
      abgelehnt | rechazado | rejeitado | respinto | отклонено | отвергнуто`,
  },

  {
    category: 'rate-limited',
    weight: 3,
    phrases: `too many connections | messages per connection | message per connection | too many concurrent | too many sessions
      too many simultaneous | too many messages from | too much mail from | too many messages sent | too many recipients | too many emails
      too many mails | too many invalid recipients | too many bad | too many errors | too many failed | too many requests
      too many commands | too many transactions | connection limit | connections limit | concurrent connection
      maximum number of connections | connection rate | connection frequency | rate limit | ratelimit | rate-limited | rate limiting
      limit exceeded for sender | sending rate | message rate | at a rate that | sending limit | sent too many | sending too many
      exceeded the maximum number of messages | messages per hour | messages per day | hourly limit | daily limit | per hour
      per day limit | max number of messages | exceeded sending | exceeds the rate | exceeded the rate | exceeded allowed rate
      exceed * limit per | throttled | throttling | throttle | slow down | too fast | too quickly | flood | mail flood
      try again later * limit | volume limit | unusual rate | unusual volume | unusually high | unusual amount | suspicious rate
      quota for sending | daily sending quota | daily user sending | maximum sending rate | maximum emails per | defer excess | excessive
      greylist | graylist | greylisted | graylisted | grey-list | gray-list | greylisting in action | please try again in
      retry in * seconds | retry in * minutes | come back later | not yet been whitelisted | try again in * seconds
      try again in * minutes | deferred for * seconds | postgrey | early talker | to many connections | to many recipients
      trop de connexions | trop de messages | zu viele | demasiadas conexiones | demasiados | muitas conexoes | troppe connessioni
      troppi | слишком много | превышен лимит | слишком часто | 频率 | 连接过于频繁 | 发送过于频繁`,
  },
  {
    category: 'rate-limited',
    weight: 1,
    phrases: 'too many | try later',
  },
];
