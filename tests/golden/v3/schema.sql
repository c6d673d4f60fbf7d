pragma user_version = 3;
CREATE TABLE app_user (  -- @table 10 @scope org @insert hq admin @label name @lookup code name
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
CREATE TABLE assignment (  -- @table 46 @append @scope follows(opportunity_id, customer_id) @insert rep manager hq
  id              blob not null primary key,                           -- @column 1
  opportunity_id  blob,                                                -- @column 2 @ref opportunity
  customer_id     blob,                                                -- @column 3 @ref customer
  from_user_id    blob,                                                -- @column 4 @ref app_user
  to_user_id      blob,                                                -- @column 5 @ref app_user
  note            text check (length(note) <= 500),                    -- @column 6
  reason          text not null default 'manual' check (length(reason) <= 63),  -- @column 7
  contact_by_at   integer,                                             -- @column 8
  batch_id        blob,                                                -- @column 9
  created_at integer, created_by blob, updated_at integer, updated_by blob, gsn integer not null default 0
) strict, without rowid;
CREATE TABLE attachment (  -- @table 53 @since 3 @scope follows(opportunity_id, customer_id) @insert rep manager hq @label name
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
CREATE TABLE branch (  -- @table 14 @scope org @insert hq admin @label name @lookup code name
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
CREATE TABLE bundle_seen (  station integer not null, number integer not null, hash blob not null,  entry integer not null, primary key (station, number)) strict, without rowid;
CREATE TABLE cell_stamp (  table_number integer not null, row_key blob not null, cell integer not null,  gsn integer not null, primary key (table_number, row_key, cell)) strict, without rowid;
CREATE TABLE conflict (  -- @table 200 @engine @scope user(loser_user_id) user(winner_user_id) @insert hq @label row_label
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
CREATE TABLE contact (  -- @table 32 @scope follows(customer_id) @insert rep manager hq @label name @lookup name
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
CREATE TABLE customer (  -- @table 30 @scope user(owner_id) grants(customer_share.user_id) branch(branch_id) pool(branch_id unless owner_id) @insert rep manager hq @label name @lookup code name
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
CREATE TABLE customer_address (  -- @table 33 @scope follows(customer_id) @insert rep manager hq @label line
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
CREATE TABLE customer_share (  -- @table 31 @scope follows(customer_id) @insert rep manager hq
  customer_id  blob not null,                                          -- @column 1 @ref customer
  user_id      blob not null,                                          -- @column 2 @ref app_user
  note         text check (length(note) <= 500),                       -- @column 3
  deleted_at   integer,                                                -- @column 63
  created_at integer, created_by blob, updated_at integer, updated_by blob, gsn integer not null default 0,
  primary key (customer_id, user_id)
) strict, without rowid;
CREATE TABLE customer_tag (  -- @table 35 @scope follows(customer_id) @insert rep manager hq
  customer_id  blob not null,                                          -- @column 1 @ref customer
  tag_id       blob not null,                                          -- @column 2 @ref tag
  deleted_at   integer,                                                -- @column 63
  created_at integer, created_by blob, updated_at integer, updated_by blob, gsn integer not null default 0,
  primary key (customer_id, tag_id)
) strict, without rowid;
CREATE TABLE deferred (  position integer primary key, id blob not null unique, entry integer not null,  device blob not null, epoch integer not null, lost_base integer not null,  former integer not null, base integer not null, time integer not null,  user_id blob not null, command text not null, changes blob not null,  code text not null, field text not null) strict;
CREATE TABLE device (  -- @table 203 @engine @scope hq @insert hq @label name @lookup code name
  id          blob not null primary key,  -- @column 1
  name        text not null,              -- @column 2
  code        text not null,              -- @column 3
  ceiling     text not null,              -- @column 4
  enrolled_at integer not null,           -- @column 5
  revoked_at  integer,                    -- @column 6
  created_at integer, created_by blob, updated_at integer, updated_by blob, gsn integer not null default 0
) strict, without rowid;
CREATE TABLE epoch (  number integer primary key, from_gsn integer not null, first_gsn integer not null,  first_station integer not null, at integer not null, ended_at integer) strict;
CREATE TABLE feed (  scope integer not null, gsn integer not null, table_number integer not null,  row_key blob not null, gone integer not null,  primary key (scope, gsn, table_number, row_key)) strict, without rowid;
CREATE TABLE file_holder (  hash blob not null, user_id blob not null, size integer not null,  primary key (hash, user_id)) strict, without rowid;
CREATE TABLE file_kept (  hash blob not null primary key, size integer not null, at integer not null,  unnamed_since integer) strict, without rowid;
CREATE TABLE former (  gsn integer primary key, epoch integer not null, lost_base integer not null,  former_gsn integer not null) strict;
CREATE TABLE gsn_log (  gsn integer primary key, id blob not null unique, entry integer not null,  station integer not null, user_id blob not null, base integer not null,  time integer not null, at integer not null, kind integer not null, command text not null,  code text not null, field text not null, message text not null) strict;
CREATE TABLE interaction (  -- @table 50 @scope follows(opportunity_id, customer_id) @insert rep manager hq @label summary
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
CREATE TABLE invitation (  token_hash blob primary key not null, content blob not null,  expires_at integer not null, station integer) strict, without rowid;
CREATE TABLE journal (  entry integer primary key, kind integer not null, at integer not null,  station integer, schema_version integer not null, content blob not null,  outcome blob not null, hash blob not null, signature blob) strict;
CREATE TABLE journal_archived (  entry integer primary key, content_hash blob not null) strict;
CREATE TABLE list_item (  -- @table 21 @scope org @insert hq @label name_zh @lookup code
  id        blob not null primary key,                                 -- @column 1
  list      text not null check (length(list) between 1 and 63),       -- @column 2
  code      text not null check (length(code) between 1 and 63),       -- @column 3
  name_zh   text not null check (length(name_zh) between 1 and 100),   -- @column 4
  name_en   text not null check (length(name_en) between 1 and 100),   -- @column 5
  position  integer not null default 0,                                -- @column 6
  active    integer not null default 1 check (active in (0, 1)),       -- @column 7
  created_at integer, created_by blob, updated_at integer, updated_by blob, gsn integer not null default 0
) strict, without rowid;
CREATE TABLE membership (  -- @table 15 @scope org @insert manager hq admin
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
CREATE TABLE notice (  -- @table 202 @scope user(user_id) @insert rep manager hq @label title
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
CREATE TABLE opportunity (  -- @table 42 @scope user(owner_id) grants(opportunity_member.user_id) @insert rep manager hq @label name @lookup code name
  id                 blob not null primary key,                        -- @column 1
  customer_id        blob,                                             -- @column 2 @ref customer @brings
  name               text not null check (length(name) between 1 and 200),   -- @column 3
  pipeline_id        blob not null,                                    -- @column 4 @ref pipeline
  stage_id           blob not null,                                    -- @column 5 @ref stage @merge state(opportunity_stage_event) @group stage
  lost_note          text check (length(lost_note) <= 1000),           -- @column 6 @group stage
  amount_minor       integer not null default 0 check (amount_minor between 0 and 9999999999999),   -- @column 7 @group amount
  currency           text not null default 'CNY' check (length(currency) = 3),  -- @column 8 @group amount
  owner_id           blob,                                             -- @column 9 @ref app_user @write manager hq @self
  lost_reason        text check (length(lost_reason) <= 63),           -- @column 10 @group stage
  closed_on          text check (length(closed_on) = 10),              -- @column 11 @group stage
  stage_entered_on   text check (length(stage_entered_on) = 10),       -- @column 12 @group stage
  code               text check (length(code) <= 63),                  -- @column 13
  need               text check (length(need) <= 8000),                -- @column 14
  contact_id         blob,                                             -- @column 15 @ref contact
  product_id         blob,                                             -- @column 16 @ref product
  expected_close_on  text check (length(expected_close_on) = 10),      -- @column 17
  opened_on          text check (length(opened_on) = 10),              -- @column 18
  source             text check (length(source) <= 63),                -- @column 19
  competitor         text check (length(competitor) <= 200),           -- @column 20
  next_step          text check (length(next_step) <= 500),            -- @column 21
  forecast           text check (forecast in ('pipeline', 'best_case', 'commit', 'omitted')),  -- @column 22
  deleted_at         integer,                                          -- @column 63
  created_at integer, created_by blob, updated_at integer, updated_by blob, gsn integer not null default 0
) strict, without rowid;
CREATE TABLE opportunity_member (  -- @table 44 @scope follows(opportunity_id) @insert rep manager hq
  opportunity_id  blob not null,                                       -- @column 1 @ref opportunity
  user_id         blob not null,                                       -- @column 2 @ref app_user
  access          text not null default 'read' check (access in ('read', 'write')),  -- @column 3
  credit_bp       integer not null default 0 check (credit_bp between 0 and 10000),  -- @column 4
  expires_on      text check (length(expires_on) = 10),                -- @column 5
  deleted_at      integer,                                             -- @column 63
  created_at integer, created_by blob, updated_at integer, updated_by blob, gsn integer not null default 0,
  primary key (opportunity_id, user_id)
) strict, without rowid;
CREATE TABLE opportunity_product (  -- @table 43 @scope follows(opportunity_id) @insert rep manager hq
  id                blob not null primary key,                         -- @column 1
  opportunity_id    blob not null,                                     -- @column 2 @ref opportunity
  product_id        blob not null,                                     -- @column 3 @ref product
  quantity_qty      integer not null default 1000 check (quantity_qty between 1 and 900000000),  -- @column 4
  unit_price_minor  integer not null default 0 check (unit_price_minor between 0 and 9999999999999),  -- @column 5
  note              text check (length(note) <= 500),                  -- @column 6
  deleted_at        integer,                                           -- @column 63
  created_at integer, created_by blob, updated_at integer, updated_by blob, gsn integer not null default 0
) strict, without rowid;
CREATE TABLE opportunity_stage_event (  -- @table 45 @append @event opportunity_id to_stage_id @scope follows(opportunity_id) @insert rep manager hq
  id              blob not null primary key,                           -- @column 1
  opportunity_id  blob not null,                                       -- @column 2 @ref opportunity
  from_stage_id   blob,                                                -- @column 3 @ref stage
  to_stage_id     blob not null,                                       -- @column 4 @ref stage
  occurred_on     text check (length(occurred_on) = 10),               -- @column 5
  note            text check (length(note) <= 1000),                   -- @column 6
  created_at integer, created_by blob, updated_at integer, updated_by blob, gsn integer not null default 0
) strict, without rowid;
CREATE TABLE person_card (  -- @table 11 @scope user(user_id) @insert hq admin
  user_id      blob not null primary key,                              -- @column 1 @ref app_user
  phone        text check (length(phone) <= 40),                       -- @column 2 @write rep manager hq admin
  email        text check (length(email) <= 200),                      -- @column 3 @write rep manager hq admin
  employee_no  text check (length(employee_no) <= 40),                 -- @column 4
  hired_on     text check (length(hired_on) = 10),                     -- @column 5
  created_at integer, created_by blob, updated_at integer, updated_by blob, gsn integer not null default 0
) strict, without rowid;
CREATE TABLE pipeline (  -- @table 40 @scope org @insert hq @label name_zh @lookup code
  id               blob not null primary key,                          -- @column 1
  code             text not null check (length(code) between 1 and 63),      -- @column 2
  name_zh          text not null check (length(name_zh) between 1 and 100),  -- @column 3
  name_en          text not null check (length(name_en) between 1 and 100),  -- @column 4
  allows_backward  integer not null default 0 check (allows_backward in (0, 1)),  -- @column 5
  is_default       integer not null default 0 check (is_default in (0, 1)),  -- @column 6
  active           integer not null default 1 check (active in (0, 1)),      -- @column 7
  created_at integer, created_by blob, updated_at integer, updated_by blob, gsn integer not null default 0
) strict, without rowid;
CREATE TABLE product (  -- @table 25 @scope org @insert hq @label name @lookup code name
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
CREATE TABLE quarantine (  position integer primary key, station integer not null, number integer not null,  hash blob not null unique, sealed blob not null, transactions integer not null,  received_at integer not null, decided integer, decided_at integer) strict;
CREATE TABLE refusal (  -- @table 201 @engine @scope user(user_id) @insert hq @label command
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
CREATE TABLE refused_row (  table_number integer not null, row_key blob not null, whole integer not null,  station integer not null, gsn integer not null,  primary key (table_number, row_key, whole, station)) strict, without rowid;
CREATE TABLE reminder (  -- @table 52 @scope user(user_id) @insert rep manager hq @label title
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
CREATE TABLE role (  -- @table 12 @scope org @insert hq @label name_zh @lookup code
  id       blob not null primary key,                                  -- @column 1
  code     text not null check (length(code) between 1 and 63),        -- @column 2
  name_zh  text not null check (length(name_zh) between 1 and 100),    -- @column 3
  name_en  text not null check (length(name_en) between 1 and 100),    -- @column 4
  created_at integer, created_by blob, updated_at integer, updated_by blob, gsn integer not null default 0
) strict, without rowid;
CREATE TABLE row_meta (  table_number integer not null, row_key blob not null, gsn integer not null,  placements blob not null, primary key (table_number, row_key)) strict, without rowid;
CREATE TABLE schema_object (name text primary key not null) strict, without rowid;
CREATE TABLE schema_state (name text primary key not null, value blob not null) strict, without rowid;
CREATE TABLE scope_name (  number integer primary key, kind integer not null, id blob not null,  unique (kind, id)) strict;
CREATE TABLE scope_sum (scope integer primary key, digest integer not null, rows integer not null) strict;
CREATE TABLE server_key (  entry integer primary key, public_key blob not null unique, notice blob not null) strict;
CREATE TABLE server_local (name text primary key not null, value text) strict, without rowid;
CREATE TABLE server_state (name text primary key not null, value blob) strict, without rowid;
CREATE TABLE setting (  -- @table 20 @scope org @insert hq admin @label name @lookup name
  id     blob not null primary key,                                    -- @column 1
  name   text not null check (length(name) between 1 and 63),          -- @column 2
  value  text not null check (length(value) <= 2000),                  -- @column 3
  created_at integer, created_by blob, updated_at integer, updated_by blob, gsn integer not null default 0
) strict, without rowid;
CREATE TABLE stage (  -- @table 41 @scope org @insert hq @label name_zh @lookup code
  id              blob not null primary key,                           -- @column 1
  pipeline_id     blob not null,                                       -- @column 2 @ref pipeline
  code            text not null check (length(code) between 1 and 63),       -- @column 3
  name_zh         text not null check (length(name_zh) between 1 and 100),   -- @column 4
  name_en         text not null check (length(name_en) between 1 and 100),   -- @column 5
  position        integer not null,                                    -- @column 6
  kind            text not null check (kind in ('open', 'won', 'lost', 'void')),  -- @column 7
  probability_bp  integer not null default 0 check (probability_bp between 0 and 10000),  -- @column 8
  rot_days        integer check (rot_days > 0),                        -- @column 9
  active          integer not null default 1 check (active in (0, 1)),       -- @column 10
  created_at integer, created_by blob, updated_at integer, updated_by blob, gsn integer not null default 0
) strict, without rowid;
CREATE TABLE station (  number integer primary key, id blob not null unique, public_key blob not null unique,  code text not null unique, certificate blob not null, last_number integer not null,  last_seq integer not null, last_hash blob not null, seen_base integer not null,  schema_version integer not null, revoked_at integer) strict;
CREATE TABLE station_key (  public_key blob primary key not null, station integer not null,  last_number integer not null, last_hash blob not null, entry integer not null) strict, without rowid;
CREATE TABLE station_kin (  station integer primary key, parent integer not null, root integer not null,  fork_gsn integer not null, number integer not null, hash blob not null,  unique (parent, number, hash)) strict;
CREATE TABLE station_passed (  station integer primary key, gsn integer not null) strict;
CREATE TABLE station_seen (  station integer primary key, at integer not null, cursor integer not null,  waiting integer not null, schema_version integer not null) strict;
CREATE TABLE station_shared (  station integer not null, gsn integer not null, primary key (station, gsn)) strict, without rowid;
CREATE TABLE tag (  -- @table 34 @scope org @insert rep manager hq @label name @lookup name
  id    blob not null primary key,                                     -- @column 1
  name  text not null check (length(name) between 1 and 63),           -- @column 2
  created_at integer, created_by blob, updated_at integer, updated_by blob, gsn integer not null default 0
) strict, without rowid;
CREATE TABLE task (  -- @table 51 @scope user(assignee_id) follows(opportunity_id, customer_id) @insert rep manager hq @label title
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
CREATE TABLE user_role (  -- @table 13 @scope org @insert hq admin
  user_id     blob not null,                                           -- @column 1 @ref app_user
  role_id     blob not null,                                           -- @column 2 @ref role
  deleted_at  integer,                                                 -- @column 63
  created_at integer, created_by blob, updated_at integer, updated_by blob, gsn integer not null default 0,
  primary key (user_id, role_id)
) strict, without rowid;
