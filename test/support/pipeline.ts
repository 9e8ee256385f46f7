// A drain that believes nothing and suppresses nobody, for tests that are about other things.

import type { Correlation, SuppressionPolicy } from '../../src/model-pipeline.ts';
import type { Pipeline } from '../../src/store/reports.ts';

export const NO_CORRELATION: Correlation = { token: null, address: null, signed: false, originalHeaders: {} };

export const NO_SUPPRESSION: SuppressionPolicy = {
  trust: 'signed',
  complaintTrust: 'signed',
  rules: {
    'address-unknown': null,
    'domain-unknown': null,
    'address-moved': null,
    'mailbox-disabled': null,
    'mailbox-full': null,
    'recipient-refused': null,
    'message-too-large': null,
    'spam-content': null,
    'content-rejected': null,
    'sender-reputation': null,
    'auth-failure': null,
    policy: null,
    'rate-limited': null,
    network: null,
    'remote-system': null,
    unknown: null,
    complaint: null,
  },
};

/** For a DrainContext. */
export const NO_BOUNCES: Pick<Pipeline, 'policy' | 'correlate'> = {
  policy: NO_SUPPRESSION,
  correlate: () => NO_CORRELATION,
};

/** For a Batch. */
export const NO_PIPELINE: Pipeline = { ...NO_BOUNCES, mailbox: 'inbox', tellStored: false };
