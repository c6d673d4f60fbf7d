-- What the simulated company does: every merge rule and every clause of @scope at least once.

-- A customer: owned by a person, or in a branch's pool, or open to members.
create table customer (  -- @table 20 @scope user(owner_id) pool(branch_id unless owner_id)
                         -- @scope grants(customer_member.user_id) @insert rep manager hq @label name
  id            blob not null primary key,                                  -- @column 1
  name          text not null check (length(name) between 1 and 50),        -- @column 2
  note          text check (length(note) <= 200),                           -- @column 3
  visits        integer not null default 0 check (visits <= 60),            -- @column 4 @merge add
  credit_minor  integer not null default 0 check (credit_minor >= 0),       -- @column 5 @group credit
  currency      text not null default 'CNY' check (length(currency) = 3),   -- @column 6 @group credit
  best          integer,                                                    -- @column 7 @merge max
  floor_minor   integer,                                                    -- @column 8 @merge min
  first_on      integer,                                                    -- @column 9 @merge first
  grade         text check (length(grade) <= 10),                           -- @column 10 @write manager hq
  owner_id      blob,                                                       -- @column 11 @ref app_user @write manager hq @self
  branch_id     blob,                                                       -- @column 12 @ref branch
  rank          integer,                                                    -- @column 13 @merge max @since 3
  deleted_at    integer,                                                    -- @column 63
  created_at integer, created_by blob, updated_at integer, updated_by blob, gsn integer not null default 0
) strict, without rowid;

-- Who may see a customer beside its owner: a set of link rows.
create table customer_member (  -- @table 21 @scope follows(customer_id) @insert rep manager hq
  customer_id  blob not null,                                               -- @column 1 @ref customer
  user_id      blob not null,                                               -- @column 2 @ref app_user
  weight       integer not null default 0,                                  -- @column 3 @merge max
  deleted_at   integer,                                                     -- @column 63
  created_at integer, created_by blob, updated_at integer, updated_by blob, gsn integer not null default 0,
  primary key (customer_id, user_id)
) strict, without rowid;

-- A deal. Its stage moves only with its step.
create table deal (  -- @table 22 @scope user(owner_id) branch(branch_id) @insert rep manager hq @label title
  id            blob not null primary key,                                  -- @column 1
  customer_id   blob,                                                       -- @column 2 @ref customer @brings
  title         text not null check (length(title) between 1 and 50),       -- @column 3
  stage         text not null default 'open'
                check (stage in ('open', 'offer', 'won', 'lost')),          -- @column 4 @merge state(deal_step) @group stage
  stage_note    text check (length(stage_note) <= 100),                     -- @column 5 @group stage
  amount_minor  integer not null default 0 check (amount_minor >= 0),       -- @column 6 @group amount
  currency      text not null default 'CNY' check (length(currency) = 3),   -- @column 7 @group amount
  paid_on       integer,                                                    -- @column 8 @merge first
  owner_id      blob,                                                       -- @column 9 @ref app_user @write manager hq @self
  branch_id     blob,                                                       -- @column 10 @ref branch
  deleted_at    integer,                                                    -- @column 63
  created_at integer, created_by blob, updated_at integer, updated_by blob, gsn integer not null default 0
) strict, without rowid;

-- A step of a deal.
create table deal_step (  -- @table 23 @append @scope follows(deal_id) @insert rep manager hq @event deal_id to_stage
  id          blob not null primary key,                                    -- @column 1
  deal_id     blob not null,                                                -- @column 2 @ref deal
  from_stage  text not null,                                                -- @column 3
  to_stage    text not null,                                                -- @column 4
  note        text check (length(note) <= 100),                             -- @column 5
  created_at integer, created_by blob, updated_at integer, updated_by blob, gsn integer not null default 0
) strict, without rowid;

-- A line of a deal.
create table deal_line (  -- @table 24 @scope follows(deal_id) @insert rep manager hq
  id           blob not null primary key,                                   -- @column 1
  deal_id      blob not null,                                               -- @column 2 @ref deal
  product_id   blob not null,                                               -- @column 3 @ref product
  quantity     integer not null default 0 check (quantity >= 0),            -- @column 4 @merge add
  price_minor  integer not null default 0,                                  -- @column 5
  deleted_at   integer,                                                     -- @column 63
  created_at integer, created_by blob, updated_at integer, updated_by blob, gsn integer not null default 0
) strict, without rowid;

-- A visit: never changed, and whoever sees it sees its customer.
create table visit (  -- @table 25 @append @scope user(by_id) @insert rep manager hq
  id           blob not null primary key,                                   -- @column 1
  customer_id  blob not null,                                               -- @column 2 @ref customer @brings
  by_id        blob,                                                        -- @column 3 @ref app_user @write manager hq @self
  text         text not null check (length(text) <= 100),                   -- @column 4
  created_at integer, created_by blob, updated_at integer, updated_by blob, gsn integer not null default 0
) strict, without rowid;

-- A product with a stock that everybody takes from.
create table product (  -- @table 26 @scope org @insert hq @label name
  id           blob not null primary key,                                   -- @column 1
  name         text not null check (length(name) between 1 and 50),         -- @column 2
  stock        integer not null default 0,                                  -- @column 3 @merge add @write rep manager hq
  price_minor  integer not null default 0,                                  -- @column 4
  created_at integer, created_by blob, updated_at integer, updated_by blob, gsn integer not null default 0
) strict, without rowid;

-- What only headquarters sees.
create table budget (  -- @table 27 @scope hq @insert hq @label name
  id      blob not null primary key,                                        -- @column 1
  name    text not null check (length(name) between 1 and 50),              -- @column 2
  amount  integer not null default 0,                                       -- @column 3
  created_at integer, created_by blob, updated_at integer, updated_by blob, gsn integer not null default 0
) strict, without rowid;

-- A remark on a line, a deal or a customer: where the first of them is seen.
create table remark (  -- @table 28 @scope follows(line_id, deal_id, customer_id) @insert rep manager hq
  id           blob not null primary key,                                   -- @column 1
  line_id      blob,                                                        -- @column 2 @ref deal_line
  deal_id      blob,                                                        -- @column 3 @ref deal
  customer_id  blob,                                                        -- @column 4 @ref customer
  text         text not null check (length(text) <= 100),                   -- @column 5
  deleted_at   integer,                                                     -- @column 63
  created_at integer, created_by blob, updated_at integer, updated_by blob, gsn integer not null default 0
) strict, without rowid;
