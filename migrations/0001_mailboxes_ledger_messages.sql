-- The tables of the drain: mailboxes, the ledger, stored messages, runs.
-- Numbered, forward only, never edited once released. docs/schema.md describes what each column means.

-- Up Migration

create table maildrain.schema_change (
  version int primary key,
  -- true: a program that does not know this version must not write (store/migrate.ts refuses)
  breaking boolean not null,
  applied_at timestamptz not null default now()
);

create table maildrain.mailbox (
  id int generated always as identity primary key,
  name text not null,
  login text not null,
  folder text not null,
  protocol text not null default 'imap',
  uidvalidity text,
  uidnext bigint,
  failures int not null default 0,
  failing_since timestamptz,
  not_before timestamptz,
  -- Gmail's write quarantine: nothing is disposed before this instant, reading goes on
  writes_not_before timestamptz,
  stopped_at timestamptz,
  stopped_code text,
  last_error_code text,
  last_error text,
  -- the fuse: {"uidvalidity": text, "active": [uid], "found": {uid: times}}
  in_flight jsonb,
  last_run_at timestamptz,
  last_ok_at timestamptz,
  created_at timestamptz not null default now(),
  -- a name that is pointed at another account or folder is another mailbox
  unique (name, login, folder)
);

create index mailbox_login on maildrain.mailbox (login);

create sequence maildrain.message_id_seq as bigint cache 1;

-- One row per message seen on a server. Narrow and not partitioned: it outlives the octets.
create table maildrain.ledger (
  mailbox_id int not null references maildrain.mailbox (id),
  uidvalidity text not null,
  uid text not null,
  -- SHA-256 of the octets; empty while held, for then nobody has seen them
  digest bytea not null,
  -- no foreign key: the message may be expired by dropping its partition, the proof stays
  message_id bigint,
  email_id text,
  internal_date timestamptz,
  size bigint,
  state text not null check (state in ('pending', 'disposed', 'kept', 'held')),
  reason text,
  -- a held message that a person has freed: it is tried again, its size not asked about
  released boolean not null default false,
  -- equal to message.stored_at
  stored_at timestamptz not null default now(),
  changed_at timestamptz not null default now(),
  primary key (mailbox_id, uidvalidity, uid, digest)
);

-- What a drain asks of a mailbox that keeps its mail: rows of other UIDVALIDITYs, how many stay, the newest few. None may cost a look at them all.
create index ledger_open on maildrain.ledger (mailbox_id, state, uidvalidity, stored_at) where state <> 'disposed';
create index ledger_message on maildrain.ledger (message_id) where message_id is not null;
create index ledger_email on maildrain.ledger (email_id) where email_id is not null;

create table maildrain.message (
  id bigint not null,
  stored_at timestamptz not null,
  mailbox_id int not null,
  digest bytea not null,
  size bigint not null,
  internal_date timestamptz,
  kind text not null,
  reader int not null,
  envelope_recipient text,
  message_id text,
  from_header text,
  from_address text,
  to_addresses text[] not null,
  subject text,
  sent_at timestamptz,
  email_id text,
  thread_id text,
  labels text[] not null,
  flags text[] not null,
  text_preview text,
  headers jsonb not null,
  primary key (id, stored_at)
) partition by range (stored_at);

create index message_mailbox on maildrain.message (mailbox_id, stored_at);

-- The octets, in pieces of at most 256 KiB: a larger bytea cannot be read back safely.
create table maildrain.raw (
  message_id bigint not null,
  stored_at timestamptz not null,
  seq int not null,
  bytes bytea not null,
  primary key (message_id, seq, stored_at)
) partition by range (stored_at);

-- mail hardly compresses after base64, and uncompressed pieces can be read in ranges
alter table maildrain.raw alter column bytes set storage external;

create table maildrain.attachment (
  message_id bigint not null,
  stored_at timestamptz not null,
  part text not null,
  filename text,
  content_type text not null,
  size bigint not null,
  digest bytea not null
) partition by range (stored_at);

create index attachment_message on maildrain.attachment (message_id);

create table maildrain.run (
  id bigint generated always as identity primary key,
  job text not null,
  mailbox_id int references maildrain.mailbox (id),
  started_at timestamptz not null,
  finished_at timestamptz not null,
  report jsonb not null,
  error_code text
);

create index run_mailbox on maildrain.run (mailbox_id, finished_at desc);
create index run_finished on maildrain.run (finished_at);

-- Makes the month partitions of `message`, `raw` and `attachment` for the month of `from_month` and `ahead` more. Months are in UTC.
-- Returns how many tables it made. Safe to call at once from several sessions.
create function maildrain.ensure_partitions(from_month timestamptz, ahead int) returns int
language plpgsql as $$
declare
  made int := 0;
  month timestamptz;
  parent text;
  child text;
begin
  for i in 0..ahead loop
    month := (date_trunc('month', from_month at time zone 'UTC') + make_interval(months => i)) at time zone 'UTC';
    foreach parent in array array['message', 'raw', 'attachment'] loop
      child := format('%s_%s', parent, to_char(month at time zone 'UTC', 'YYYY_MM'));
      -- pg_class and not to_regclass(): that one may answer from a cache that is older than the lock
      if exists (select from pg_class where relnamespace = 'maildrain'::regnamespace and relname = child) then
        continue;
      end if;
      perform pg_advisory_xact_lock(hashtextextended('maildrain:partitions', 0));
      if exists (select from pg_class where relnamespace = 'maildrain'::regnamespace and relname = child) then
        continue;
      end if;
      execute format(
        'create table maildrain.%I partition of maildrain.%I for values from (%L) to (%L)',
        child, parent, month, (month at time zone 'UTC' + interval '1 month') at time zone 'UTC');
      if parent = 'raw' then
        -- a bounce of a few KB stays in its row instead of making two
        execute format('alter table maildrain.%I set (toast_tuple_target = 8160)', child);
      end if;
      made := made + 1;
    end loop;
  end loop;
  return made;
end
$$;

insert into maildrain.schema_change (version, breaking) values (1, true);
