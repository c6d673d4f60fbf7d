-- Reminders and tasks of a day. A day is that of one's branch: the offset of its time zone turns today() into times.

-- @query followup.today  What is due today and not done.
-- @zh 今日待办
-- @param user id(app_user)?=me  Whose.
-- Values of kind: reminder, task.
with day as (
  select cast(strftime('%s', today()) as integer) * 1000
         - 60000 * coalesce((select b.utc_offset_minutes from app_user u join branch b on b.id = u.branch_id where u.id = actor()), 480) as start_at
)
select 'reminder' as kind, r.id as id, r.due_at as due_at, r.title as title, r.opportunity as opportunity, r.customer as customer, 'normal' as priority,
       r.planned_kind as planned_kind, r.opportunity_id as opportunity_id, r.customer_id as customer_id, r.customer_phone as phone
  from reminder_card r, day
 where r.user_id = coalesce(:user, actor()) and r.done_at is null and r.task_id is null
   and r.due_at >= day.start_at and r.due_at < day.start_at + 86400000
 union all
select 'task', t.id, t.due_at, t.title, o.name, c.name, t.priority, t.planned_kind, t.opportunity_id, t.customer_id, c.phone
  from day
  join task t on t.due_at >= day.start_at and t.due_at < day.start_at + 86400000
  left join opportunity o on o.id = t.opportunity_id
  left join customer c on c.id = t.customer_id
 where t.assignee_id = coalesce(:user, actor()) and t.done_at is null and t.deleted_at is null
 order by 3, 2;

-- @query followup.overdue  What was due before now and is not done, the oldest first.
-- @zh 逾期待办
-- @param user id(app_user)?=me  Whose.
-- Values of kind: reminder, task.
select 'reminder' as kind, r.id as id, r.due_at as due_at, (now_ms() - r.due_at) / 86400000 as overdue_days,
       r.title as title, r.opportunity as opportunity, r.customer as customer, r.planned_kind as planned_kind,
       r.opportunity_id as opportunity_id, r.customer_id as customer_id, r.customer_phone as phone, 'normal' as priority
  from reminder_card r
 where r.user_id = coalesce(:user, actor()) and r.done_at is null and r.task_id is null and r.due_at < now_ms()
 union all
select 'task', t.id, t.due_at, (now_ms() - t.due_at) / 86400000, t.title, o.name, c.name, t.planned_kind, t.opportunity_id, t.customer_id,
       c.phone, t.priority
  from task t
  left join opportunity o on o.id = t.opportunity_id
  left join customer c on c.id = t.customer_id
 where t.assignee_id = coalesce(:user, actor()) and t.done_at is null and t.deleted_at is null and t.due_at < now_ms()
 order by 3, 2;

-- @query followup.visits  Visits that are planned: those of today and of the next days, and those still open from before.
-- @zh 拜访计划
-- @param user id(app_user)?=me  Whose.
-- @param days int(0..366)=7  How many days after today.
-- Values of kind: reminder, task.
with day as (
  select cast(strftime('%s', today()) as integer) * 1000
         - 60000 * coalesce((select b.utc_offset_minutes from app_user u join branch b on b.id = u.branch_id where u.id = actor()), 480) as start_at
), visit as (
  select 'reminder' as kind, r.id, r.due_at, r.title, r.opportunity_id, r.customer_id, 'normal' as priority
    from reminder r, day
   where r.user_id = coalesce(:user, actor()) and r.planned_kind = 'visit' and r.task_id is null
     and r.done_at is null and r.deleted_at is null and r.due_at < day.start_at + 86400000 * (:days + 1)
   union all
  select 'task', t.id, t.due_at, t.title, t.opportunity_id, t.customer_id, t.priority
    from task t, day
   where t.assignee_id = coalesce(:user, actor()) and t.planned_kind = 'visit'
     and t.done_at is null and t.deleted_at is null and t.due_at < day.start_at + 86400000 * (:days + 1)
)
select v.kind, v.id, v.due_at, v.title, c.name as customer, o.name as opportunity, p.name as contact,
       coalesce(p.phone, c.phone) as phone, coalesce(g.line, c.address) as address, coalesce(g.city, c.city) as city,
       g.latitude_e6, g.longitude_e6, v.due_at < day.start_at as is_overdue, v.priority, v.customer_id, v.opportunity_id, p.id as contact_id
  from day
 cross join visit v
  left join opportunity o on o.id = v.opportunity_id
  left join customer c on c.id = v.customer_id
  left join customer_place g on g.customer_id = v.customer_id
  left join contact p on p.id = coalesce(o.contact_id, (select x.id from contact x
                                                         where x.customer_id = v.customer_id and x.deleted_at is null
                                                         order by x.is_primary desc, x.id limit 1))
 order by v.due_at, v.id;

-- @query followup.team_overdue  What people below a manager have let lie for longer than the setting follow_up.overdue_days.
-- @zh 下属逾期待办
-- @roles manager hq
-- @param manager id(app_user)?=me  The manager.
-- Values of kind: reminder, task.
with late as (
  select now_ms() - 86400000 * coalesce((select cast(value as integer) from setting where name = 'follow_up.overdue_days'), 3) as before_at
)
select u.name as person, r.id as id, r.due_at as due_at, (now_ms() - r.due_at) / 86400000 as overdue_days,
       r.title as title, r.opportunity as opportunity, r.customer as customer, 'reminder' as kind, u.id as user_id,
       r.opportunity_id as opportunity_id, r.customer_id as customer_id, r.customer_phone as phone, r.planned_kind as planned_kind
  from person_below b
  join app_user u on u.id = b.user_id
  join reminder_card r on r.user_id = b.user_id
 where b.manager_id = coalesce(:manager, actor()) and r.done_at is null and r.due_at < (select before_at from late)
 union all
-- Tasks that others gave have no reminder.
select u.name, t.id, t.due_at, (now_ms() - t.due_at) / 86400000, t.title, o.name, c.name, 'task', u.id, t.opportunity_id, t.customer_id,
       c.phone, t.planned_kind
  from person_below b
  join app_user u on u.id = b.user_id
  join task t on t.assignee_id = b.user_id
  left join opportunity o on o.id = t.opportunity_id
  left join customer c on c.id = t.customer_id
 where b.manager_id = coalesce(:manager, actor()) and t.done_at is null and t.deleted_at is null
   and t.due_at < (select before_at from late)
   and not exists (select 1 from reminder x where x.task_id = t.id and x.user_id = t.assignee_id and x.done_at is null and x.deleted_at is null)
 order by 3, 2;

-- @query followup.nothing_planned  Open opportunities without a reminder or task.
-- @zh 未安排跟进
-- @param owner id(app_user)?  Only his.
-- @param limit int(1..1000000)=200  How many at most.
with page as (
  select o.id
    from stage s
   cross join opportunity o
   where o.stage_id = s.id and s.kind = 'open' and o.deleted_at is null and (:owner is null or o.owner_id = :owner)
     and not exists (select 1 from reminder r where r.opportunity_id = o.id and r.done_at is null and r.deleted_at is null)
     and not exists (select 1 from task t where t.opportunity_id = o.id and t.done_at is null and t.deleted_at is null)
   order by o.amount_minor desc, o.id
   limit :limit
)
select o.id, o.code, o.name, o.customer, o.owner, o.stage_code, o.stage_zh, o.stage_en, o.amount_minor, o.currency, o.next_step,
       o.customer_id, o.owner_id, o.contact_id, o.updated_at
  from page
 cross join opportunity_card o
 where o.id = page.id
 order by o.amount_minor desc, o.id;

-- @query followup.neglected  Open opportunities about which nobody has spoken for some time, the longest first.
-- @zh 久未跟进商机
-- @param days int(1..3660)?  For how many days; the setting follow_up.neglected_days when not given.
-- @param owner id(app_user)?  Only his.
-- @param limit int(1..1000000)=200  How many at most.
with open as (
  select o.id, o.created_at,
         (select i.happened_at from interaction i
           where i.opportunity_id = o.id and i.deleted_at is null and i.kind <> 'note'
           order by i.happened_at desc limit 1) as last_contact_at
    from stage s
   cross join opportunity o
   where o.stage_id = s.id and s.kind = 'open' and o.deleted_at is null and (:owner is null or o.owner_id = :owner)
), page as (
  select id, last_contact_at, coalesce(last_contact_at, created_at) as since_at
    from open
   where coalesce(last_contact_at, created_at)
         < now_ms() - 86400000 * coalesce(:days, (select cast(value as integer) from setting where name = 'follow_up.neglected_days'), 30)
   order by coalesce(last_contact_at, created_at), id
   limit :limit
)
select o.id, o.code, o.name, o.customer, o.owner, page.last_contact_at, (now_ms() - page.since_at) / 86400000 as silent_days,
       o.amount_minor, o.currency, o.customer_id, o.owner_id, o.contact_id, o.stage_code, o.stage_zh, o.stage_en, o.updated_at
  from page
 cross join opportunity_card o
 where o.id = page.id
 order by page.since_at, o.id;

-- @query followup.first_contact_missed  Hand-overs after which the new owner has not spoken with the customer in time.
-- @zh 首次联系超时
-- @roles manager hq
-- @param limit int(1..1000000)=200  How many at most.
select o.id, o.name, c.name as customer, u.name as owner, a.created_at as assigned_at, a.contact_by_at, o.customer_id, o.owner_id, o.contact_id,
       c.phone
  from assignment a
 cross join opportunity o
  join stage s on s.id = o.stage_id
  join app_user u on u.id = o.owner_id
  left join customer c on c.id = o.customer_id
 where o.id = a.opportunity_id and o.owner_id = a.to_user_id and s.kind = 'open' and o.deleted_at is null and a.contact_by_at < now_ms()
   and not exists (select 1 from interaction i
                    where i.opportunity_id = o.id and i.user_id = o.owner_id and i.happened_at >= a.created_at and i.deleted_at is null)
 order by a.contact_by_at, o.id
 limit :limit;

-- @query interaction.list  Interactions, newest first.
-- @zh 跟进记录
-- @param user id(app_user)?  Only his.
-- @param customer id(customer)?  Only with this customer.
-- @param opportunity id(opportunity)?  Only about this opportunity.
-- @param from time?  Not before.
-- @param to time?  Not after.
-- @param limit int(1..1000000)=100  How many at most.
-- @param kind text(63)?  Only of this kind, such as visit.
-- @param manager id(app_user)?  Only of the people below this manager.
select i.id, i.happened_at, i.kind, i.outcome, i.summary, u.name as person, c.name as customer, o.name as opportunity, i.next_at,
       i.user_id, i.customer_id, i.opportunity_id, i.contact_id, p.name as contact, i.minutes, i.latitude_e6, i.longitude_e6, i.accuracy_m,
       i.updated_at
  from interaction i
  left join contact p on p.id = i.contact_id
  left join app_user u on u.id = i.user_id
  left join customer c on c.id = i.customer_id
  left join opportunity o on o.id = i.opportunity_id
 where i.deleted_at is null
   and (:user is null or i.user_id = :user)
   and (:customer is null or i.customer_id = :customer)
   and (:opportunity is null or i.opportunity_id = :opportunity)
   and (:from is null or i.happened_at >= :from)
   and (:to is null or i.happened_at <= :to)
   and (:kind is null or i.kind = :kind)
   and (:manager is null or i.user_id in (select user_id from person_below where manager_id = :manager))
 order by i.happened_at desc, i.id
 limit :limit;

-- @query reminder.list  Reminders that are not done, the next first.
-- @zh 提醒列表
-- @param user id(app_user)?=me  Whose.
-- @param done bool=no  Those that are done instead.
-- @param limit int(1..100000)=200  How many at most.
select id, title, due_at, rings_at, offset_minutes, opportunity, customer, done_at, opportunity_id, customer_id, task_id, planned_kind,
       customer_phone as phone
  from reminder_card
 where user_id = coalesce(:user, actor()) and (done_at is not null) = (:done = 1)
 order by due_at, id
 limit :limit;

-- @query reminder.due  One's reminders that ring now, or until a time.
-- @zh 到期提醒
-- @param until time=now  Until when.
select id, title, due_at, rings_at, opportunity, customer, opportunity_id, customer_id, task_id, planned_kind, customer_phone as phone
  from reminder_card
 where user_id = actor() and done_at is null and rings_at <= :until
 order by rings_at, id;

-- @query task.list  Tasks that are not done, the most urgent first.
-- @zh 任务列表
-- @param assignee id(app_user)?=me  Whose.
-- @param done bool=no  Those that are done instead.
-- @param opportunity id(opportunity)?  Only about this opportunity.
-- @param limit int(1..100000)=200  How many at most.
-- @param customer id(customer)?  Only about this customer.
-- @param given bool=no  Those that one gave to others, instead of one's own.
select t.id, t.title, t.priority, t.due_at, u.name as assignee, o.name as opportunity, c.name as customer, t.repeat_days, t.detail, t.done_at,
       t.assignee_id, t.opportunity_id, t.customer_id, t.planned_kind, t.created_by as from_user_id, f.name as from_person, t.updated_at
  from task t
  left join app_user u on u.id = t.assignee_id
  left join app_user f on f.id = t.created_by
  left join opportunity o on o.id = t.opportunity_id
  left join customer c on c.id = t.customer_id
 where t.deleted_at is null and (t.done_at is not null) = (:done = 1)
   and ((:given = 0 and t.assignee_id = coalesce(:assignee, actor())) or (:given = 1 and t.created_by = actor() and t.assignee_id <> actor()))
   and (:opportunity is null or t.opportunity_id = :opportunity)
   and (:customer is null or t.customer_id = :customer)
 order by coalesce(t.due_at, 9007199254740991), case t.priority when 'high' then 1 when 'normal' then 2 else 3 end, t.id
 limit :limit;
