-- Who owns a customer: managers decide; a salesperson registers for himself, takes from the pool, or gives back.
-- A claim that reaches headquarters after another one was merged finds the owner set and is refused: the
-- acknowledged claim stands, and the later claimant is told.

-- @rule customer.owner_change  Salespeople take customers from the pool only, or give their own back.
-- @zh 只能领取公海客户或退回自己的客户
-- @tables customer
-- @since 1
select c.row_key as row_key, 'customer' as field
  from changed c
 where c.table_name = 'customer' and c.column_name = 'owner_id'
   and has_role('manager') = 0 and has_role('hq') = 0
   and not (c.old_blob is null and c.new_blob = actor())
   and not (c.old_blob = actor() and c.new_blob is null);

-- @rule customer.owner_active  A customer goes to somebody who works here.
-- @zh 客户只能交给在职人员
-- @tables customer
-- @since 1
select c.row_key as row_key, 'owner' as field
  from changed c
  join app_user u on u.id = c.new_blob
 where c.table_name = 'customer' and c.column_name = 'owner_id' and u.active = 0;

-- @rule customer.delete_own  Only its owner or a manager deletes a customer.
-- @zh 只有负责人或经理可以删除客户
-- @tables customer
-- @since 1
select c.row_key as row_key, 'customer' as field
  from changed c
  join customer x on x.id = c.row_key
 where c.table_name = 'customer' and c.column_name = 'deleted_at'
   and has_role('manager') = 0 and has_role('hq') = 0
   and x.owner_id is distinct from actor();

-- @rule customer.parent_circle  No customer belongs, at some remove, to itself.
-- @zh 上级客户不能成环
-- @tables customer
-- @since 1
with recursive above (row_key, parent_id) as (
  select c.row_key, c.new_blob
    from changed c
   where c.table_name = 'customer' and c.column_name = 'parent_id' and c.new_blob is not null
   union
  select a.row_key, x.parent_id
    from above a
    join customer x on x.id = a.parent_id
   where x.parent_id is not null
)
select row_key as row_key, 'parent' as field
  from above
 where parent_id = row_key;

-- @rule customer_share.by_owner  Only its owner or a manager shares a customer; the colleague himself may leave.
-- @zh 只有负责人或经理可以共享客户
-- @tables customer_share
-- @since 1
select t.row_key as row_key, 'customer' as field
  from touched t
  join customer_share s on s.customer_id = substr(t.row_key, 1, 16) and s.user_id = substr(t.row_key, 17, 16)
  join customer x on x.id = s.customer_id
 where t.table_name = 'customer_share'
   and has_role('manager') = 0 and has_role('hq') = 0
   and x.owner_id is distinct from actor()
   and not (s.user_id = actor() and s.deleted_at is not null);
