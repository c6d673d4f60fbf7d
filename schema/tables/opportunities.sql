-- Opportunities and the machine that they move through.

-- A way of selling: an ordered set of stages.
create table pipeline (  -- @table 40 @scope org @insert hq @label name_zh @lookup code
  id               blob not null primary key,                          -- @column 1
  code             text not null check (length(code) between 1 and 63),      -- @column 2
  name_zh          text not null check (length(name_zh) between 1 and 100),  -- @column 3
  name_en          text not null check (length(name_en) between 1 and 100),  -- @column 4
  allows_backward  integer not null default 0 check (allows_backward in (0, 1)),  -- @column 5
  is_default       integer not null default 0 check (is_default in (0, 1)),  -- @column 6
  active           integer not null default 1 check (active in (0, 1)),      -- @column 7
  created_at integer, created_by blob, updated_at integer, updated_by blob, gsn integer not null default 0
) strict, without rowid;

-- A stage of a pipeline. Its kind never changes: closed deals would change their meaning.
create table stage (  -- @table 41 @scope org @insert hq @label name_zh @lookup code
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

-- An opportunity: something a customer may buy. Who the customer is may still be unknown.
-- opened_on is when it entered the pipeline (null: nobody knows, for some imported ones).
-- The columns of the group stage are what the last step says; each step is a row of opportunity_stage_event.
create table opportunity (  -- @table 42 @scope user(owner_id) grants(opportunity_member.user_id) @insert rep manager hq @label name @lookup code name
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

-- What would be bought, line by line. The opportunity's own amount is what the salesperson expects of it.
create table opportunity_product (  -- @table 43 @scope follows(opportunity_id) @insert rep manager hq
  id                blob not null primary key,                         -- @column 1
  opportunity_id    blob not null,                                     -- @column 2 @ref opportunity
  product_id        blob not null,                                     -- @column 3 @ref product
  quantity_qty      integer not null default 1000 check (quantity_qty between 1 and 900000000),  -- @column 4
  unit_price_minor  integer not null default 0 check (unit_price_minor between 0 and 9999999999999),  -- @column 5
  note              text check (length(note) <= 500),                  -- @column 6
  deleted_at        integer,                                           -- @column 63
  created_at integer, created_by blob, updated_at integer, updated_by blob, gsn integer not null default 0
) strict, without rowid;

-- A collaborator. credit_bp is his part of the deal; what the members leave is the owner's.
-- expires_on is a plan: headquarters' scheduler takes the member out, since scopes must not depend on a clock.
create table opportunity_member (  -- @table 44 @scope follows(opportunity_id) @insert rep manager hq
  opportunity_id  blob not null,                                       -- @column 1 @ref opportunity
  user_id         blob not null,                                       -- @column 2 @ref app_user
  access          text not null default 'read' check (access in ('read', 'write')),  -- @column 3
  credit_bp       integer not null default 0 check (credit_bp between 0 and 10000),  -- @column 4
  expires_on      text check (length(expires_on) = 10),                -- @column 5
  deleted_at      integer,                                             -- @column 63
  created_at integer, created_by blob, updated_at integer, updated_by blob, gsn integer not null default 0,
  primary key (opportunity_id, user_id)
) strict, without rowid;

-- A step of an opportunity. occurred_on is the business date (null: unknown, for imported ones).
create table opportunity_stage_event (  -- @table 45 @append @event opportunity_id to_stage_id @scope follows(opportunity_id) @insert rep manager hq
  id              blob not null primary key,                           -- @column 1
  opportunity_id  blob not null,                                       -- @column 2 @ref opportunity
  from_stage_id   blob,                                                -- @column 3 @ref stage
  to_stage_id     blob not null,                                       -- @column 4 @ref stage
  occurred_on     text check (length(occurred_on) = 10),               -- @column 5
  note            text check (length(note) <= 1000),                   -- @column 6
  created_at integer, created_by blob, updated_at integer, updated_by blob, gsn integer not null default 0
) strict, without rowid;

-- Who handed what to whom. contact_by_at: until when the new owner should have spoken with the customer.
-- batch_id: the same for all rows of one bulk hand-over.
create table assignment (  -- @table 46 @append @scope follows(opportunity_id, customer_id) @insert rep manager hq
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
