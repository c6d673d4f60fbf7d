-- @command customer.assign_bulk  Hand many customers to another salesperson: chosen ones, or all of somebody's.
-- @zh 批量移交客户
-- @roles manager hq
-- @param to id(app_user)  The new owner.
-- @param customers json?  Ids or codes of the customers …
-- @param from id(app_user)?  … or all of this salesperson's, as far as the following say:
-- @param level text(63)?  Only of this level.
-- @param type text(63)?  Only of this type.
-- @param industry text(63)?  Only of this industry.
-- @param branch id(branch)?  Only of this branch.
-- @param with_opportunities bool=yes  Also the open opportunities with them that the same salesperson has.
-- @param with_follow_ups bool=yes  Also his waiting reminders and tasks about what is handed over.
-- @param batch newid  Id of this hand-over, when the caller wants to choose it.
-- @param note text(500)?  Why.
-- @example from="Anna Snelling" to="Darcel Schlecht" note="On leave"
select require(active = 1, 'person.inactive', 'to', 'He does not work here any more.') from app_user where id = :to;
select require((:customers is null) <> (:from is null), 'customer.which', 'customers',
               'Give either a list of customers or from, whose customers they are.'),
       require(:from is null or :from <> :to, 'customer.same_owner', 'to', 'They are his already.');
-- Whoever names customers means all of them: one that is unknown stops the hand-over.
select require(exists (select 1 from customer c
                        where (hex(c.id) = upper(replace(named.value, '-', '')) or c.code = named.value) and c.deleted_at is null),
               'customer.unknown', 'customers', 'There is no customer ' || named.value || '; the list takes ids or codes.')
  from json_each(:customers) named;
-- The assignments of this batch are the list of what moves; all else follows from them.
insert into assignment (id, customer_id, from_user_id, to_user_id, note, reason, contact_by_at, batch_id)
select new_id(), c.id, c.owner_id, :to, :note, 'bulk',
       now_ms() + 3600000 * (select cast(value as integer) from setting where name = 'follow_up.first_contact_hours'), :batch
  from customer c
 where c.deleted_at is null and c.owner_id is distinct from :to
   and ((:from is not null and c.owner_id = :from)
        or (:customers is not null
            and (hex(c.id) in (select upper(replace(value, '-', '')) from json_each(:customers))
                 or c.code in (select value from json_each(:customers)))))
   and (:level is null or c.level = :level)
   and (:type is null or c.type = :type)
   and (:industry is null or c.industry = :industry)
   and (:branch is null or c.branch_id = :branch);
insert into assignment (id, opportunity_id, from_user_id, to_user_id, note, reason, contact_by_at, batch_id)
select new_id(), o.id, o.owner_id, :to, :note, 'bulk', a.contact_by_at, :batch
  from assignment a
  join opportunity o on o.customer_id = a.customer_id and o.owner_id = a.from_user_id
  join stage s on s.id = o.stage_id
 where a.to_user_id = :to and a.batch_id = :batch and a.customer_id is not null
   and :with_opportunities = 1 and s.kind = 'open' and o.deleted_at is null;
-- A transaction holds 5000 changes: two for each customer and opportunity, one for each reminder and task.
select require(count(*) <= 1500, 'customer.too_many', 'customers',
               'That hands over ' || count(*) || ' customers and opportunities; at most 1500 go at once: choose fewer.')
  from assignment
 where to_user_id = :to and batch_id = :batch;
update reminder
   set user_id = :to
 where :with_follow_ups = 1 and done_at is null and deleted_at is null
   and exists (select 1 from assignment a
                where a.to_user_id = :to and a.batch_id = :batch and a.from_user_id = reminder.user_id
                  and (a.opportunity_id = reminder.opportunity_id
                       or (a.customer_id = reminder.customer_id and reminder.opportunity_id is null)));
update task
   set assignee_id = :to
 where :with_follow_ups = 1 and done_at is null and deleted_at is null
   and exists (select 1 from assignment a
                where a.to_user_id = :to and a.batch_id = :batch and a.from_user_id = task.assignee_id
                  and (a.opportunity_id = task.opportunity_id
                       or (a.customer_id = task.customer_id and task.opportunity_id is null)));
-- Both are told, once: who had them, and who has them now.
insert into notice (id, user_id, kind, title, from_user_id, detail)
select new_id(), from_user_id, 'customer.handed_over_bulk', cast(count(*) as text), actor(), :note
  from assignment
 where to_user_id = :to and batch_id = :batch and customer_id is not null and from_user_id <> actor()
 group by from_user_id;
insert into notice (id, user_id, kind, title, from_user_id, detail)
select new_id(), :to, 'customer.assigned_bulk', cast(count(*) as text), actor(), :note
  from assignment
 where to_user_id = :to and batch_id = :batch and customer_id is not null and :to <> actor()
having count(*) > 0;
update opportunity
   set owner_id = :to
 where id in (select opportunity_id from assignment where to_user_id = :to and batch_id = :batch);
update customer
   set owner_id = :to,
       branch_id = coalesce((select branch_id from app_user where id = :to), branch_id)
 where id in (select customer_id from assignment where to_user_id = :to and batch_id = :batch);
select u.name as owner, :batch as batch_id, count(a.customer_id) as customers, count(a.opportunity_id) as opportunities
  from app_user u
  left join assignment a on a.to_user_id = u.id and a.batch_id = :batch
 where u.id = :to
 group by u.id;

-- @command customer.set_position  Note where a customer is, for the way there: the position of its address to visit.
-- @zh 标记客户位置
-- @roles rep manager hq
-- @param customer id(customer)  The customer.
-- @param latitude_e6 int(-90000000..90000000)  Latitude in millionths of a degree.
-- @param longitude_e6 int(-180000000..180000000)  Longitude in millionths of a degree.
-- @param line text(300)?  Street and house, if they are to be noted too.
-- @example customer=启明科技有限公司 latitude_e6=39908700 longitude_e6=116397500
-- The first address to visit gets it; a customer without one gets one.
insert into customer_address (id, customer_id, kind, line)
select text_key('address/visit/' || hex(c.id)), c.id, 'visit', coalesce(:line, c.address)
  from customer c
 where c.id = :customer
   and not exists (select 1 from customer_address a where a.customer_id = c.id and a.kind = 'visit' and a.deleted_at is null)
on conflict (id) do update set deleted_at = null, line = excluded.line;
update customer_address
   set latitude_e6 = :latitude_e6, longitude_e6 = :longitude_e6, line = coalesce(:line, line)
 where id = (select a.id from customer_address a
              where a.customer_id = :customer and a.kind = 'visit' and a.deleted_at is null
              order by a.latitude_e6 is null, a.id
              limit 1);
select c.id, c.name, g.line, g.latitude_e6, g.longitude_e6
  from customer c
  join customer_place g on g.customer_id = c.id
 where c.id = :customer;
