-- People: indexes, and the three views by which the engine learns who may do and see what.

create index app_user_by_code on app_user (code);
create index app_user_by_name on app_user (name);
create index app_user_by_manager on app_user (manager_id);
create index app_user_by_branch on app_user (branch_id);
create index user_role_by_role on user_role (role_id);
create index branch_by_code on branch (code);
create index branch_by_name on branch (name);
create index branch_by_parent on branch (parent_id);
create index membership_by_user on membership (user_id);
create index membership_by_branch on membership (branch_id);

create view engine_user as
select id as user_id, case when deleted_at is null then active else 0 end as active
  from app_user;

create view engine_role as
select ur.user_id, r.code as role
  from user_role ur
  join role r on r.id = ur.role_id
 where ur.deleted_at is null;

-- Who works in which branch now: the home branch of his card, and every membership that has not ended.
create view person_branch as
select id as user_id, branch_id
  from app_user
 where branch_id is not null and deleted_at is null
 union
select user_id, branch_id
  from membership
 where ended_on is null and deleted_at is null;

-- Everybody below somebody, at any depth. UNION and not UNION ALL: a circle of managers ends.
create view person_below as
with recursive below (manager_id, user_id) as (
  select manager_id, id
    from app_user
   where manager_id is not null and deleted_at is null
   union
  select b.manager_id, u.id
    from below b
    join app_user u on u.manager_id = b.user_id
   where u.deleted_at is null
)
select manager_id, user_id
  from below
 where user_id <> manager_id;

-- What a person sees beside the scope org and his own user scope: the pool of his branches; a manager also the
-- rows and pools of everybody below him; headquarters all. The role through which he sees it is told, so that a
-- device whose ceiling lacks the role does not see it.
create view engine_scope as
select user_id, 'pool' as kind, branch_id as target_id, null as role
  from person_branch
 union
select b.manager_id, 'user', b.user_id, 'manager'
  from person_below b
  join engine_role r on r.user_id = b.manager_id and r.role = 'manager'
 union
select b.manager_id, 'pool', pb.branch_id, 'manager'
  from person_below b
  join engine_role r on r.user_id = b.manager_id and r.role = 'manager'
  join person_branch pb on pb.user_id = b.user_id
 union
select user_id, 'hq', null, 'hq'
  from engine_role
 where role = 'hq';
