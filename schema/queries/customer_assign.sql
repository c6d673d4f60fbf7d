-- @query customer.assign_preview  What customer.assign_bulk would hand over, with the same parameters, and what it would not.
-- @zh 批量移交客户预览
-- @roles manager hq
-- @param to id(app_user)?  The new owner.
-- @param customers json?  Ids or codes of the customers …
-- @param from id(app_user)?  … or all of this salesperson's, as far as the following say:
-- @param level text(63)?  Only of this level.
-- @param type text(63)?  Only of this type.
-- @param industry text(63)?  Only of this industry.
-- @param branch id(branch)?  Only of this branch.
-- @example from="Anna Snelling" level=a
-- problem says why a row stays where it is: same_owner, or unknown for one that this station does not know.
-- Values of problem: same_owner, unknown.
with chosen (id, named) as (
  select c.id, null
    from customer c
   where :from is not null and c.owner_id = :from and c.deleted_at is null
   union all
  select c.id, x.value
    from json_each(:customers) x
    left join customer c
      on (c.id = (select y.id from customer y
                   where hex(y.id) = upper(replace(x.value, '-', '')) or y.code = x.value
                   limit 1)) and c.deleted_at is null
)
select c.id, coalesce(c.name, h.named) as name, c.level, u.name as owner,
       (select count(*) from opportunity o join stage s on s.id = o.stage_id
         where o.customer_id = c.id and o.owner_id = c.owner_id and o.deleted_at is null and s.kind = 'open') as open_opportunities,
       (select coalesce(sum(o.amount_minor), 0) from opportunity o join stage s on s.id = o.stage_id
         where o.customer_id = c.id and o.owner_id = c.owner_id and o.deleted_at is null and s.kind = 'open'
           and o.currency = (select currency from company)) as open_amount_minor,
       (select currency from company) as currency,
       (select count(*) from reminder r
         where r.customer_id = c.id and r.user_id = c.owner_id and r.done_at is null and r.deleted_at is null) as reminders,
       (select count(*) from task t
         where t.customer_id = c.id and t.assignee_id = c.owner_id and t.done_at is null and t.deleted_at is null) as tasks,
       case when c.id is null then 'unknown' when c.owner_id = :to then 'same_owner' end as problem,
       c.owner_id, c.phone
  from chosen h
  left join customer c on c.id = h.id
  left join app_user u on u.id = c.owner_id
 where c.id is null
    or ((:level is null or c.level = :level) and (:type is null or c.type = :type)
        and (:industry is null or c.industry = :industry) and (:branch is null or c.branch_id = :branch))
 order by problem, open_amount_minor desc, name, c.id;
