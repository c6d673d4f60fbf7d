-- @command opportunity.assign  Hand an opportunity to another salesperson.
-- @zh 移交商机
-- @roles manager hq
-- @param opportunity id(opportunity)  The opportunity.
-- @param to id(app_user)  The new owner.
-- @param note text(500)?  Why.
-- @example opportunity=1C1I7A6R to="Darcel Schlecht"
select require(s.kind = 'open', 'opportunity.closed', 'opportunity', 'It is closed; reopen it first.'),
       require(o.owner_id is distinct from :to, 'opportunity.same_owner', 'to', 'It is his already.')
  from opportunity o
  join stage s on s.id = o.stage_id
 where o.id = :opportunity;
select require(active = 1, 'person.inactive', 'to', 'He does not work here any more.') from app_user where id = :to;
insert into assignment (id, opportunity_id, from_user_id, to_user_id, note, contact_by_at)
select new_id(), id, owner_id, :to, :note,
       now_ms() + 3600000 * (select cast(value as integer) from setting where name = 'follow_up.first_contact_hours')
  from opportunity
 where id = :opportunity;
-- Both are told: who has it now, and who had it.
insert into notice (id, user_id, kind, table_number, row_key, title, from_user_id, detail)
select new_id(), u.id, case when u.id = :to then 'opportunity.assigned' else 'opportunity.handed_over' end, 42, o.id, o.name, actor(), :note
  from opportunity o
  join app_user u on u.id in (o.owner_id, :to)
 where o.id = :opportunity and u.id <> actor();
update opportunity set owner_id = :to where id = :opportunity;
select id, name, owner from opportunity_card where id = :opportunity;

-- @command opportunity.assign_bulk  Hand many open opportunities to another salesperson: chosen ones, or all of somebody's.
-- @zh 批量移交商机
-- @roles manager hq
-- @param to id(app_user)  The new owner.
-- @param opportunities json?  Ids or codes of the opportunities: ["1C1I7A6R","Z063OYW0"].
-- @param from id(app_user)?  All open ones of this salesperson instead.
-- @param batch newid  Id of this hand-over, when the caller wants to choose it.
-- @param note text(500)?  Why.
-- @example from="Anna Snelling" to="Darcel Schlecht" note="On leave"
select require(active = 1, 'person.inactive', 'to', 'He does not work here any more.') from app_user where id = :to;
select require((:opportunities is null) <> (:from is null), 'opportunity.which', 'opportunities',
               'Give either a list of opportunities or from, whose opportunities they are.'),
       require(:from is null or :from <> :to, 'opportunity.same_owner', 'to', 'They are his already.');
-- Whoever names opportunities means all of them: one that is unknown or closed stops the hand-over.
select require(exists (select 1
                         from opportunity o
                         join stage s on s.id = o.stage_id
                        where (hex(o.id) = upper(replace(named.value, '-', '')) or o.code = named.value)
                          and s.kind = 'open' and o.deleted_at is null),
               'opportunity.not_open', 'opportunities',
               'There is no open opportunity ' || named.value || '; the list takes ids or codes of open ones.')
  from json_each(:opportunities) named;
-- The assignments of this batch are the list of what moves; notices and owners follow from them.
insert into assignment (id, opportunity_id, from_user_id, to_user_id, note, reason, contact_by_at, batch_id)
select new_id(), o.id, o.owner_id, :to, :note, 'bulk',
       now_ms() + 3600000 * (select cast(value as integer) from setting where name = 'follow_up.first_contact_hours'), :batch
  from opportunity o
  join stage s on s.id = o.stage_id
 where s.kind = 'open' and o.deleted_at is null and o.owner_id is distinct from :to
   and ((:from is not null and o.owner_id = :from)
        or (:opportunities is not null
            and (hex(o.id) in (select upper(replace(value, '-', '')) from json_each(:opportunities))
                 or o.code in (select value from json_each(:opportunities)))));
insert into notice (id, user_id, kind, title, from_user_id, detail)
select new_id(), from_user_id, 'opportunity.handed_over_bulk', cast(count(*) as text), actor(), :note
  from assignment
 where to_user_id = :to and batch_id = :batch and from_user_id <> actor()
 group by from_user_id;
insert into notice (id, user_id, kind, title, from_user_id, detail)
select new_id(), :to, 'opportunity.assigned_bulk', cast(count(*) as text), actor(), :note
  from assignment
 where to_user_id = :to and batch_id = :batch and :to <> actor()
having count(*) > 0;
update opportunity
   set owner_id = :to
 where id in (select opportunity_id from assignment where to_user_id = :to and batch_id = :batch);
select u.name as owner,
       (select count(*) from opportunity o join stage s on s.id = o.stage_id
         where o.owner_id = u.id and o.deleted_at is null and s.kind = 'open') as open_opportunities
  from app_user u
 where u.id = :to;

-- @command opportunity.add_member  Let a colleague take part in an opportunity, or change his part.
-- @zh 添加协作人
-- @roles rep manager hq
-- @param opportunity id(opportunity)  The opportunity.
-- @param person id(app_user)  The colleague.
-- @param access enum(read|write)=read  Whether he may change it.
-- @param credit bp=0  His part of the deal; what members leave is the owner's.
-- @param expires_on date?  Until when.
-- @example opportunity=1C1I7A6R person="Darcel Schlecht" access=write credit=30%
select require(o.owner_id = actor() or has_role('manager') or has_role('hq'),
               'opportunity.not_owner', 'opportunity', 'Only its owner or a manager does this.'),
       require(o.owner_id is distinct from :person, 'opportunity.owner_member', 'person', 'The owner takes part anyhow.')
  from opportunity o
 where o.id = :opportunity;
select require(active = 1, 'person.inactive', 'person', 'He does not work here any more.') from app_user where id = :person;
select require(:credit between 0 and 10000
               and :credit + coalesce((select sum(credit_bp) from opportunity_member
                                        where opportunity_id = :opportunity and user_id <> :person and deleted_at is null), 0) <= 10000,
               'opportunity.credit', 'credit', 'The parts of all members together are at most 100 %.');
insert into opportunity_member (opportunity_id, user_id, access, credit_bp, expires_on)
values (:opportunity, :person, :access, :credit, :expires_on)
on conflict (opportunity_id, user_id) do update
   set access = excluded.access, credit_bp = excluded.credit_bp, expires_on = excluded.expires_on, deleted_at = null;
insert into notice (id, user_id, kind, table_number, row_key, title, from_user_id)
select new_id(), :person, 'opportunity.member', 42, id, name, actor()
  from opportunity
 where id = :opportunity and :person <> actor();
select u.id as user_id, u.name as person, m.access, m.credit_bp, m.expires_on
  from opportunity_member m
  join app_user u on u.id = m.user_id
 where m.opportunity_id = :opportunity and m.deleted_at is null
 order by u.name;

-- @command opportunity.remove_member  Take a colleague out of an opportunity.
-- @zh 移除协作人
-- @roles rep manager hq
-- @param opportunity id(opportunity)  The opportunity.
-- @param person id(app_user)  The colleague.
select require(owner_id = actor() or :person = actor() or has_role('manager') or has_role('hq'),
               'opportunity.not_owner', 'opportunity', 'Only its owner or a manager does this.')
  from opportunity
 where id = :opportunity;
update opportunity_member
   set deleted_at = now_ms()
 where opportunity_id = :opportunity and user_id = :person and deleted_at is null;
select id, name from opportunity where id = :opportunity;

-- @command opportunity.add_product  Add a product line to an opportunity.
-- @zh 添加产品行
-- @roles rep manager hq
-- @param id newid  The line's id, when the caller wants to choose it.
-- @param opportunity id(opportunity)  The opportunity.
-- @param product id(product)  The product.
-- @param quantity int(1..900000)=1  How many.
-- @param unit_price money?  Price of one; the list price when not given.
-- @param note text(500)?  Remark.
select require(:unit_price is null or :unit_price >= 0, 'amount.negative', 'unit_price', 'A price is not below zero.');
insert into opportunity_product (id, opportunity_id, product_id, quantity_qty, unit_price_minor, note)
select :id, :opportunity, id, :quantity * 1000, coalesce(:unit_price, list_price_minor), :note
  from product
 where id = :product;
select id, quantity_qty, unit_price_minor from opportunity_product where id = :id;

-- @command opportunity.remove_product  Remove a product line.
-- @zh 删除产品行
-- @roles rep manager hq
-- @param line id(opportunity_product)  The line.
update opportunity_product set deleted_at = now_ms() where id = :line and deleted_at is null;
select id from opportunity_product where id = :line;
