-- Admin jobs: what somebody asked for, the plan they saw, and how far it has come. docs/schema.md describes what each column means.

-- Up Migration

-- What a destructive job would do, as it was shown. Applying works from these UIDs, never from a new search.
create table maildrain.plan (
  id bigint generated always as identity primary key,
  job text not null,
  mailbox text not null,
  login text not null,
  folder text not null,
  uidvalidity text not null,
  criteria jsonb not null,
  args jsonb not null,
  messages int not null,
  bytes bigint not null,
  oldest timestamptz,
  newest timestamptz,
  -- at most ten: {"uid", "date", "from", "subject", "size"}
  sample jsonb not null,
  created_at timestamptz not null default now(),
  created_by text not null
);

-- The UIDs in ascending order as sequence sets (RFC 9051 9), each short enough for one command.
create table maildrain.plan_uids (
  plan_id bigint not null references maildrain.plan (id) on delete cascade,
  seq int not null,
  uids text not null,
  messages int not null,
  primary key (plan_id, seq)
);

create table maildrain.admin_job (
  id bigint generated always as identity primary key,
  job text not null,
  -- null: of no mailbox, such as expire
  mailbox text,
  -- of the mailbox when it was asked for; jobs of one login follow each other
  login text,
  plan_id bigint references maildrain.plan (id),
  criteria jsonb,
  args jsonb not null,
  state text not null default 'queued' check (state in ('queued', 'running', 'done', 'partial', 'failed', 'cancelled')),
  -- where the next slice begins; the job's own business
  cursor jsonb,
  done bigint not null default 0,
  -- null: not known beforehand
  total bigint,
  -- of a job over stored mail: the newest message that was stored when it was asked for
  last_message bigint,
  counts jsonb not null default '{}',
  notes text[] not null default '{}',
  -- in a row, without a slice done between them
  failures int not null default 0,
  failing_since timestamptz,
  not_before timestamptz,
  error_code text,
  error text,
  requested_by text not null,
  cancel_requested_by text,
  cancel_requested_at timestamptz,
  created_at timestamptz not null default now(),
  started_at timestamptz,
  heartbeat_at timestamptz,
  finished_at timestamptz
);

create index admin_job_open on maildrain.admin_job (state, id) where state in ('queued', 'running');
-- a plan is applied once, also when its job has ended
create unique index admin_job_plan on maildrain.admin_job (plan_id);

-- What a restore has put back, message by message: written before APPEND is said, and again when it is answered.
create table maildrain.restore (
  job_id bigint not null references maildrain.admin_job (id) on delete cascade,
  message_id bigint not null,
  login text not null,
  -- the path on the server
  folder text not null,
  state text not null check (state in ('sending', 'restored', 'present', 'missing', 'refused', 'expired')),
  uidvalidity text not null,
  -- as long as the answer is missing, it may have any UID from here on; null: any at all
  uid_from bigint,
  -- from APPENDUID, or seen; null: not known
  uid text,
  -- written before the first word of it to the server: as long as it is false, the message is not there because of this row
  said boolean not null default false,
  -- how often the line broke while this message was on its way
  attempts int not null default 0,
  error_code text,
  changed_at timestamptz not null default now(),
  primary key (job_id, message_id)
);

create index restore_message on maildrain.restore (message_id);

-- Octets that have expired are stored again with a new stored_at: when it was stored first, and what it reports was filed. Null: at stored_at.
alter table maildrain.message add column filed_at timestamptz;

insert into maildrain.schema_change (version, breaking) values (3, true);
