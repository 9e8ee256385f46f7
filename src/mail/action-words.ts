// Whether words say that a delivery failed for good, still goes on, or was made. Who gave up has failed, even if the cause was temporary; who
// says that it goes on has not, though it may say "could not be delivered" as well. One table for reports without an Action field
// (explain.ts) and for those in words alone (report-delay.ts).
import type { Action } from '../model-reading.ts';
import { Phrases } from './phrase-index.ts';
import type { Spelled } from './spelling.ts';

const WORDS = new Phrases<Action>()
  // These go over the signs of a delay: `was delayed for five days and is now given up`. None may be part of what Gmail says of a delay: "You'll
  // be notified if the delivery fails permanently" (`si l'envoi échoue définitivement`).
  .add(
    'failed',
    `permanent error | permanent fatal | permanent failure | permanent delivery | failed permanently | permanently failed | permanently rejected | I've given up | giving up
    gave up | given up | not going to try again | will not be retried | will no longer be tried | will not retry | no further delivery attempts | no further attempts | no more attempts
    will be deleted from queue | deleted from queue | removed from the queue | removed from the mail queue | too long in the queue | in the queue too long
    retry timeout exceeded | retry time not reached for any host after a long | maximum retry | has been returned | could not be delivered for too long
    konnte nicht zugestellt werden | endgültig gescheitert | endgültig fehlgeschlagen | endgültig nicht | échec définitif | erreur définitive | error permanente | erro permanente | errore permanente
    постоянная ошибка | 配信できませんでした | 退信`,
  )
  .add(
    'delayed',
    `warning message only | this is a warning | this is just a warning | this is only a warning | just a warning | warning only | advisory-only | will continue to | continue to try
    continue to attempt | will continue trying | continue trying to deliver | attempts will continue | will be retried | will be tried again | will retry | will keep trying | keep trying | still trying | still being tried
    still being retried | will try again | we'll try again | will be attempted again | will be re-attempted
    not yet been delivered | not yet delivered | not been delivered yet | hasn't been delivered yet | could not yet be delivered | still undelivered
    has been delayed | is delayed | was delayed | been postponed | delivery postponed | delayed delivery | delivery delayed | message delayed | delayed mail
    transient non-fatal errors | temporary failure report | temporary problem delivering | temporary error delivering | delivery status notification (delay
    could not send message for past | could not send mail for past | mail delivery warning
    do not need to resend | don't need to resend | no action is required | do not resend your original message | will make further attempts
    wird weiterhin versucht | weitere zustellversuche | verzögert | noch nicht zugestellt | retardée | remise différée | nouvelle tentative
    se seguirá intentando | seguirá intentando | se ha retrasado | retrasado | entrega retrasada | aún no se ha entregado | continuará tentando | atrasada | adiada | ainda não foi entregue
    consegna ritardata | ritardato | è in ritardo | vertraagd | nog niet bezorgd | opóźnion | opóźnione
    задержана | доставка задерживается | доставка отложена | задержка доставки | ещё не доставлено | будет продолжать попытки
    再送を試み | 再送を続け | 配信が遅延 | 配信が遅れ | 配送が遅延 | 遅延しています | 延迟`,
  )
  .add(
    'delivered',
    `successfully delivered | was delivered to the following | has been delivered to | delivered successfully | successful mail delivery | notificationtype:delivery | notificationtype : delivery
    was successfully relayed | erfolgreich zugestellt | remis avec succès | se ha entregado | foi entregue`,
  );

/** What the words say outright, null where they leave it open. `headings`: subjects, which say "returned" of what only waits as well. */
export function actionSaid(texts: readonly Spelled[], headings: readonly Spelled[] = []): Action | null {
  const said = texts.map((text) => WORDS.find(text));
  if (said.some((found) => found.has('failed'))) return 'failed';
  if ([...said, ...headings.map((text) => WORDS.find(text))].some((found) => found.has('delayed'))) return 'delayed';
  return said.some((found) => found.has('delivered')) ? 'delivered' : null;
}
