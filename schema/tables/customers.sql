-- Customers, the people there, and who of us works with them.

-- A company or person that buys or may buy. Without an owner it lies in the pool of its branch.
-- Every fact that several reps may edit is a cell of its own; the address is one fact.
create table customer (  -- @table 30 @scope user(owner_id) grants(customer_share.user_id) branch(branch_id) pool(branch_id unless owner_id) @insert rep manager hq @label name @lookup code name
  id                blob not null primary key,                         -- @column 1
  name              text not null check (length(name) between 1 and 200),    -- @column 2
  code              text check (length(code) <= 63),                   -- @column 3
  kind              text not null default 'company' check (kind in ('company', 'person')),  -- @column 4
  type              text check (length(type) <= 63),                   -- @column 5
  level             text check (length(level) <= 63),                  -- @column 6
  industry          text check (length(industry) <= 63),               -- @column 7
  source            text check (length(source) <= 63),                 -- @column 8
  phone             text check (length(phone) <= 40),                  -- @column 9
  email             text check (length(email) <= 200),                 -- @column 10
  website           text check (length(website) <= 300),               -- @column 11
  tax_number        text check (length(tax_number) <= 40),             -- @column 12
  country           text check (length(country) <= 100),               -- @column 13 @group address
  province          text check (length(province) <= 100),              -- @column 14 @group address
  city              text check (length(city) <= 100),                  -- @column 15 @group address
  district          text check (length(district) <= 100),              -- @column 16 @group address
  address           text check (length(address) <= 300),               -- @column 17 @group address
  established_year  integer check (established_year between 1000 and 3000),  -- @column 18
  revenue_minor     integer check (revenue_minor between 0 and 9999999999999),                -- @column 19 @group revenue
  revenue_currency  text check (length(revenue_currency) = 3),         -- @column 20 @group revenue
  employees         integer check (employees >= 0),                    -- @column 21
  parent_id         blob,                                              -- @column 22 @ref customer
  owner_id          blob,                                              -- @column 23 @ref app_user
  branch_id         blob,                                              -- @column 24 @ref branch
  remark            text check (length(remark) <= 4000),               -- @column 25
  registered_on     text check (length(registered_on) = 10),           -- @column 26
  deleted_at        integer,                                           -- @column 63
  created_at integer, created_by blob, updated_at integer, updated_by blob, gsn integer not null default 0
) strict, without rowid;

-- Somebody beside the owner who works with a customer.
create table customer_share (  -- @table 31 @scope follows(customer_id) @insert rep manager hq
  customer_id  blob not null,                                          -- @column 1 @ref customer
  user_id      blob not null,                                          -- @column 2 @ref app_user
  note         text check (length(note) <= 500),                       -- @column 3
  deleted_at   integer,                                                -- @column 63
  created_at integer, created_by blob, updated_at integer, updated_by blob, gsn integer not null default 0,
  primary key (customer_id, user_id)
) strict, without rowid;

-- A person at a customer.
create table contact (  -- @table 32 @scope follows(customer_id) @insert rep manager hq @label name @lookup name
  id              blob not null primary key,                           -- @column 1
  customer_id     blob not null,                                       -- @column 2 @ref customer
  name            text not null check (length(name) between 1 and 100),      -- @column 3
  title           text check (length(title) <= 100),                   -- @column 4
  phone           text check (length(phone) <= 40),                    -- @column 5
  email           text check (length(email) <= 200),                   -- @column 6
  chat            text check (length(chat) <= 100),                    -- @column 7
  decision_maker  integer not null default 0 check (decision_maker in (0, 1)),  -- @column 8
  is_primary      integer not null default 0 check (is_primary in (0, 1)),      -- @column 9
  remark          text check (length(remark) <= 2000),                 -- @column 10
  birthday_on     text check (length(birthday_on) <= 10),              -- @column 11
  deleted_at      integer,                                             -- @column 63
  created_at integer, created_by blob, updated_at integer, updated_by blob, gsn integer not null default 0
) strict, without rowid;

-- A further address of a customer: where to bill, ship or visit. The place is one fact.
create table customer_address (  -- @table 33 @scope follows(customer_id) @insert rep manager hq @label line
  id            blob not null primary key,                             -- @column 1
  customer_id   blob not null,                                         -- @column 2 @ref customer
  kind          text not null default 'ship' check (kind in ('bill', 'ship', 'visit')),  -- @column 3
  country       text check (length(country) <= 100),                   -- @column 4 @group place
  province      text check (length(province) <= 100),                  -- @column 5 @group place
  city          text check (length(city) <= 100),                      -- @column 6 @group place
  district      text check (length(district) <= 100),                  -- @column 7 @group place
  line          text check (length(line) <= 300),                      -- @column 8 @group place
  latitude_e6   integer check (latitude_e6 between -90000000 and 90000000),      -- @column 9 @group place
  longitude_e6  integer check (longitude_e6 between -180000000 and 180000000),   -- @column 10 @group place
  recipient     text check (length(recipient) <= 100),                 -- @column 11 @group recipient
  phone         text check (length(phone) <= 40),                      -- @column 12 @group recipient
  deleted_at    integer,                                               -- @column 63
  created_at integer, created_by blob, updated_at integer, updated_by blob, gsn integer not null default 0
) strict, without rowid;

-- A word that customers are marked with. Its id is text_key('tag/' || fold(name)): the same word is the same tag.
create table tag (  -- @table 34 @scope org @insert rep manager hq @label name @lookup name
  id    blob not null primary key,                                     -- @column 1
  name  text not null check (length(name) between 1 and 63),           -- @column 2
  created_at integer, created_by blob, updated_at integer, updated_by blob, gsn integer not null default 0
) strict, without rowid;

-- A tag on a customer.
create table customer_tag (  -- @table 35 @scope follows(customer_id) @insert rep manager hq
  customer_id  blob not null,                                          -- @column 1 @ref customer
  tag_id       blob not null,                                          -- @column 2 @ref tag
  deleted_at   integer,                                                -- @column 63
  created_at integer, created_by blob, updated_at integer, updated_by blob, gsn integer not null default 0,
  primary key (customer_id, tag_id)
) strict, without rowid;
