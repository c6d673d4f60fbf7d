-- What was done with customers, and what is to be done next.
-- Column 6 of interaction and task is kept for the order they may belong to.

-- Something that took place between us and a customer: a call, a visit, a message, a note.
create table interaction (  -- @table 50 @scope follows(opportunity_id, customer_id) @insert rep manager hq @label summary
  id              blob not null primary key,                           -- @column 1
  opportunity_id  blob,                                                -- @column 2 @ref opportunity
  customer_id     blob,                                                -- @column 3 @ref customer
  contact_id      blob,                                                -- @column 4 @ref contact
  user_id         blob not null,                                       -- @column 5 @ref app_user
  kind            text not null check (length(kind) between 1 and 63), -- @column 7
  outcome         text check (length(outcome) <= 63),                  -- @column 8
  summary         text not null default '' check (length(summary) <= 8000),  -- @column 9
  happened_at     integer not null,                                    -- @column 10
  minutes         integer check (minutes between 0 and 100000),        -- @column 11
  latitude_e6     integer check (latitude_e6 between -90000000 and 90000000),     -- @column 12 @group position
  longitude_e6    integer check (longitude_e6 between -180000000 and 180000000),  -- @column 13 @group position
  next_at         integer,                                             -- @column 14
  accuracy_m      integer check (accuracy_m between 0 and 10000000),   -- @column 15 @since 2
  deleted_at      integer,                                             -- @column 63
  created_at integer, created_by blob, updated_at integer, updated_by blob, gsn integer not null default 0
) strict, without rowid;

-- A task for somebody. With repeat_days, doing it makes the next one. planned_kind: what kind of interaction it
-- will be, from the list interaction_kind.
create table task (  -- @table 51 @scope user(assignee_id) follows(opportunity_id, customer_id) @insert rep manager hq @label title
  id              blob not null primary key,                           -- @column 1
  opportunity_id  blob,                                                -- @column 2 @ref opportunity
  customer_id     blob,                                                -- @column 3 @ref customer
  title           text not null check (length(title) between 1 and 300),     -- @column 4
  assignee_id     blob not null,                                       -- @column 5 @ref app_user
  priority        text not null default 'normal' check (priority in ('high', 'normal', 'low')),  -- @column 7
  due_at          integer,                                             -- @column 8
  repeat_days     integer check (repeat_days between 1 and 3660),      -- @column 9
  detail          text check (length(detail) <= 4000),                 -- @column 10
  done_at         integer,                                             -- @column 11 @merge first
  planned_kind    text check (length(planned_kind) <= 63),             -- @column 12 @since 2
  deleted_at      integer,                                             -- @column 63
  created_at integer, created_by blob, updated_at integer, updated_by blob, gsn integer not null default 0
) strict, without rowid;

-- A reminder: fires on the station of its user, without a network, offset_minutes before due_at, or when a
-- snooze is over.
create table reminder (  -- @table 52 @scope user(user_id) @insert rep manager hq @label title
  id               blob not null primary key,                          -- @column 1
  user_id          blob not null,                                      -- @column 2 @ref app_user
  title            text not null check (length(title) between 1 and 300),    -- @column 3
  due_at           integer not null,                                   -- @column 4
  offset_minutes   integer not null default 0 check (offset_minutes between 0 and 527040),  -- @column 5
  snoozed_to_at    integer,                                            -- @column 6
  done_at          integer,                                            -- @column 7
  opportunity_id   blob,                                               -- @column 8 @ref opportunity
  customer_id      blob,                                               -- @column 9 @ref customer
  task_id          blob,                                               -- @column 10 @ref task
  interaction_id   blob,                                               -- @column 11 @ref interaction
  planned_kind     text check (length(planned_kind) <= 63),            -- @column 12 @since 2
  deleted_at       integer,                                            -- @column 63
  created_at integer, created_by blob, updated_at integer, updated_by blob, gsn integer not null default 0
) strict, without rowid;
