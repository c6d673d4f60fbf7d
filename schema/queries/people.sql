-- @query person.list  The people who use the system.
-- @zh 人员列表
-- @param branch id(branch)?  Only of this branch.
-- @param manager id(app_user)?  Only the people who report to him.
-- @param role enum(rep|manager|hq|admin)?  Only those with this role.
-- @param text text(100)?  Only those whose name or code holds this text.
-- @param all bool=no  Also those who no longer work here.
select u.id, u.code, u.name, u.position, b.name as branch, m.name as manager,
       (select group_concat(role, ', ') from engine_role r where r.user_id = u.id) as roles, u.active, u.branch_id, u.manager_id
  from app_user u
  left join branch b on b.id = u.branch_id
  left join app_user m on m.id = u.manager_id
 where u.deleted_at is null and (:all = 1 or u.active = 1)
   and (:branch is null or u.branch_id = :branch)
   and (:manager is null or u.manager_id = :manager)
   and (:role is null or exists (select 1 from engine_role r where r.user_id = u.id and r.role = :role))
   and (:text is null or search_matches(:text, u.name, u.code, u.name_en))
 order by u.name, u.id;

-- @query person.show  One person's card; what is private only for himself, his managers and headquarters.
-- @zh 人员详情
-- @param person id(app_user)=me  The person.
select u.id, u.code, u.name, u.name_en, u.position, b.name as branch, m.name as manager,
       (select group_concat(role, ', ') from engine_role r where r.user_id = u.id) as roles, u.active,
       c.phone, c.email, c.employee_no, c.hired_on,
       (select count(*) from customer x where x.owner_id = u.id and x.deleted_at is null) as customers,
       (select count(*) from opportunity o join stage s on s.id = o.stage_id
         where o.owner_id = u.id and o.deleted_at is null and s.kind = 'open') as open_opportunities,
       u.branch_id, u.manager_id
  from app_user u
  left join branch b on b.id = u.branch_id
  left join app_user m on m.id = u.manager_id
  left join person_card c on c.user_id = u.id
 where u.id = :person;

-- @query branch.list  The branches.
-- @zh 网点列表
select b.id, b.code, b.name, b.region, b.utc_offset_minutes, p.name as parent, b.active,
       (select count(*) from app_user u where u.branch_id = b.id and u.active = 1 and u.deleted_at is null) as people
  from branch b
  left join branch p on p.id = b.parent_id
 where b.deleted_at is null
 order by b.code;

-- @query branch.people  Who works in a branch now, loans included.
-- @zh 网点人员
-- @param branch id(branch)  The branch.
select u.id, u.name, u.position, coalesce(m.kind, 'home') as kind, m.started_on, m.planned_end_on, m.capacity
  from person_branch x
  join app_user u on u.id = x.user_id
  left join membership m on m.user_id = x.user_id and m.branch_id = x.branch_id and m.ended_on is null and m.deleted_at is null
 where x.branch_id = :branch and u.active = 1
 order by u.name;

-- @query team.overview  The people below a manager at a glance.
-- @zh 团队概览
-- @roles manager hq
-- @param manager id(app_user)?=me  The manager.
-- @param from date?  First closing date.
-- @param to date?  Last closing date.
-- @param currency text(3)?  Currency of the amounts; the company's when not given.
with results as (
  select o.owner_id, count(*) filter (where s.kind = 'open') as open,
         coalesce(sum(o.amount_minor) filter (where s.kind = 'open' and o.currency = coalesce(:currency, (select currency from company))), 0) as open_amount_minor,
         count(*) filter (where s.kind = 'won' and o.closed_on >= coalesce(:from, '') and o.closed_on <= coalesce(:to, '9999-12-31')) as won,
         count(*) filter (where s.kind = 'lost' and o.closed_on >= coalesce(:from, '') and o.closed_on <= coalesce(:to, '9999-12-31')) as lost,
         coalesce(sum(o.amount_minor) filter (where s.kind = 'won' and o.currency = coalesce(:currency, (select currency from company))
                  and o.closed_on >= coalesce(:from, '') and o.closed_on <= coalesce(:to, '9999-12-31')), 0) as won_amount_minor,
         count(*) as opportunities
    from person_below b
    join opportunity o on o.owner_id = b.user_id
    join stage s on s.id = o.stage_id
   where b.manager_id = coalesce(:manager, actor()) and o.deleted_at is null
   group by o.owner_id
)
select u.name as person, u.position, coalesce(r.opportunities, 0) as opportunities, coalesce(r.open, 0) as open,
       coalesce(r.open_amount_minor, 0) as open_amount_minor, coalesce(r.won, 0) as won, coalesce(r.lost, 0) as lost,
       case when r.won + r.lost > 0 then mul_div(r.won, 10000, r.won + r.lost) end as win_rate_bp,
       coalesce(r.won_amount_minor, 0) as won_amount_minor,
       (select count(*) from customer c where c.owner_id = u.id and c.deleted_at is null) as customers,
       (select count(*) from reminder x
         where x.user_id = u.id and x.done_at is null and x.deleted_at is null and x.due_at < now_ms()) as overdue_reminders,
       (select max(i.happened_at) from interaction i where i.user_id = u.id and i.deleted_at is null) as last_activity_at,
       u.id as user_id, coalesce(:currency, (select currency from company)) as currency,
       (select count(*) from task t where t.assignee_id = u.id and t.done_at is null and t.deleted_at is null and t.due_at < now_ms()) as overdue_tasks
  from person_below b
  join app_user u on u.id = b.user_id
  left join results r on r.owner_id = u.id
 where b.manager_id = coalesce(:manager, actor()) and u.active = 1
 order by won_amount_minor desc, person;
