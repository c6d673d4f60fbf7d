-- Photos, signatures and documents. The row travels like any other; the file itself is fetched by its hash.

-- A file that belongs to an opportunity or a customer. Column 3 is kept for the order it may belong to.
create table attachment (  -- @table 53 @since 3 @scope follows(opportunity_id, customer_id) @insert rep manager hq @label name
  id              blob not null primary key,                           -- @column 1
  opportunity_id  blob,                                                -- @column 2 @ref opportunity
  customer_id     blob,                                                -- @column 4 @ref customer
  name            text not null check (length(name) between 1 and 200),      -- @column 5
  media           text not null check (length(media) between 1 and 100),     -- @column 6
  size            integer not null check (size between 1 and 1099511627776), -- @column 7
  file            blob not null check (length(file) = 32),             -- @column 8 @file
  kind            text not null default 'photo' check (kind in ('photo', 'signature', 'document')),  -- @column 9
  note            text check (length(note) <= 500),                    -- @column 10
  taken_at        integer,                                             -- @column 11
  deleted_at      integer,                                             -- @column 63
  created_at integer, created_by blob, updated_at integer, updated_by blob, gsn integer not null default 0
) strict, without rowid;
