-- Hand-overs as they were made: what went together stands together.

-- @query assignment.list  Hand-overs, newest first: who gave what from whom to whom.
-- @zh 移交历史
-- @roles manager hq
-- @param person id(app_user)?  Only those from or to this person.
-- @param limit int(1..10000)=50  How many at most.
-- Those that came with a new record are no hand-overs. left_count are the customers and open opportunities that the
-- new owner still has: what can be given back.
with batches as (
  select coalesce(a.batch_id, a.id) as id, a.batch_id, a.from_user_id, a.to_user_id, min(a.created_at) as assigned_at,
         min(a.created_by) as created_by, min(a.note) as note, count(a.customer_id) as customers,
         count(a.opportunity_id) as opportunities,
         sum(a.customer_id is not null and c.owner_id = a.to_user_id and c.deleted_at is null) as customers_left,
         sum(a.opportunity_id is not null and o.owner_id = a.to_user_id and o.deleted_at is null and s.kind = 'open') as opportunities_left
    from assignment a
    left join customer c on c.id = a.customer_id
    left join opportunity o on o.id = a.opportunity_id
    left join stage s on s.id = o.stage_id
   where a.from_user_id is not null and a.to_user_id is not null
     and (:person is null or a.from_user_id = :person or a.to_user_id = :person)
   group by coalesce(a.batch_id, a.id), a.from_user_id, a.to_user_id
   order by assigned_at desc, id desc
   limit :limit
)
select b.id, b.assigned_at, f.name as from_person, t.name as to_person, w.name as who, b.customers, b.opportunities, b.note,
       coalesce(b.customers_left, 0) + coalesce(b.opportunities_left, 0) as left_count, b.from_user_id, b.to_user_id, b.batch_id,
       f.active as from_active
  from batches b
  left join app_user f on f.id = b.from_user_id
  left join app_user t on t.id = b.to_user_id
  left join app_user w on w.id = b.created_by
 order by b.assigned_at desc, b.id desc;

-- @query assignment.rows  What one hand-over moved, and whether the new owner still has it.
-- @zh 移交明细
-- @roles manager hq
-- @param assignment text(36)  Its id, as assignment.list gives it.
-- @param from id(app_user)?  Only what this person had: one hand-over may take from several.
select a.id, case when a.customer_id is not null then 'customer' else 'opportunity' end as kind, coalesce(c.name, o.name) as name,
       a.customer_id, a.opportunity_id, a.from_user_id, a.to_user_id,
       coalesce(case when a.customer_id is not null then c.owner_id = a.to_user_id and c.deleted_at is null
                     else o.owner_id = a.to_user_id and o.deleted_at is null and s.kind = 'open' end, 0) as still
  from assignment a
  left join customer c on c.id = a.customer_id
  left join opportunity o on o.id = a.opportunity_id
  left join stage s on s.id = o.stage_id
 where hex(coalesce(a.batch_id, a.id)) = upper(replace(:assignment, '-', ''))
   and (:from is null or a.from_user_id = :from)
 order by kind, name, a.id;

-- @query opportunity.contested_rows  The open opportunities with one customer for one product, the one that was there first on top.
-- @zh 撞单明细
-- @roles manager hq
-- @param customer id(customer)  The customer.
-- @param product id(product)  The product.
select o.id, o.code, o.name, o.owner, o.owner_id, o.stage_code, o.stage_zh, o.stage_en, o.amount_minor, o.currency, o.opened_on,
       (select max(i.happened_at) from interaction i
         where i.opportunity_id = o.id and i.deleted_at is null and i.kind <> 'note') as last_contact_at,
       o.customer_id, o.customer
  from opportunity_card o
 where o.customer_id = :customer and o.state = 'open' and o.owner_id is not null
   and (o.product_id = :product
        or exists (select 1 from opportunity_product l
                    where l.opportunity_id = o.id and l.product_id = :product and l.deleted_at is null))
 order by o.opened_on is null, o.opened_on, o.id;
