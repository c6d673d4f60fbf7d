-- Who works in the simulated company, where, and who stands in for whom.
-- @roles 1 rep  2 manager  3 hq  4 admin

-- A person.
create table app_user (  -- @table 10 @scope org @insert hq admin @label name @lookup code name
  id          blob not null primary key,                               -- @column 1
  name        text not null check (length(name) between 1 and 100),    -- @column 2
  code        text not null check (length(code) between 1 and 63),     -- @column 3
  branch_id   blob,                                                    -- @column 4 @ref branch
  manager_id  blob,                                                    -- @column 5 @ref app_user
  active      integer not null default 1 check (active in (0, 1)),     -- @column 6
  created_at integer, created_by blob, updated_at integer, updated_by blob, gsn integer not null default 0
) strict, without rowid;

-- The roles of the line above.
create table role (  -- @table 12 @scope org @insert hq @label code @lookup code
  id       blob not null primary key,                                  -- @column 1
  code     text not null check (length(code) between 1 and 63),        -- @column 2
  created_at integer, created_by blob, updated_at integer, updated_by blob, gsn integer not null default 0
) strict, without rowid;

-- Who has which role.
create table user_role (  -- @table 13 @scope org @insert hq admin
  user_id     blob not null,                                           -- @column 1 @ref app_user
  role_id     blob not null,                                           -- @column 2 @ref role
  deleted_at  integer,                                                 -- @column 63
  created_at integer, created_by blob, updated_at integer, updated_by blob, gsn integer not null default 0,
  primary key (user_id, role_id)
) strict, without rowid;

-- A branch with a pool of customers that belong to nobody.
create table branch (  -- @table 14 @scope org @insert hq admin @label name
  id    blob not null primary key,                                     -- @column 1
  name  text not null check (length(name) between 1 and 100),          -- @column 2
  created_at integer, created_by blob, updated_at integer, updated_by blob, gsn integer not null default 0
) strict, without rowid;

-- A deputy sees what the person sees for whom he stands in, until it ends.
create table deputy (  -- @table 15 @scope org @insert manager hq admin
  user_id     blob not null,                                           -- @column 1 @ref app_user
  deputy_id   blob not null,                                           -- @column 2 @ref app_user
  deleted_at  integer,                                                 -- @column 63
  created_at integer, created_by blob, updated_at integer, updated_by blob, gsn integer not null default 0,
  primary key (user_id, deputy_id)
) strict, without rowid;

-- A setting by name; its id is text_key('setting/' || name).
create table setting (  -- @table 16 @scope org @insert hq admin @label name @lookup name
  id     blob not null primary key,                                    -- @column 1
  name   text not null check (length(name) between 1 and 63),          -- @column 2
  value  text not null check (length(value) <= 2000),                  -- @column 3
  created_at integer, created_by blob, updated_at integer, updated_by blob, gsn integer not null default 0
) strict, without rowid;
