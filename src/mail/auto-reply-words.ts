// What automatic replies say, in many languages: phrases as data, no logic but how words are made comparable. A phrase stands here when it
// tells one sort of reply from the others in a message that is known, or nearly known, to be automatic; auto-reply.ts decides that.

/** Lower-case, without accents and typographic variants, one blank between words. Phrases are written as people write and pass through here. */
export function comparable(text: string): string {
  return (
    text
      .normalize('NFKD')
      .toLowerCase()
      // The accents of European letters; the marks of kana and of Arabic stay.
      .replace(/[\u0300-\u036f]+/g, '')
      .normalize('NFC')
      // Turkish, typed with and without the dot.
      .replace(/ı/g, 'i')
      .replace(/[\u2018\u2019\u02bc\u00b4`]/g, "'")
      .replace(/[\u2010-\u2015\u2212]/g, '-')
      .replace(/[\u301c\u223c]/g, '~')
      .replace(/\s+/g, ' ')
  );
}

/** Letters of scripts that put blanks between words. */
const LETTER = /[\p{Script=Latin}\p{Script=Cyrillic}\p{Script=Greek}\p{Script=Hebrew}\p{Script=Arabic}]/u;

/** Shorter words must end where they end (`cuti` is not in `execution`); longer ones may be declined. */
const MAX_WHOLE_WORD = 6;

/** The first of the phrases that stands in a comparable text, at the beginning of a word; null without. */
export function phraseIn(text: string, phrases: readonly string[]): string | null {
  for (const phrase of phrases) {
    for (let at = text.indexOf(phrase); at >= 0; at = text.indexOf(phrase, at + 1)) {
      if (at > 0 && LETTER.test(phrase.charAt(0)) && LETTER.test(text.charAt(at - 1))) continue;
      const after = text.charAt(at + phrase.length);
      if (phrase.length < MAX_WHOLE_WORD && LETTER.test(phrase.charAt(0)) && LETTER.test(after)) continue;
      return phrase;
    }
  }
  return null;
}

const words = (phrases: string): readonly string[] => phrases.split('|').map((phrase) => comparable(phrase.trim()));

/**
 * Beginnings of a subject that only programs write, with the colon or bracket that follows them: Exchange, Gmail, GroupWise, Notes, Zimbra,
 * vacation programs and ticket systems, in the languages they are translated to.
 */
export const REPLY_PREFIXES: readonly string[] = words(
  `automatic reply: | automatic response: | automated reply: | automated response: | auto reply: | auto-reply: | autoreply: | auto response: | auto-response: |
   autoresponse: | auto-responder: | autoresponder: | autorespond: | [auto-reply] | [auto reply] | [autoreply] | (auto-reply) | automatic reply from | out of office autoreply | out of office auto-reply |
   out of office reply | automatic out of office | vacation reply: | vacation response: | vacation auto-reply | away from my mail |
   automatische antwort: | automatische antwort auf | automatisch generierte antwort: | auto-antwort: | autoantwort: | abwesenheitsnotiz | abwesenheitsmeldung: | abwesenheitsbenachrichtigung | abwesenheitsassistent |
   réponse automatique: | réponse automatique : | réponse auto: | message d'absence: | notification d'absence |
   respuesta automática: | respuesta automatica: | auto respuesta: | autorespuesta: |
   risposta automatica: | risposta automatica a | notifica di assenza |
   resposta automática: | resposta automatica: | auto resposta: |
   automatisch antwoord: | automatisch antwoord op | automatische beantwoording: | afwezigheidsbericht |
   autosvar: | automatiskt svar: | automatisk svar: | automatisk svar fra | frånvaromeddelande | fraværsbesked | fraværsmelding |
   automaattinen vastaus: | poissaoloilmoitus |
   automatyczna odpowiedź: | odpowiedź automatyczna: | autoodpowiedź: | automatická odpověď: | automatická odpoveď: |
   automatikus válasz: | automatikus valasz: | răspuns automat: | raspuns automat: | automatski odgovor: | samodejni odgovor: | автоматски одговор: | avtomatski odgovor: |
   автоматический ответ: | автоответ: | автоматична відповідь: | автовідповідь: | автоматичен отговор: |
   otomatik yanıt: | otomatik yanit: | otomatik cevap: | αυτόματη απάντηση: | automatinis atsakymas: | automātiska atbilde: | automaatne vastus: |
   תשובה אוטומטית: | מענה אוטומטי: | رد تلقائي: | پاسخ خودکار: | balasan otomatis: | balas automatik: | trả lời tự động: | ตอบกลับอัตโนมัติ: | การตอบกลับอัตโนมัติ: |
   自動応答: | 自動応答 | 自動返信: | 【自動返信】 | [自動返信] | 自動返信メール | 不在通知: | 不在応答 | 自动答复: | 自动回复: | 自动回复 | [自动回复] | 自動回覆: | 自動回覆 | 外出自动回复 | 자동 회신: | 자동회신: | 자동 응답: | 부재중 알림`,
);

/** Beginnings that are also those of a person's own note or of an entry in a calendar. */
export const ABSENCE_PREFIXES: readonly string[] = words(
  `out of office: | out-of-office: | abwesend: | absence du bureau: | absent du bureau: | fuera de la oficina: | fuera de oficina: | fuori sede: | fuori ufficio: | ausência temporária: | fora do escritório: | afwezig: | niet aanwezig: | frånvaro: | fravær: | ikke til stede: | ikke på kontoret: | poissa: | poissa toimistosta: | poza biurem: | nieobecność: | mimo kancelář: | házon kívül: | odsutan: | вне офиса: | нет на работе: | ofis dışında: | 不在辦公室: | 不在办公室: | 부재중: | [부재중] | messaggio automatico: | automatisch bericht:`,
);

/** Of a subject that says no more than that it was answered by itself. */
export const REPLY_WORDS: readonly string[] = words(
  'auto reply | auto-reply | autoreply | automatic reply | auto response | auto-response | autoresponse | automated response | automated reply | vacation | vacation message',
);

/** Replies that ask the sender to prove to be a person. */
export const CHALLENGE: readonly string[] = words(
  `challenge-response | challenge/response | prove you are human | prove that you are human | prove you're human | prove that you are a human | confirm that you are human | confirm you are a human | verify that you are human | verify you are human | verify that you are a real person |
   you are a real person | verify your identity as a sender | sender verification | sender address verification | verify you are a legitimate sender | verify that you are the sender | confirm that you sent | confirm you sent | confirm your message to | verify your email to | please confirm delivery of your message |
   not yet in my list of approved senders | not on my list of approved senders | not in my approved | not on my approved | add you to my approved | add yourself to my | to be added to my allowed senders | approved senders list | approved sender list | allowed senders list | accepted senders list | not on the guest list | not on their guest list | not yet on the guest list | my guest list | guest list request |
   your message is being held until | your message has been held until | your message will be held until | message will be delivered once you | release your message for delivery | release the message for delivery | before your message can be delivered | before it will be delivered | your message is awaiting verification | is waiting for your confirmation | has not been delivered yet because i do not recognize | this one-time | one-time confirmation | one time verification |
   spamblocker-challenge | spam arrest | spamarrest.com | boxbe.com | mailinblack | bitbounce | sendio | choicemail | qurb | vanquish | bluebottle | tmda | active spam killer | knowspam | antispam uol | spamlion | mailblocks | anti-spam system requires |
   captcha | cliquez sur le lien suivant pour que votre message | vous authentifier une seule fois | pour que votre message soit délivré | authentifier votre message | confirmez que vous n'êtes pas un robot | prouver que vous |
   bestätigen sie, dass sie | bestätigen sie bitte ihre nachricht | damit ihre nachricht zugestellt | bevor ihre nachricht zugestellt | ihre e-mail wird erst zugestellt | ihre nachricht wird erst zugestellt |
   confirme que es una persona | confirmar que usted es | para que su mensaje sea entregado | para que sua mensagem seja | confirmação de remetente | para liberar sua mensagem | confermare che il messaggio | affinché il suo messaggio venga consegnato | подтвердите, что вы не робот | подтвердите отправку | bevestig dat u een mens | para que o seu e-mail seja entregue`,
);

/** Replies of or about a person who does not come back, or an address that nobody reads any more. */
export const LEFT: readonly string[] = words(
  `no longer with | no longer work | no longer employed | no longer an employee | no longer at the company | no longer part of | no longer a member of | no longer associated | no longer affiliated | not longer with | is not employed | not working for this company anymore | does not work here any | doesn't work here any | no longer here | no longer in the employ | no longer in service | no longer a student |
   has left the company | has left the firm | has left the organi | has left the university | has left the school | has left the business | has left the agency | has left the bank | has left the team | has left the institut | has left the practice | has left his position | has left her position | have left the company | have left the firm | have left the organi | have left the university | have left my position | i've left the company | i left the company | has now left | have now left | left our company | left our organization | left our organisation | have moved on from | has moved on from | has departed | has retired | have retired | i am retired | i'm retired | i retired | have resigned | has resigned | is a former employee | former employee | has ended her employment | has ended his employment | employment has ended | my last day was | my last day at | last working day was | changed jobs | has passed away |
   address is no longer | account is no longer | mailbox is no longer | email is no longer | e-mail is no longer | no longer monitored | no longer in use | no longer active | no longer valid | no longer being used | no longer used | no longer use this | no longer using this | no longer being monitored | no longer check this | address has been retired | mailbox has been closed | account has been closed | this email address has been deactivated | i have a new email address | my new email address | my new e-mail address | email address has changed | e-mail address has changed | changed my email address | changed my e-mail address |
   nicht mehr für | nicht mehr im unternehmen | nicht mehr in unserem | nicht mehr bei | nicht mehr tätig | nicht mehr beschäftigt | ausgeschieden | das unternehmen verlassen | unser unternehmen verlassen | unser haus verlassen | die firma verlassen | nicht mehr gültig | nicht mehr aktiv | nicht mehr verwendet | nicht mehr gelesen | nicht mehr abgerufen | im ruhestand | in rente | in pension gegangen | neue e-mail-adresse lautet | neue e-mailadresse | neue mailadresse |
   ne fait plus partie | ne fais plus partie | ne travaille plus | a quitté la société | a quitté l'entreprise | a quitté notre | a quitté ses fonctions | ai quitté la société | ai quitté l'entreprise | ai quitté mes fonctions | n'est plus en poste | n'est plus employé | ne suis plus en poste | n'est plus valide | n'est plus active | n'est plus utilisée | n'est plus consultée | n'est plus relevée | à la retraite | parti en retraite | ma nouvelle adresse | changé d'adresse |
   ya no trabaja | ya no forma parte | ya no pertenece | ya no está en | ya no laboro | ya no labora | ya no trabajo | ha dejado la empresa | ha dejado de trabajar | ya no está activa | ya no se utiliza | ya no es válida | ya no se encuentra | mi nueva dirección | me he jubilado |
   non lavora più | non lavoro più | non fa più parte | non faccio più parte | ha lasciato l'azienda | ho lasciato l'azienda | non è più attivo | non è più attiva | non è più in uso | non è più valido | non collabora più | in pensione | nuovo indirizzo |
   não trabalha mais | já não trabalha | não faz mais parte | já não faz parte | não faço mais parte | deixou a empresa | desligado da empresa | não está mais ativo | não é mais válido | foi desativado | aposentou |
   niet meer werkzaam | werkt niet meer | werk niet meer | niet langer werkzaam | niet meer in dienst | uit dienst | niet langer in gebruik | niet meer in gebruik | wordt niet meer gelezen | met pensioen | nieuwe e-mailadres |
   har slutat | slutat på | arbetar inte längre | jobbar inte längre | har gått i pension | används inte längre | arbejder ikke længere | er fratrådt | ikke længere ansat | ikke længere i brug | har sluttet | jobber ikke lenger | arbeider ikke lenger | sluttet i | ikke lenger ansatt | ikke lenger i bruk | ei ole enää | ei työskentele enää | en työskentele enää | en ole enää | siirtynyt eläkkeelle | ei ole käytössä |
   już nie pracuje | nie pracuje już | nie pracuję już | nie jest już pracownikiem | przestał pracować | zakończył pracę | zakończyłam pracę | już nie pracuję | již nepracuje | už nepracuje | již zde nepracuje | už nepracujem | už tu nepracuje | ukončil pracovní | már nem dolgozik | nem dolgozik | már nem dolgozom | kilépett | nu mai lucrează | nu mai face parte | više ne radi |
   больше не работает | больше не работаю | уже не работает | уволился | уволилась | не является сотрудником | более не работает | более не используется | больше не используется | більше не працює | звільнився | вече не работи |
   artık çalışmamaktadır | artık çalışmıyor | şirketimizden ayrılmış | görevinden ayrılmış | işten ayrıl | δεν εργάζεται πλέον | כבר לא עובד | אינו עובד | لم يعد يعمل | sudah tidak bekerja | tidak lagi bekerja | không còn làm việc |
   退職いたしました | 退職しました | 退職致しました | 退職して | 退社いたしました | 退社しました | 退任 | 在籍しておりません | メールアドレスは変更 | メールアドレスを変更 | 使用されておりません | 已离职 | 已經離職 | 已离开公司 | 已离开本公司 | 离职了 | 不再使用 | 已不再使用 | 퇴사하였 | 퇴사했 | 퇴직하였 | 더 이상 근무하지 | 더 이상 사용하지`,
);

/** Replies of a person who comes back. */
export const VACATION: readonly string[] = words(
  `out of office | out of the office | out-of-office | out of my office | out of town | out of the country | out of the building | away from the office | away from my desk | away from my mail | away from my email | away from email | away from work | i am away | i'm away | i will be away | i'll be away | i am currently away | am currently out | i will be out | i'll be out | i am out | is currently away | is out of | is away until | away until | will be away | currently unavailable | currently traveling | currently travelling | will be traveling | will be travelling | i am traveling | i am travelling | i'm traveling | i'm travelling | on a business trip | on business travel | attending a conference |
   on vacation | on holiday | on holidays | annual leave | on leave | on parental leave | maternity leave | paternity leave | parental leave | sick leave | medical leave | on sabbatical | on pto | vacationing | vacation | ooo | o.o.o. | day off | days off | off work | limited access to email | limited access to e-mail | limited access to my email | limited email access | intermittent access | no access to email | no access to my email | without access to email | not have access to email | not have access to my email | not checking email | not be checking email | will not be reading | not in the office | not at work | not in today | in my absence | during my absence | upon my return | on my return | when i return | when i get back | when i'm back | i will return | i'll return | i return on | i'll be back | i will be back | be back in the office | back in the office | returning to the office | returning on | return to the office | office is closed | office will be closed | offices are closed | we are closed | we will be closed | closed for the holiday | my mail will be read when | i will respond when | i will not be available | i am unavailable | i am not available |
   abwesend | abwesenheit | nicht im büro | nicht im hause | nicht im haus | außer haus | ausser haus | im urlaub | in urlaub | urlaubsbedingt | auf dienstreise | auf geschäftsreise | in elternzeit | im mutterschutz | in mutterschutz | betriebsferien | betriebsurlaub | nicht erreichbar | nicht an meinem arbeitsplatz | nicht am arbeitsplatz | wieder erreichbar | wieder im büro | wieder im haus | wieder für sie | wieder zurück | bin ich zurück | krankgeschrieben | bleibt geschlossen | haben geschlossen | werden nicht weitergeleitet | wird nicht weitergeleitet | nach meiner rückkehr | ferien |
   absent | absente | en congé | en congés | en vacances | en déplacement | hors du bureau | hors bureau | congé maternité | congé de maternité | congé parental | arrêt maladie | de retour le | serai de retour | mon retour | pendant mon absence | en mon absence | indisponible | accès limité à | fermeture annuelle | serons fermés | sommes fermés | sera fermé | est fermé |
   fuera de la oficina | fuera de oficina | de vacaciones | de viaje | estoy ausente | estaré ausente | ausente | mi ausencia | a mi regreso | a mi vuelta | mi regreso | de baja por | baja maternal | permiso de maternidad | estaré de vuelta | estaremos cerrados | cerrado por vacaciones | acceso limitado |
   fuori ufficio | fuori sede | in ferie | in vacanza | sono assente | sarò assente | assente | mia assenza | al mio rientro | al mio ritorno | in maternità | in trasferta | chiuso per ferie | chiusi per ferie | chiusura estiva | chiusura aziendale | rientrerò | in malattia |
   fora do escritório | de férias | em férias | estou ausente | estarei ausente | estou fora | estarei fora | minha ausência | meu retorno | meu regresso | licença maternidade | licença de maternidade | em viagem | estarei de volta | retornarei | retorno no dia | acesso limitado |
   niet aanwezig | afwezig | met vakantie | op vakantie | vakantie | niet op kantoor | mijn afwezigheid | bij terugkomst | na mijn terugkeer | zwangerschapsverlof | ouderschapsverlof | met verlof | weer bereikbaar | weer aanwezig | terug op | zijn gesloten | is gesloten |
   på semester | har semester | inte på kontoret | är inte på plats | föräldraledig | är ledig | tjänstledig | sjukskriven | tillbaka | frånvarande | min frånvaro | på ferie | holder ferie | har ferie | ferielukket | ikke på kontoret | ikke til stede | barsel | tilbage | er tilbake | kontoret igjen | foreldrepermisjon | fravær | sykemeldt | sygemeldt | begrænset adgang |
   lomalla | olen lomalla | poissa | kesäloma | vuosiloma | palaan | äitiysloma | vanhempainvapaa | hoitovapaa |
   poza biurem | nieobecny | nieobecna | nieobecności | na urlopie | urlop | urlopie | zwolnieniu lekarskim | wracam | będę z powrotem | w delegacji | macierzyński | mimo kancelář | mimo kanceláře | na dovolené | dovolená | dovolenou | nepřítomen | nepřítomna | nepřítomnost | služební cestě | mateřské | mimo kancelárie | na dovolenke | neprítomný | házon kívül | szabadságon | szabadságomat | irodán kívül | távollétem | nem vagyok elérhető | în concediu | concediu | nu sunt la birou | lipsesc din birou | na godišnjem | godišnji odmor | odsutan | odsutna | na dopustu | nisam u uredu |
   в отпуске | отпуск | в командировке | вне офиса | отсутствую | не на рабочем месте | буду отсутствовать | на больничном | декрет | в моё отсутствие | моего возвращения | вернусь | у відпустці | відпустка | відпустці | у відрядженні | в отпуска | отпуска |
   izindeyim | izinde | tatildeyim | ofis dışında | ofiste değilim | yıllık izin | doğum iznin | seyahatteyim | σε άδεια | εκτός γραφείου | διακοπές | atostogose | atostogauju | atvaļinājumā | puhkusel | בחופשה | חופשה | מחוץ למשרד | לא במשרד | في إجازة | خارج المكتب | إجازة | مرخصی | sedang cuti | cuti | di luar kantor | tidak berada di kantor | nghỉ phép | đi công tác | vắng mặt | ลาพัก | ลาหยุด | ไม่อยู่ที่สำนักงาน |
   不在にして | 不在とな | 不在です | 不在のため | 不在通知 | 不在期間 | 不在中 | 休暇 | 夏季休業 | 年末年始 | お休みを | 休業と | 休業期間 | 出張中 | 出張して | 出張のため | 外出して | 育児休業 | 育休 | 産休 | 休みをいただ | 休假 | 度假 | 外出 | 出差 | 不在办公室 | 不在辦公室 | 请假 | 請假 | 产假 | 年假 | 휴가 | 부재중 | 출장 | 육아휴직 | 출산휴가 | 자리를 비`,
);

/** Replies that say that something arrived and will be looked at. */
export const RECEIPT: readonly string[] = words(
  `we have received your | we've received your | we received your | i have received your | have received your email | have received your message | has been received | was received by | your message was received | your email was received | your request was received | your request has been | your enquiry has been | your inquiry has been | your message has been received | your email has been received | successfully received | acknowledge receipt | acknowledgement of receipt | acknowledgment of receipt | acknowledgement | this is to confirm receipt | confirm receipt of your | confirm that we have received | confirms receipt | receipt of your email | receipt of your message |
   thank you for contacting | thanks for contacting | thank you for your email | thank you for your e-mail | thank you for your mail | thank you for your message | thank you for your enquiry | thank you for your inquiry | thank you for getting in touch | thanks for getting in touch | thanks for reaching out | thank you for reaching out | thank you for writing | thanks for writing | thank you for emailing | thanks for your email | thanks for your message | thank you for submitting | thank you for your request | thank you for your interest |
   a ticket has been | ticket has been created | ticket has been opened | has been opened | ticket number | ticket id | ticket received | ticket created | case has been created | case number | support request has been | support ticket | reference number | request received | your request (# | created a ticket | case created | we will get back to you | we'll get back to you | will respond as soon as | will reply as soon as | respond within | reply within | someone will be in touch | will be in contact | a member of our team | one of our representatives | will be processed |
   ihre anfrage | ihre nachricht ist | ihre nachricht haben | ihre e-mail ist | ihre e-mail haben | haben ihre | eingangsbestätigung | empfangsbestätigung | vielen dank für ihre | danke für ihre | wir werden uns | wir melden uns | wird bearbeitet | vorgangsnummer | ticketnummer | bearbeitungsnummer | so schnell wie möglich |
   nous avons bien reçu | avons bien reçu | accusé de réception | accusons réception | votre demande a | merci pour votre message | merci de votre message | merci pour votre mail | merci pour votre email | dans les plus brefs délais | dans les meilleurs délais | hemos recibido | acuse de recibo | gracias por contactar | gracias por su | gracias por comunicarse | gracias por escribir | a la mayor brevedad | abbiamo ricevuto | conferma di ricezione | grazie per averci contattato | la sua richiesta | al più presto | recebemos a sua | recebemos sua | recebemos o seu | recebemos seu | obrigado por entrar | obrigado pelo seu | agradecemos o seu contato | agradecemos seu contato | o mais breve possível |
   wij hebben uw | we hebben uw | uw bericht is | uw e-mail is | ontvangstbevestiging | in goede orde | bedankt voor uw | dank voor uw | zo spoedig mogelijk | vi har mottagit | tack för ditt | tack för din | vi har modtaget | tak for din | tak for deres | vi har mottatt | takk for din | mottaksbekreftelse | kiitos viestistäsi | olemme vastaanottaneet | viestisi on vastaanotettu | otrzymaliśmy | dziękujemy za | potwierdzamy otrzymanie | potwierdzenie otrzymania | zgłoszenie zostało | děkujeme za | obdrželi jsme | přijali jsme | ďakujeme za | megkaptuk | köszönjük megkeresését | köszönjük levelét | am primit | vă mulțumim pentru | zaprimili smo |
   получили ваше | ваше сообщение получено | ваше письмо получено | ваше обращение | ваш запрос | спасибо за обращение | благодарим за | заявка | зарегистрировано | отримали ваш | дякуємо за | mesajınız alınmıştır | talebiniz | teşekkür ederiz | başvurunuz | ευχαριστούμε για | פנייתך | تم استلام | شكرا لتواصلك | terima kasih telah | terima kasih atas |
   お問い合わせいただき | お問い合わせありがとう | お問合せ | 受け付けました | 受付いたしました | 受付完了 | 受信いたしました | 受領いたしました | 担当者より | 已收到 | 收到您 | 收到你 | 感谢您的来信 | 感謝您的來信 | 感谢您的 | 尽快回复 | 盡快回覆 | 尽快与您联系 | 접수되었 | 접수 되었 | 문의해 주셔서 | 메일을 받았습니다`,
);
