// What servers and libraries say, and which code it is. A NO to a login is a wrong password only when nothing says otherwise.

import { describe, expect, it } from 'vitest';
import { type ErrorCode, MaildrainError } from '../../src/errors.ts';
import { loginError, sessionError } from '../../src/source/imap-errors.ts';

const refused = (responseText: string, serverResponseCode = '') => ({
  message: 'Command failed',
  authenticationFailed: true,
  responseStatus: 'NO',
  responseText,
  serverResponseCode,
});

const said = (responseText: string, serverResponseCode = '', responseStatus = 'NO') => ({
  message: 'Command failed',
  responseStatus,
  responseText,
  serverResponseCode,
});

describe('a refused login', () => {
  const cases: readonly [string, object, ErrorCode, string][] = [
    [
      'Gmail',
      refused('Invalid credentials (Failure)', 'AUTHENTICATIONFAILED'),
      'AUTHENTICATION_FAILED',
      'check user and password',
    ],
    [
      'Gmail',
      refused(
        'Application-specific password required: https://support.google.com/accounts/answer/185833 (Failure)',
        'ALERT',
      ),
      'AUTHENTICATION_FAILED',
      'app password',
    ],
    [
      'Gmail',
      refused('Too many simultaneous connections. (Failure)', 'ALERT'),
      'CONNECTION_LIMIT',
      'connectionsPerHost',
    ],
    [
      'Gmail',
      refused('Account exceeded command or bandwidth limits. (Failure)', 'ALERT'),
      'OVER_QUOTA',
      'comes back by itself',
    ],
    [
      'mail.ru',
      refused(
        'NEOBHODIM parol prilozheniya https://help.mail.ru/mail/security/protection/external / Application password is REQUIRED',
      ),
      'AUTHENTICATION_FAILED',
      'app password',
    ],
    [
      'Yandex',
      refused('LOGIN invalid credentials or IMAP is disabled sc=abc', 'AUTHENTICATIONFAILED'),
      'AUTHENTICATION_FAILED',
      'IMAP is switched on',
    ],
    [
      'Dovecot',
      refused('Maximum number of connections from user+IP exceeded (mail_max_userip_connections=10)', 'UNAVAILABLE'),
      'CONNECTION_LIMIT',
      'connectionsPerHost',
    ],
    [
      'Dovecot',
      refused('Temporary authentication failure. [host:2026-03-01 00:00:00]', 'UNAVAILABLE'),
      'SERVER_UNAVAILABLE',
      'not available',
    ],
    ['Exchange', refused('User is authenticated but not connected.'), 'AUTHORIZATION_FAILED', 'licence'],
    ['Exchange', refused('Server Unavailable. 15'), 'SERVER_UNAVAILABLE', 'not available'],
    ['RFC 5530', refused('no more', 'LIMIT'), 'CONNECTION_LIMIT', 'connections'],
    ['RFC 5530', refused('old', 'EXPIRED'), 'CREDENTIAL_EXPIRED', 'set a new one'],
    ['RFC 5530', refused('no', 'PRIVACYREQUIRED'), 'STARTTLS_MISSING', 'STARTTLS'],
    ['a server without words', refused('LOGIN failed.'), 'AUTHENTICATION_FAILED', 'check user and password'],
    ['imapflow', { message: 'Login is disabled', code: 'AuthenticationFailure' }, 'LOGIN_DISABLED', 'tls: starttls'],
  ];
  it.each(cases)('%s: %o is %s', (_, error, code, advice) => {
    const translated = loginError(error);
    expect(translated.code).toBe(code);
    expect(translated.message).toContain(advice);
    expect(translated.cause).toBe(error);
  });
});

describe('a command or a connection that failed', () => {
  const coded = (code: string, more: object = {}) => ({ message: code, code, ...more });
  const cases: readonly [string, object, ErrorCode][] = [
    ['Node', coded('ENOTFOUND'), 'HOST_UNKNOWN'],
    ['Node', coded('EAI_AGAIN'), 'HOST_UNKNOWN'],
    ['Node', coded('ECONNREFUSED'), 'UNREACHABLE'],
    ['Node', coded('ETIMEDOUT'), 'UNREACHABLE'],
    ['imapflow', coded('CONNECT_TIMEOUT'), 'UNREACHABLE'],
    ['imapflow', coded('GREETING_TIMEOUT'), 'UNREACHABLE'],
    ['Node', coded('ECONNRESET'), 'CONNECTION_LOST'],
    ['imapflow', coded('NoConnection'), 'CONNECTION_LOST'],
    [
      'imapflow after a BYE',
      coded('NoConnection', { reason: 'Account exceeded command or bandwidth limits.' }),
      'OVER_QUOTA',
    ],
    ['imapflow after a BYE', coded('NoConnection', { reason: 'Connection closed. 14' }), 'CONNECTION_LOST'],
    ['imapflow after a BYE', coded('NoConnection', { reason: 'Too many connections' }), 'CONNECTION_LIMIT'],
    ['Node', coded('DEPTH_ZERO_SELF_SIGNED_CERT'), 'CERTIFICATE_INVALID'],
    ['Node', coded('SELF_SIGNED_CERT_IN_CHAIN', { tlsFailed: true }), 'CERTIFICATE_INVALID'],
    ['Node', coded('ERR_TLS_CERT_ALTNAME_INVALID'), 'CERTIFICATE_INVALID'],
    ['Node', coded('CERT_HAS_EXPIRED'), 'CERTIFICATE_INVALID'],
    ['Node', coded('UNABLE_TO_VERIFY_LEAF_SIGNATURE'), 'CERTIFICATE_INVALID'],
    ['OpenSSL', coded('ERR_SSL_WRONG_VERSION_NUMBER'), 'TLS_FAILED'],
    ['imapflow', { message: 'Server does not support STARTTLS', tlsFailed: true }, 'STARTTLS_MISSING'],
    ['imapflow', { message: 'handshake', tlsFailed: true }, 'TLS_FAILED'],
    ['imapflow', coded('LiteralTooLarge'), 'PROTOCOL_ERROR'],
    ['imapflow', coded('ParserErrorExchange'), 'PROTOCOL_ERROR'],
    ['RFC 5530', said('gone', 'NONEXISTENT'), 'MAILBOX_MISSING'],
    ['RFC 5530', said('busy', 'INUSE'), 'MAILBOX_IN_USE'],
    ['RFC 5530', said('no', 'NOPERM'), 'AUTHORIZATION_FAILED'],
    ['RFC 5530', said('full', 'OVERQUOTA'), 'OVER_QUOTA'],
    ['RFC 9051', said('make it', 'TRYCREATE'), 'TARGET_MISSING'],
    ['RFC 9051', said('look only', 'READ-ONLY'), 'MAILBOX_READ_ONLY'],
    ['Yahoo', said('UID FETCH Server error while fetching messages', 'UNAVAILABLE'), 'SERVER_UNAVAILABLE'],
    ['any', said('because', ''), 'COMMAND_REFUSED'],
    ['any', said('syntax', '', 'BAD'), 'COMMAND_REFUSED'],
    ['nobody knows', { message: 'odd' }, 'BUG'],
  ];
  it.each(cases)('%s: %o is %s', (_, error, code) => expect(sessionError(error).code).toBe(code));

  it.each([
    [said('Request is throttled. Suggested Backoff Time: 299961 milliseconds', '', 'BAD'), 299961],
    [
      {
        ...said('Request is throttled. Suggested Backoff Time: 5 milliseconds'),
        code: 'ETHROTTLE',
        throttleReset: 92415,
      },
      92415,
    ],
    [said('Request is throttled.'), undefined],
    [said(`Request is throttled. Suggested Backoff Time: ${'9'.repeat(400)} milliseconds`), 999999999],
  ])('%o: the provider names %s ms', (error, ms) => {
    const translated = sessionError(error);
    expect(translated.code).toBe('SERVER_THROTTLED');
    expect(translated.retryAfterMs).toBe(ms);
  });

  it('keeps the words of the server, bounded, without control characters, and said once', () => {
    const translated = sessionError(said(`\u001b[31mno\u202e${'x'.repeat(10_000)}`));
    expect(translated.response).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    expect(translated.response?.length).toBe(500);
    expect(translated.message.length).toBeLessThan(500);
    expect(sessionError(said('only once')).message.match(/only once/g)).toHaveLength(1);
  });

  it('does not cut a character in two', () => {
    for (const before of [299, 499]) {
      const translated = sessionError(said(`${'x'.repeat(before)}\u{1F600} full`));
      expect(translated.response?.isWellFormed()).toBe(true);
      expect(translated.message.isWellFormed()).toBe(true);
    }
  });

  it('hands on what is translated already', () => {
    const error = new MaildrainError('TRASH_MISSING', 'x');
    expect(sessionError(error)).toBe(error);
    expect(loginError(error)).toBe(error);
  });

  it.each([[null], [undefined], ['text'], [42]])('is never a throw itself: %s', (thrown) => {
    expect(sessionError(thrown).code).toBe('BUG');
    expect(loginError(thrown).code).toBe('BUG');
  });
});
