-- What the company decides once for all stations.

-- A setting by name. Its id is text_key('setting/' || name), so that two stations that set the same
-- one write the same row.
create table setting (  -- @table 20 @scope org @insert hq admin @label name @lookup name
  id     blob not null primary key,                                    -- @column 1
  name   text not null check (length(name) between 1 and 63),          -- @column 2
  value  text not null check (length(value) <= 2000),                  -- @column 3
  created_at integer, created_by blob, updated_at integer, updated_by blob, gsn integer not null default 0
) strict, without rowid;

-- An entry of one of the lists that headquarters edits: sources, industries, lost reasons … Other tables hold
-- its code. Its id is text_key('list/' || list || '/' || code).
create table list_item (  -- @table 21 @scope org @insert hq @label name_zh @lookup code
  id        blob not null primary key,                                 -- @column 1
  list      text not null check (length(list) between 1 and 63),       -- @column 2
  code      text not null check (length(code) between 1 and 63),       -- @column 3
  name_zh   text not null check (length(name_zh) between 1 and 100),   -- @column 4
  name_en   text not null check (length(name_en) between 1 and 100),   -- @column 5
  position  integer not null default 0,                                -- @column 6
  active    integer not null default 1 check (active in (0, 1)),       -- @column 7
  created_at integer, created_by blob, updated_at integer, updated_by blob, gsn integer not null default 0
) strict, without rowid;
