-- What merging tells people: kept conflicts, refusals, notices, and the company's devices.
-- The engine derives these rows while it merges; stations only say how they were settled.

-- Two people wrote the same cell without knowing of each other. Both values are kept.
create table conflict (  -- @table 200 @engine @scope user(loser_user_id) user(winner_user_id) @insert hq @label row_label
  id              blob not null primary key,  -- @column 1
  table_number    integer not null,           -- @column 2
  row_key         blob not null,              -- @column 3
  column_number   integer not null,           -- @column 4
  row_label       text not null default '',   -- @column 5
  cell_name       text not null default '',   -- @column 6
  winner_value    blob not null,              -- @column 7
  winner_text     text not null default '',   -- @column 8
  winner_user_id  blob not null,              -- @column 9 @ref app_user
  winner_device_id blob not null,             -- @column 10
  winner_at       integer not null,           -- @column 11
  loser_value     blob not null,              -- @column 12
  loser_text      text not null default '',   -- @column 13
  loser_user_id   blob not null,              -- @column 14 @ref app_user
  loser_device_id blob not null,              -- @column 15
  loser_at        integer not null,           -- @column 16
  reason          text not null,              -- @column 17
  transaction_id  blob not null,              -- @column 18
  settlement      text check (settlement in ('restored', 'kept')),  -- @column 19 @write rep manager hq @group settlement
  settled_at      integer,                    -- @column 20 @write rep manager hq @group settlement
  created_at integer, created_by blob, updated_at integer, updated_by blob, gsn integer not null default 0
) strict, without rowid;

-- A transaction that headquarters did not take, with the rule it broke.
create table refusal (  -- @table 201 @engine @scope user(user_id) @insert hq @label command
  id           blob not null primary key,  -- @column 1
  user_id      blob not null,              -- @column 2 @ref app_user
  device_id    blob not null,              -- @column 3
  command      text not null,              -- @column 4
  code         text not null,              -- @column 5
  field        text not null default '',   -- @column 6
  message      text not null default '',   -- @column 7
  made_at      integer not null,           -- @column 8
  settled_at   integer,                    -- @column 9 @write rep manager hq
  created_at integer, created_by blob, updated_at integer, updated_by blob, gsn integer not null default 0
) strict, without rowid;

-- Something that others did and that concerns this person.
create table notice (  -- @table 202 @scope user(user_id) @insert rep manager hq @label title
  id           blob not null primary key,  -- @column 1
  user_id      blob not null,              -- @column 2 @ref app_user
  kind         text not null check (length(kind) between 1 and 63),     -- @column 3
  table_number integer,                    -- @column 4
  row_key      blob,                       -- @column 5
  title        text not null default '' check (length(title) <= 500),   -- @column 6
  from_user_id blob,                       -- @column 7 @ref app_user
  detail       text check (detail is null or length(detail) <= 2000),   -- @column 8
  read_at      integer,                    -- @column 9 @write rep manager hq @merge first
  created_at integer, created_by blob, updated_at integer, updated_by blob, gsn integer not null default 0
) strict, without rowid;

-- A station that headquarters enrolled.
create table device (  -- @table 203 @engine @scope hq @insert hq @label name @lookup code name
  id          blob not null primary key,  -- @column 1
  name        text not null,              -- @column 2
  code        text not null,              -- @column 3
  ceiling     text not null,              -- @column 4
  enrolled_at integer not null,           -- @column 5
  revoked_at  integer,                    -- @column 6
  created_at integer, created_by blob, updated_at integer, updated_by blob, gsn integer not null default 0
) strict, without rowid;
