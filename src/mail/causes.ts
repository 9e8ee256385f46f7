// The phrases that say why a delivery failed, as the one list made of the causes-*.ts tables.
import type { Cause } from './cause.ts';
import { ADDRESS_CAUSES } from './causes-address.ts';
import { CONTENT_CAUSES } from './causes-content.ts';
import { DELIVERY_CAUSES } from './causes-delivery.ts';
import { SENDER_CAUSES } from './causes-sender.ts';
import { PROVIDER_CAUSES } from './provider-codes.ts';

export const CAUSES: readonly Cause[] = [
  ...PROVIDER_CAUSES,
  ...ADDRESS_CAUSES,
  ...CONTENT_CAUSES,
  ...SENDER_CAUSES,
  ...DELIVERY_CAUSES,
];
