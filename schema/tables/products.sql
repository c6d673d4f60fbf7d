-- What the company sells.

-- A product or service at its list price.
create table product (  -- @table 25 @scope org @insert hq @label name @lookup code name
  id                blob not null primary key,                         -- @column 1
  code              text not null check (length(code) between 1 and 63),     -- @column 2
  name              text not null check (length(name) between 1 and 200),    -- @column 3
  series            text check (length(series) <= 100),                -- @column 4
  list_price_minor  integer not null default 0 check (list_price_minor between 0 and 9999999999999),  -- @column 5 @group price
  currency          text not null default 'CNY' check (length(currency) = 3),  -- @column 6 @group price
  active            integer not null default 1 check (active in (0, 1)),     -- @column 7
  description       text check (length(description) <= 4000),          -- @column 8
  unit              text check (length(unit) <= 20),                   -- @column 9
  deleted_at        integer,                                           -- @column 63
  created_at integer, created_by blob, updated_at integer, updated_by blob, gsn integer not null default 0
) strict, without rowid;
