// What servers say when it is the recipient: nobody of that name, no such domain, moved, disabled, full, or refusing. English first, then the
// languages in which mail programs and providers answer. Type and meaning of the weights: cause.ts.
import type { Cause } from './cause.ts';

export const ADDRESS_CAUSES: readonly Cause[] = [
  // Answers to RCPT of Postfix, sendmail, Exim, qmail with chkusr, Exchange, Domino, Zimbra, MDaemon, CommuniGate, Dovecot and cPanel.
  {
    category: 'address-unknown',
    weight: 2,
    who: true,
    phrases: `user unknown | unknown user | user not found | no such user | no such mailbox | no such recipient | no such address
      no such account | no such person | no such local user | no such email | no such name | no such alias | no such customer | no such id
      no such subscriber | unknown recipient | recipient unknown | unknown address | address unknown | addressee unknown | unknown account
      account unknown | unknown mailbox | mailbox unknown | unknown local part | unknown localpart | unknown localuser
      unknown local user | unknown email | unknown virtual mailbox | unknown alias | unknown destination address | unknown or illegal
      unknown or invalid | unknown username | unknown user name | unknown address error | user is unknown | recipient is unknown
      is not known | not known at this site | user not known | not a known user | user @ unknown | user * unknown here | user invalid
      user does not exist | user doesn't exist | users does not exist | users doesn't exist | recipient does not exist
      recipient doesn't exist | account does not exist | account doesn't exist | address does not exist | address doesn't exist
      mailbox does not exist | mailbox doesn't exist | email does not exist | does not exist in our | does not exist on this
      does not exist here | doesn't exist here | does not exist at | no longer exists | you tried to reach does not exist
      domain does not have such | does not have an account here | does not have a * account | doesn't have a * account
      don't have a * account | don't have an account | doesn't have an account | not have a mailbox here | invalid recipient
      recipient invalid | recipient is invalid | invalid user | invalid mailbox | invalid address | address invalid | invalid account
      invalid local part | invalid rcpt | invalid email address | address is invalid | email address not found | illegal user
      illegal alias | illegal recipient | bad destination mailbox | bad destination email | bad recipient | bad address
      not a valid mailbox | not a valid user | not a valid recipient | not a valid email | not valid recipient | not a local user
      not valid user | is not valid for | no valid recipient | no valid rcpt | not our customer | not our user | not a user here
      mailbox not found | recipient not found | account not found | address not found | address was not found | address couldn't be found
      address could not be found | user could not be found | recipient could not be found | could not find recipient
      can't find recipient | mailbox not exist | user not exist | account not exist | recipient not exist | address not exist
      user no exist | user not here | mailbox not available here | not listed in * directory | not in directory | not in the directory
      not on file | not a subscriber | no mailbox here | no mailbox by that name | no mailbox with that name | no user here
      no user by that name | no account by that name | no account here | no account with * address | no email account
      no one by that name | nobody here by that name | nobody by that name | is not a member of this domain | is not a registered user
      not registered user | unregistered user | unregistered recipient | unrouteable local part | unroutable user | cannot find user
      can't find user | couldn't find user | can not find user | unable to find user | unable to validate recipient
      cannot verify recipient | recipient verify failed | recipient unrecognized | unrecognized recipient | unrecognized address
      not recognized | unresolvable address | unresolved recipient | ambiguous recipient | ambiguous address | no matching mailbox
      no match for | no matches to nameserver query | recipient rejected user | isn't a valid recipient | local user unknown
      account is not available | not an active address | user name is unknown | mailbox name not allowed | undeliverable address
      undelivered address | delivery to this address is not possible | doesn't handle mail for that user | doesn't know anyone
      no longer on server | no longer valid | is no longer available | no longer an employee | recipient no longer | user no longer
      has left the company`,
  },
  // The same where the words leave no doubt who says it: the server's own directory, or the report's heading about the recipient.
  {
    category: 'address-unknown',
    weight: 3,
    phrases: `recipient name is not recognized | unknown user: | unknown recipient: | not listed in domino directory
      not listed in public name & address | invalid final delivery userid | no valid recipients for this mm | user not listed in
      no mailbox here by that name | this address no longer accepts mail | recipient's email address was not found
      email address you entered couldn't be found | wasn't found at | couldn't be found or is misspelled | the address couldn't be found
      resolver.adr.recip | one or more of the recipients are not a valid user | unable to deliver message to @ and other recipients
 does not have a final email delivery point | unknown in virtual mailbox table
      address you sent your message to wasn't found | group you tried to contact * does not exist`,
  },
  // Postfix names the stage only (reject_unlisted_recipient without reason); Microsoft answers so for addresses its directory does not have.
  {
    category: 'address-unknown',
    weight: 2,
    phrases: 'recipient address rejected: access denied | requested action not taken: mailbox unavailable',
  },
  {
    category: 'address-unknown',
    weight: 1,
    who: true,
    phrases: `recipient address rejected | recipient rejected | mailbox unavailable | bad user | invalid mailbox name | does not exist
      doesn't exist | unable to find | not exist | existiert nicht | nicht gefunden | no existe | non esiste | nao existe | nao encontrado
      no encontrado | introuvable | inconnu | unbekannt | sconosciuto | desconocido | desconhecido | nie istnieje | neexistuje
      no one here by that name | nobody here | does not like recipient | mailbox name invalid | check the recipient
      double-checking the recipient`,
  },
  {
    category: 'address-unknown',
    weight: 2,
    phrases: `empfanger unbekannt | unbekannter empfanger | adressat unbekannt | benutzer unbekannt | unbekannter benutzer
      mailbox existiert nicht | postfach existiert nicht | adresse existiert nicht | benutzer existiert nicht
      empfangeradresse nicht gefunden | konnte nicht gefunden werden | utilisateur inconnu | destinataire inconnu | adresse inconnue
      destinataire invalide | compte inexistant | boite inexistante | n'existe pas | adresse d'au moins un destinataire invalide
      adresse email introuvable | adresse introuvable | boite aux lettres inconnue | usuario desconocido | destinatario desconocido
      usuario no existe | cuenta no existe | direccion no existe | buzon no existe | no existe el usuario | la direccion no se encontro
      no se encontro la direccion | usuario inexistente | destinatario inexistente | no existe la cuenta | usuario desconhecido
      destinatario desconhecido | usuario nao existe | usuario nao encontrado | conta nao existe | endereco nao encontrado
      utente sconosciuto | destinatario sconosciuto | utente inesistente | utente non esiste | no existe ese usuario | no existe dicha
      indirizzo inesistente | indirizzo non trovato | casella inesistente | onbekende gebruiker | gebruiker onbekend | adres bestaat niet
      adres niet gevonden | bestaat niet | okand anvandare | okand mottagare | ukjent bruker | ukendt modtager | tuntematon vastaanottaja
      nieznany uzytkownik | nie ma takiego uzytkownika | adresat nieznany | konto nie istnieje | adres nie istnieje | uzivatel neexistuje
      neznamy uzivatel | schranka neexistuje | adresa neexistuje | ismeretlen cimzett | kullanici bulunamadi | alici bulunamadi
      пользователь не найден | нет такого пользователя | такого пользователя нет | неизвестный пользователь | получатель не найден
      почтовый ящик не найден | ящик не существует | адрес не найден | не существует почтового ящика | адреса не існує | 宛先がみつかりませんでした
      宛先が見つかりません | メールアドレスが見つかりません | 存在しないメールアドレス | ユーザーは存在しません | アドレスが存在しません | あて先が見つかりません | 宛先不明 | 宛先のメールアドレスは存在しません | 用户不存在 | 用户名不存在
      收件人不存在 | 邮箱不存在 | 地址不存在 | 无此用户 | 帐号不存在 | 账号不存在 | 使用者不存在 | 查無此人 | 收件人邮件地址不存在 | 사용자를 찾을 수 없 | 존재하지 않는 | 수신자를 찾을 수`,
  },

  {
    category: 'domain-unknown',
    weight: 3,
    phrases: `host unknown | unknown host | name or service not known | unknown domain | domain unknown | no such domain | domain does not exist
      domain doesn't exist | domain not exist | domain not found | host not found | host or domain name not found | dns lookup failure: host * not found | nonexistent domain
      non-existent domain | nxdomain | couldn't find any host named | couldn't find a mail exchanger | couldn't find any host by that name
      cannot find a mail exchanger | no mail exchanger | no mx record | no mx found | no mx or a record | mx lookup failed | has no mx
      invalid domain name for recipient | illegal host/domain name found | illegal host | no route to domain | invalid recipient domain
      unrouteable mail domain | unroutable domain | unrouteable address | unroutable address | unrouteable domain | no valid hosts
      no valid mail server | all relevant mx records point to non-existent hosts | lookup found no * mx
      name service error * host not found | dns lookup * returned nothing | dns server returned answer with no data
      recipient domain does not exist | recipient's domain * not exist | the domain * couldn't be found
      because the domain * couldn't be found | mail domain does not exist | bad destination host | bad destination system | dns hard error
      dns type * responded with code nxdomain | infodomainnonexistent | domain * is not hosted here | unresolvable domain
      unresolvable relay host name | no dns entry | domain nicht gefunden | domain existiert nicht | domaine inconnu | domaine inexistant
      dominio no existe | dominio desconocido | dominio inesistente | dominio nao existe | домен не найден | домен не существует | 域名不存在
      宛先ドメインが見つかりません | ドメインが存在しません`,
  },
  // RFC 7505: the owner says that the domain takes no mail; RFC 1846 (521) and RFC 7504 the same for a host.
  {
    category: 'domain-unknown',
    weight: 3,
    phrases: `null mx | nullmx | indicated no smtp service | does not accept mail | doesn't accept mail | does not accept email
      doesn't receive email | does not receive mail | does not handle mail | system not accepting network messages
      host does not accept mail | domain does not accept | mx record of a domain is a single dot | this host never accepts mail`,
  },

  {
    category: 'address-moved',
    weight: 3,
    phrases: `has moved | recipient moved | user moved | mailbox moved | user has moved | address has changed | address changed to
      new address is | has been changed to | has been replaced by | user not local please try | please try @ | please use @ instead
      replaced by @ | recipient no longer on server | user has left | account has been moved | mailbox has been moved | moved to another
      no forwarding address | please update your address book | changed his email | changed her email | changed my email | hat gewechselt
      neue adresse lautet | nouvelle adresse | nueva direccion | nuovo indirizzo | adresse geandert | adresse a change`,
  },

  {
    category: 'mailbox-disabled',
    weight: 3,
    phrases: `mailbox disabled | mailbox * is disabled | mailbox * is suspended | mailbox * is inactive | disabled mailbox | mailbox is disabled
      mailbox currently suspended | mailbox suspended | mailbox is suspended | mailbox is frozen | mailbox frozen | mailbox is inactive
      inactive mailbox | mailbox inactive | mailbox is locked | mailbox locked | mailbox unavailable or access denied | mailbox is blocked
      mailbox not accepting messages | mailbox has been disabled | mailbox has been suspended | mailbox for * is disabled
      mailbox temporarily disabled | mailbox currently unavailable | mailbox deactivated | mailbox has been deactivated
      mailbox has been blocked | account disabled | account is disabled | account * has been suspended | account * has been disabled
      account * is disabled | account * is suspended | account @ is not active | user * is suspended | user is terminated
      account has been disabled | account that you tried to reach is disabled | account has been suspended | account suspended
      account is suspended | account deactivated | account is deactivated | account has been deactivated | account inactive
      account is inactive | account not active | account is not active | inactive account | disabled account | suspended account
      account expired | account has expired | account is locked | account locked | account has been locked | account blocked
      account is blocked | account closed | account has been closed | account is closed | account cancelled | account terminated
      account has been terminated | account is temporarily | account temporarily unavailable | account has been inactive
      account is currently | account not activated | accounts is disabled | user disabled | user is disabled | user suspended
      user is suspended | user inactive | user is inactive | user not active | inactive user | disabled user | user account disabled
      user * temporary locked | user * is locked | user locked | user deactivated | user has been disabled | recipient disabled
      recipient is disabled | recipient suspended | recipient is suspended | recipient inactive | recipient is inactive
      disabled recipient | suspended recipient | inactive recipient | invalid/inactive user | invalid or inactive user
      disabled or discontinued | recipient not active | address disabled | address is disabled | address has been disabled
      address suspended | address is no longer active | address no longer active | no longer active | not active yet
      has been discontinued | email address is inactive | domain disabled | domain is disabled | domain suspended
      domain has been suspended | service has been suspended | temporarily suspended | currently suspended | recipient has been disabled
      blocked due to inactivity | boite desactivee | compte desactive | compte suspendu | postfach deaktiviert | konto gesperrt
      postfach gesperrt | konto deaktiviert | cuenta deshabilitada | cuenta suspendida | cuenta desactivada | cuenta inactiva
      conta desativada | conta suspensa | conta inativa | account disattivato | casella disabilitata | casella sospesa | konto zablokowane
      konto nieaktywne | ящик заблокирован | аккаунт заблокирован | пользователь заблокирован | アカウントは無効 | 利用停止 | 帐号被禁用 | 账号被禁用 | 邮箱被禁用
      邮箱已停用 | 用户被禁用 | 用户被锁定 | 휴면 계정`,
  },

  {
    category: 'mailbox-full',
    weight: 3,
    phrases: `mailbox full | mailbox is full | mailbox too full | mailbox was full | mailbox are full | full mailbox | mailfolder is full
      inbox is full | inbox full | mail box full | mail box is full | mailbox size limit | mailbox limit exceeded | mailbox has exceeded
      mailbox exceeded | mailbox would exceed | mailbox has reached | mailbox quota | mailbox over quota | mailbox over limit
      mailbox storage | mailbox disk quota | mailbox space | mail quota exceeded | mail file size exceeds | quota exceed | quota violation
      quota full | quota reached | quota limit | quota usage | exceeded quota | exceeded * quota | exceeding their quota | exceeds quota
      exceed quota | exceeds the quota | exceeds * quota | exceed * quota | over quota | overquota | over disk quota | over its quota
      over the quota | over their quota | over his quota | over storage limit | out of quota | disk quota | would be over quota
      user quota | storage quota | would exceed * quota | would exceed mailbox | would exceed maximum allowed storage | out of storage
      out of storage space | no storage space | not enough storage space | not enough space in * mailbox | not enough space
      insufficient space in mailbox | insufficient mailbox | mailbox insufficient | allocated storage | exceeded storage allocation
      exceeded its storage | exceeded the storage | exceeded the space | exceeded maximum mailbox | exceeded their mailbox
      maildir over quota | maildir delivery failed user * disk quota | no space in mailbox | no room in mailbox | no room left in mailbox
      user has exhausted | user is over | user has too many messages | account is full | account full | too many messages in mailbox
      too many messages on this mailbox | too much mail in | messages in recipient's mailbox exceeded | recipient's mailbox is full
      recipient storage full | recipient storage exceeded | recipient exceeded | recipient overquota | recipient reached disk quota
      mail system full for recipient | storage exceeded | mail storage limit | box is full | delivery failed over quota | postfach voll
      postfach ist voll | mailbox ist voll | speicherplatz * erschopft | quota uberschritten | speicherkontingent
      kontingent uberschritten | boite pleine | boite aux lettres pleine | boite de reception est pleine | quota depasse
      messagerie pleine | messagerie est pleine | espace de stockage | buzon lleno | buzon esta lleno | cuota excedida | excedido su cuota
      ha superado la cuota | bandeja de entrada esta llena | espacio insuficiente | caixa cheia | caixa postal cheia
      caixa de entrada esta cheia | caixa de correio cheia | cota excedida | quota excedida | excedeu o limite | casella piena
      casella di posta piena | casella * e piena | spazio esaurito | quota superata | postvak vol | postvak is vol | mailbox vol
      skrzynka pelna | przepelniona | przekroczony limit * skrzynk | schranka je plna | plna schranka | postakutusu dolu
      posta kutusu dolu | ящик переполнен | переполнен почтовый ящик | почтовый ящик * переполнен | превышена квота
      превышен размер ящика | 一杯のため | 一杯で | いっぱいのため | いっぱいです | メールボックスが一杯 | メールボックスの容量 | 容量を超え | 容量オーバー | 邮箱已满 | 邮箱空间不足 | 收件箱已满 | 空间已满
      信箱已滿 | 郵箱已滿 | 用户邮箱空间 | 용량이 초과 | 용량 초과 | 사서함이 꽉`,
  },
  {
    category: 'mailbox-full',
    weight: 2,
    phrases:
      'insufficient storage | quota | exceeded storage | exceeds the maximum number of messages | mailbox capacity',
  },

  // The recipient, or a filter of theirs, does not want it. That the address exists may be true or not.
  {
    category: 'recipient-refused',
    weight: 3,
    phrases: `badrcptto list | following recipients was rejected by a remote mail server | recipient preferences | refused by recipient
      rejected by recipient | rejected by the recipient | recipient refused | recipient has rejected | recipient does not wish
      recipient doesn't want | recipient does not accept | recipient is not accepting | recipient rejects | recipient has blocked
      does not accept mail from you | user refuses to | user reject | refuses all mail | is not accepting mail | is not accepting any mail
      not accepting mail from | not accepting messages from | refused to accept mail | user refused | recipient's email settings
      domain filter | blocked by recipient | blocked by the recipient | restricted by recipient | by user configuration
      user's configuration | rejected by user | due to recipient | due to personal | user filter | on suppression list | suppression list
      suppressed address | recipient suppressed | in suppress list | is suppressed | unsubscribed address | previously bounced address
      bounced address | 受信拒否 | 受信者の設定 | メール拒否 | 指定受信 | 対方拒收 | 收件人拒收 | 被收件人拒绝 | 拒收`,
  },
];
