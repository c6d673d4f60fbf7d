-- By these views the engine learns who may do and see what.
create index app_user_by_manager on app_user (manager_id);
create index user_role_by_role on user_role (role_id);
create index deputy_by_deputy on deputy (deputy_id);
create index customer_by_owner on customer (owner_id);
create index deal_by_customer on deal (customer_id);
create index deal_line_by_deal on deal_line (deal_id);
create index deal_step_by_deal on deal_step (deal_id);
create index visit_by_customer on visit (customer_id);
create index remark_by_line on remark (line_id);
create index remark_by_deal on remark (deal_id);
create index remark_by_customer on remark (customer_id);

create view engine_user as
select id as user_id, active from app_user;

create view engine_role as
select ur.user_id, r.code as role
  from user_role ur
  join role r on r.id = ur.role_id
 where ur.deleted_at is null;

create view person_below as
with recursive below (manager_id, user_id) as (
  select manager_id, id from app_user where manager_id is not null
   union
  select b.manager_id, u.id from below b join app_user u on u.manager_id = b.user_id
)
select manager_id, user_id from below where user_id <> manager_id;

-- His branch's pool; a manager the rows of his branch and of everybody below him; a deputy those of whom he
-- stands in for; headquarters all.
create view engine_scope as
select id as user_id, 'pool' as kind, branch_id as target_id, null as role
  from app_user where branch_id is not null
 union
select u.id, 'branch', u.branch_id, 'manager'
  from app_user u
  join engine_role r on r.user_id = u.id and r.role = 'manager'
 where u.branch_id is not null
 union
select b.manager_id, 'user', b.user_id, 'manager'
  from person_below b
  join engine_role r on r.user_id = b.manager_id and r.role = 'manager'
 union
select deputy_id, 'user', user_id, null
  from deputy where deleted_at is null
 union
select user_id, 'hq', null, 'hq'
  from engine_role where role = 'hq';
