// Whether a report without an Action field says that delivery failed or still goes on. Who gave up has failed, even if the cause was temporary.
import type { Action } from '../model.ts';
import { Phrases } from './phrase-index.ts';
import type { Spelled } from './spelling.ts';

type Says = 'over' | 'goes-on' | 'arrived';

const WORDS = new Phrases<Says>()
  // These go over the signs of a delay: `was delayed for five days and is now given up`.
  .add(
    'over',
    `permanent error | permanent fatal | permanent failure | permanent delivery | failed permanently | permanently | I've given up | giving up
    gave up | given up | not going to try again | will not be retried | will not retry | no further delivery attempts | no further attempts | no more attempts
    will be deleted from queue | deleted from queue | removed from the queue | retry timeout exceeded | has been returned | could not be delivered for too long
    konnte nicht zugestellt werden | endgültig | échec définitif | définitivement | error permanente | erro permanente | errore permanente
    постоянная ошибка | 配信できませんでした | 退信`,
  )
  .add(
    'goes-on',
    `warning message only | this is a warning | this is just a warning | just a warning | warning only | advisory-only | will continue to | continue to try
    continue to attempt | will continue trying | attempts will continue | will be retried | will be tried again | will retry | will keep trying | keep trying | still trying | still being tried
    not yet been delivered | not yet delivered | not been delivered yet | has been delayed | is delayed | was delayed | been postponed | delayed delivery | delivery delayed | message delayed | temporary failure report
    do not need to resend | don't need to resend | no action is required | do not resend your original message | will make further attempts
    wird weiterhin versucht | weitere zustellversuche | verzögert | retardée | nouvelle tentative | se seguirá intentando | se ha retrasado | retrasado | continuará tentando | atrasada | adiada
    consegna ritardata | ritardato | vertraagd | opóźnion | opóźnione | задержана | доставка задерживается | будет продолжать попытки | 再送を試み | 配信が遅延 | 遅延しています | 延迟`,
  )
  .add(
    'arrived',
    `successfully delivered | was delivered to the following | has been delivered to | delivered successfully | successful mail delivery | notificationtype:delivery | notificationtype : delivery
    was successfully relayed | erfolgreich zugestellt | remis avec succès | se ha entregado | foi entregue`,
  );

/** `isCoded`: a failure code stands in the words. */
export function actionInWords(texts: readonly Spelled[], isCoded: boolean): Action {
  const said = texts.map((text) => WORDS.find(text));
  const has = (says: Says): boolean => said.some((found) => found.has(says));
  if (has('over')) return 'failed';
  if (has('goes-on')) return 'delayed';
  return !isCoded && has('arrived') ? 'delivered' : 'failed';
}
