// What servers say when it is the message: its size, that it looks like spam, a virus, an attachment, or its form. Weights: cause.ts.
import type { Cause } from './cause.ts';

export const CONTENT_CAUSES: readonly Cause[] = [
  {
    category: 'message-too-large',
    weight: 3,
    phrases: `message too large | message is too large | message size exceeds | message file too big | message too big | message is too big
      message too long | message length exceeds | message exceeds | message larger than | message size limit | message size is over
      message size too large | message was too large | message size * exceed | exceeds size limit
      exceeded the maximum incoming message size | exceeds maximum message size | exceeds fixed maximum | exceeds the maximum size
      exceeds max message size | exceeded max message size | exceeds maximum size | exceeds maximum allowed | exceeds size of
      exceeds limit size | maximum message size | max message size | mail size limit exceeded | mailsize limit | nachricht ist zu groß
      nachricht zu groß | nachrichtengröße | mail size exceeds | mail is too large | mail too large | mail too big | mail size too large
      mail data is too big | size limit exceeded | size exceeds maximum | exceeded maximum size | over maximum message size
      body too large | body too long | attachment too large | attachments too large | attachment size | data size exceeded
      email size exceeds | email is too large | email too large | content too large | transmitted data larger
      larger than the current system limit | larger than the maximum | line limit exceeded for message | too big for the recipient
      too large for this recipient | taille du message | message trop volumineux | message trop gros | depasse la taille
      nachricht ist zu gross | nachricht zu gross | nachrichtengrosse | mensaje demasiado grande | tamano del mensaje | tamano maximo
      mensagem muito grande | tamanho da mensagem | messaggio troppo grande | dimensione del messaggio | bericht is te groot
      wiadomosc jest zbyt duza | zprava je prilis velka | размер письма | размер сообщения | письмо слишком большое | サイズが大きすぎ | サイズ制限を超え
      メールサイズ | 邮件太大 | 邮件大小超过 | 邮件过大 | 超过限制大小`,
  },

  {
    category: 'spam-content',
    weight: 3,
    phrases: `spam detected | spam message | message is spam | as spam | like spam | is spam | was spam | being spam | spam content | spam mail
      spam email | spam score | spam threshold | spam filter | spam probability | spam or virus | spam not accepted | spam rejected
      spam refused | spamassassin | is probably spam | possible spam | probable spam | suspected spam | high spam | considered spam
      classified as spam | identified as spam | identified spam | scored as spam | looks like spam | appears to be spam
      appears to be unsolicited | contains spam | blocked for spam | blocked by spam | refused as spam | rejected as spam
      rejected due to spam | rejected for spam | rejected by spam | antispam | antispam policy | detected as spam | tagged as spam
      marked as spam | this is spam | spammy | unsolicited bulk | unsolicited mail | unsolicited email | unsolicited commercial
      junk mail | considered ube | content rejected ube | bulk mail | bulk email | phishing | scam | blackholed url | blacklisted url
      blocked url | listed in surbl | url in * blacklist | uribl | surbl | in the message body is listed | body contains * listed
      domain in the message is listed | link in * is blacklisted | rejected by bayes | statistical filter | dspam | razor2 | rspamd
      cloudmark | content was identified | potential spam | junkmail rejected | rejected because it contains * spam
      spamhaus.org/query/dbl | spamhaus.org/dbl | als spam | spamverdacht | considere comme spam | considere comme du spam | como spam
      considerado spam | correo no deseado | lixo eletronico | come spam | jako spam | похоже на спам | как спам | признано спамом
      является спамом | спам | 迷惑メール | スパム | 垃圾邮件 | 垃圾郵件 | 스팸`,
  },
  {
    category: 'spam-content',
    weight: 2,
    phrases: `message content rejected | rejected by content filter | content filter rejected | content rejected | rejected due to content
      rejected by filter | rejected by our filter | filtered by | message contains * blocked | unwanted content | unacceptable content
      message content is not allowed | blocked by content | because of its content | mail rejete | mail rejected due to
      message refused by * filter`,
  },
  {
    category: 'spam-content',
    weight: 1,
    phrases: 'spam',
  },

  {
    category: 'content-rejected',
    weight: 3,
    phrases: `virus detected | contains a virus | contains virus | virus found | infected | virus infected | malware | trojan | virus in message
      virus was found | virus: | infected with | contains malware | a virus | message contains worm | bad attachment | attachment type
      attachment not allowed | attachments not allowed | blocked attachment | file type not allowed | file extension
      forbidden attachment | illegal attachment | executable attachment | dangerous attachment | suspicious attachment | banned file
      banned: | banned content | banned name | banned attachment | attachment * blocked | attachment is not allowed
      mime type not allowed | prohibited attachment | prohibited content | unallowed attachment | content blocked for security
      because its content presents a potential security issue | blocked because its content | p=blockedmessage | macro | bare lf
      bare line feed | bare cr | bare newline | bare <lf> | stray cr | stray newline | invalid line ending | improper use of 8-bit data
      8-bit data in message header | 8bit data in header | non-ascii character | invalid header | header syntax | headers are malformed
      malformed header | malformed message | malformed mime | malformed mail | bad header | bad headers | header too large
      headers too large | header size exceeds | header is missing | headers missing | missing header | missing required header
      missing message-id | missing date header | missing from | missing subject | no from header | no valid from | from header is missing
      from header * missing | multiple from | multiple addresses in from | duplicate header | more than one from | more than one header
      message is not rfc | not rfc compliant | not rfc 2822 | not rfc 5322 | rfc 5322 | rfc 2822 | rfc 822 compliant | rfc compliant
      violates rfc | violate rfc | line too long | lines too long | line length | maximum line length | message has a line
      contains lines longer | too many mime | too many received | mime structure | unsupported charset | character set not
      conversion is required | conversion failed | content conversion | message is not mime | mime header | unparseable | unparsable
      smtputf8 | internationalized | 8bitmime | unencoded | empty message | message body is empty | no message body | not conform to rfc
      html tag | virus gefunden | enthalt einen virus | virus decouvert | contient un virus | contiene virus | contiene un virus
      contem virus | вирус | ウイルス | 病毒`,
  },
  {
    category: 'content-rejected',
    weight: 2,
    phrases:
      'virus | message format | content error | invalid message | unable to parse message | message header error | syntactically invalid header',
  },
];
