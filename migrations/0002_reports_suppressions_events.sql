-- The bounce pipeline: what mail reported of whom, which addresses are written to no more, and what other programs are told.
-- docs/schema.md describes what each column means.

-- Up Migration

-- One row for each recipient that a stored message reports on.
create table maildrain.delivery_report (
  message_id bigint not null,
  stored_at timestamptz not null,
  n int not null,
  mailbox_id int not null,
  -- when the server received the report; never later than stored_at. What counts within a window counts by this.
  reported_at timestamptz not null,
  kind text not null,
  recipient text,
  original_recipient text,
  -- the identity that counts: lower case, A-label domain; null where nobody is named
  address text,
  action text,
  status text,
  reply_code int,
  category text,
  scope text,
  hard boolean,
  diagnostic text,
  remote_mta text,
  retry_until timestamptz,
  original_message_id text,
  envelope_id text,
  feedback_type text,
  auto_reply jsonb,
  -- what tied the report to a message: the tag of the address it came back to
  token text,
  trust text not null,
  -- fields of the returned message that the owner named: {"name": value}
  original_headers jsonb not null,
  rule text,
  part text not null,
  span text not null,
  primary key (message_id, n, stored_at)
) partition by range (stored_at);

create index delivery_report_address on maildrain.delivery_report (address, stored_at) where address is not null;
create index delivery_report_original on maildrain.delivery_report (original_message_id) where original_message_id is not null;
create index delivery_report_stored on maildrain.delivery_report (stored_at);

create table maildrain.suppression (
  address text primary key,
  -- a category, `complaint`, or `manual`
  reason text not null,
  source text not null check (source in ('report', 'manual', 'import')),
  since timestamptz not null default now(),
  -- null: until somebody lifts it
  until timestamptz,
  -- the report that tipped it; no foreign key, for partitions are dropped
  message_id bigint,
  note text
);

create index suppression_since on maildrain.suppression (since);
create index suppression_until on maildrain.suppression (until) where until is not null;

-- A person has lifted the suppression: reports from before this instant count no more.
create table maildrain.address_reset (
  address text primary key,
  at timestamptz not null
);

-- Messages that the owner's own programs have sent, written by them: what a report has to name to be believed.
create table maildrain.sent_message (
  message_id text primary key,
  sent_at timestamptz not null default now()
);

create index sent_message_sent on maildrain.sent_message (sent_at);

-- The outbox. `key` orders: of one address or one mailbox, each consumer hears in the order of `id`.
create table maildrain.event (
  id bigint generated always as identity primary key,
  at timestamptz not null,
  type text not null,
  key text not null,
  body jsonb not null,
  -- when the last of its consumers had it; null: somebody still waits
  published_at timestamptz
);

create index event_at on maildrain.event (at);

-- Who wants to hear what. Kept equal to the configuration by `serve`.
create table maildrain.event_sink (
  name text primary key,
  types text[] not null,
  since timestamptz not null default now()
);

-- What a consumer has not had yet. Of one key the lowest event is sent first, and the others wait for it.
create table maildrain.event_delivery (
  sink text not null references maildrain.event_sink (name) on delete cascade,
  key text not null,
  event_id bigint not null references maildrain.event (id) on delete cascade,
  attempts int not null default 0,
  not_before timestamptz,
  last_error text,
  primary key (sink, key, event_id)
);

create index event_delivery_event on maildrain.event_delivery (event_id);
-- the next to send, however many wait
create index event_delivery_next on maildrain.event_delivery (sink, event_id);
-- keys that wait for another try: few
create index event_delivery_postponed on maildrain.event_delivery (sink, not_before) where not_before is not null;

create or replace function maildrain.ensure_partitions(from_month timestamptz, ahead int) returns int
language plpgsql as $$
declare
  made int := 0;
  month timestamptz;
  parent text;
  child text;
begin
  for i in 0..ahead loop
    month := (date_trunc('month', from_month at time zone 'UTC') + make_interval(months => i)) at time zone 'UTC';
    foreach parent in array array['message', 'raw', 'attachment', 'delivery_report'] loop
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

-- Messages that were stored before have a reader of their own version; `reclassify` reads them again.
insert into maildrain.schema_change (version, breaking) values (2, true);
