-- @query followup.agenda  What is to be done: overdue, today and on the next days; what was snoozed stands where it was moved to.
-- @zh 待办安排
-- @param user id(app_user)?=me  Whose.
-- @param days int(0..366)=7  How many days after today.
-- @param customer id(customer)?  Only about this customer, whenever it is.
-- Values of kind: reminder, task.
-- Values of part: overdue, today, later.
with day as (
  select cast(strftime('%s', today()) as integer) * 1000
         - 60000 * coalesce((select b.utc_offset_minutes from app_user u join branch b on b.id = u.branch_id where u.id = actor()), 480) as start_at
), item as (
  select 'reminder' as kind, r.id, r.title, r.due_at, r.snoozed_to_at, 'normal' as priority, r.planned_kind, r.opportunity_id, r.customer_id,
         null as repeat_days, null as detail
    from reminder r
   where r.user_id = coalesce(:user, actor()) and r.task_id is null and r.done_at is null and r.deleted_at is null
   union all
  select 'task', t.id, t.title, t.due_at,
         (select max(r.snoozed_to_at) from reminder r where r.task_id = t.id and r.user_id = t.assignee_id and r.done_at is null and r.deleted_at is null),
         t.priority, t.planned_kind, t.opportunity_id, t.customer_id, t.repeat_days, t.detail
    from task t
   where t.assignee_id = coalesce(:user, actor()) and t.done_at is null and t.deleted_at is null
), placed as (
  select item.*, case when snoozed_to_at > coalesce(due_at, 0) then snoozed_to_at else due_at end as planned_at from item
)
select v.kind, v.id, v.title, v.due_at, v.planned_at,
       case when v.planned_at < now_ms() then 'overdue' when v.planned_at < day.start_at + 86400000 then 'today' else 'later' end as part,
       v.priority, v.planned_kind, c.name as customer, o.name as opportunity, p.name as contact, coalesce(p.phone, c.phone) as phone,
       coalesce(g.line, c.address) as address, coalesce(g.city, c.city) as city, g.latitude_e6, g.longitude_e6,
       v.repeat_days, v.detail, v.customer_id, v.opportunity_id, p.id as contact_id
  from day
 cross join placed v
  left join opportunity o on o.id = v.opportunity_id
  left join customer c on c.id = v.customer_id
  left join customer_place g on g.customer_id = v.customer_id
  left join contact p on p.id = coalesce(o.contact_id, (select x.id from contact x
                                                         where x.customer_id = v.customer_id and x.deleted_at is null
                                                         order by x.is_primary desc, x.id limit 1))
 where (:customer is null and (v.planned_at is null or v.planned_at < day.start_at + 86400000 * (:days + 1)))
    or v.customer_id = :customer
 order by v.planned_at is null, v.planned_at, v.id;

-- @query customer.shares  With whom a customer is shared.
-- @zh 客户共享给谁
-- @param customer id(customer)  The customer.
select s.user_id, u.name as shared_with, s.note, s.created_at as shared_at
  from customer_share s
  join app_user u on u.id = s.user_id
 where s.customer_id = :customer and s.deleted_at is null
 order by u.name, s.user_id;

-- @query customer.tags  The words a customer is marked with.
-- @zh 客户标签
-- @param customer id(customer)  The customer.
select t.id, t.name
  from customer_tag x
  join tag t on t.id = x.tag_id
 where x.customer_id = :customer and x.deleted_at is null
 order by t.name;
