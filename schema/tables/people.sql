-- People, what they may do, and where they work.
-- @roles 1 rep  2 manager  3 hq  4 admin

-- A person who uses the system: the public card, which everybody sees.
create table app_user (  -- @table 10 @scope org @insert hq admin @label name @lookup code name
  id          blob not null primary key,                               -- @column 1
  name        text not null check (length(name) between 1 and 100),    -- @column 2
  code        text not null check (length(code) between 1 and 63),     -- @column 3
  position    text check (length(position) <= 100),                    -- @column 4
  branch_id   blob,                                                    -- @column 5 @ref branch
  manager_id  blob,                                                    -- @column 6 @ref app_user
  active      integer not null default 1 check (active in (0, 1)),     -- @column 7
  name_en     text check (length(name_en) <= 100),                     -- @column 8
  deleted_at  integer,                                                 -- @column 63
  created_at integer, created_by blob, updated_at integer, updated_by blob, gsn integer not null default 0
) strict, without rowid;

-- What is nobody else's business: himself, his managers and headquarters see it.
create table person_card (  -- @table 11 @scope user(user_id) @insert hq admin
  user_id      blob not null primary key,                              -- @column 1 @ref app_user
  phone        text check (length(phone) <= 40),                       -- @column 2 @write rep manager hq admin
  email        text check (length(email) <= 200),                      -- @column 3 @write rep manager hq admin
  employee_no  text check (length(employee_no) <= 40),                 -- @column 4
  hired_on     text check (length(hired_on) = 10),                     -- @column 5
  created_at integer, created_by blob, updated_at integer, updated_by blob, gsn integer not null default 0
) strict, without rowid;

-- The roles, named as in the line @roles above.
create table role (  -- @table 12 @scope org @insert hq @label name_zh @lookup code
  id       blob not null primary key,                                  -- @column 1
  code     text not null check (length(code) between 1 and 63),        -- @column 2
  name_zh  text not null check (length(name_zh) between 1 and 100),    -- @column 3
  name_en  text not null check (length(name_en) between 1 and 100),    -- @column 4
  created_at integer, created_by blob, updated_at integer, updated_by blob, gsn integer not null default 0
) strict, without rowid;

-- Who has which role. Everybody sees it, since a station decides offline who may do what.
create table user_role (  -- @table 13 @scope org @insert hq admin
  user_id     blob not null,                                           -- @column 1 @ref app_user
  role_id     blob not null,                                           -- @column 2 @ref role
  deleted_at  integer,                                                 -- @column 63
  created_at integer, created_by blob, updated_at integer, updated_by blob, gsn integer not null default 0,
  primary key (user_id, role_id)
) strict, without rowid;

-- A branch, shop or regional office.
create table branch (  -- @table 14 @scope org @insert hq admin @label name @lookup code name
  id                  blob not null primary key,                       -- @column 1
  code                text not null check (length(code) between 1 and 63),   -- @column 2
  name                text not null check (length(name) between 1 and 100),  -- @column 3
  region              text check (length(region) <= 100),              -- @column 4
  utc_offset_minutes  integer not null default 480 check (utc_offset_minutes between -840 and 840),  -- @column 5
  parent_id           blob,                                            -- @column 6 @ref branch
  active              integer not null default 1 check (active in (0, 1)),   -- @column 7
  deleted_at          integer,                                         -- @column 63
  created_at integer, created_by blob, updated_at integer, updated_by blob, gsn integer not null default 0
) strict, without rowid;

-- Where somebody works: his home branch, or a loan. In force until ended_on is set: planned_end_on
-- is only a plan, since what a person may see must not depend on a clock.
create table membership (  -- @table 15 @scope org @insert manager hq admin
  id              blob not null primary key,                           -- @column 1
  user_id         blob not null,                                       -- @column 2 @ref app_user
  branch_id       blob not null,                                       -- @column 3 @ref branch
  kind            text not null default 'home' check (kind in ('home', 'loan')),  -- @column 4
  started_on      text check (length(started_on) = 10),                -- @column 5
  planned_end_on  text check (length(planned_end_on) = 10),            -- @column 6
  ended_on        text check (length(ended_on) = 10),                  -- @column 7
  capacity        integer check (capacity >= 0),                       -- @column 8
  deleted_at      integer,                                             -- @column 63
  created_at integer, created_by blob, updated_at integer, updated_by blob, gsn integer not null default 0
) strict, without rowid;
