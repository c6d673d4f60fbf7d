-- @rule customer.member_limit  A customer has at most three members.
-- @zh 每个客户最多三名成员
-- @tables customer_member
-- @since 1
select t.row_key as row_key, 'user' as field
  from touched t
  join customer_member m on m.customer_id = substr(t.row_key, 1, 16) and m.user_id = substr(t.row_key, 17, 16)
 where t.table_name = 'customer_member' and m.deleted_at is null
   and (select count(*) from customer_member k where k.customer_id = m.customer_id and k.deleted_at is null) > 3;

-- @rule customer.owner_active  A customer goes to somebody who works here.
-- @zh 客户只能交给在职人员
-- @tables customer
-- @since 1
select c.row_key as row_key, 'to' as field
  from changed c
  join app_user u on u.id = c.new_blob
 where c.table_name = 'customer' and c.column_name = 'owner_id' and u.active = 0;

-- @rule deal.step_allowed  A stage moves as the steps allow.
-- @zh 阶段变更不被允许
-- @tables deal
-- @since 1
select c.row_key as row_key, 'to' as field
  from changed c
 where c.table_name = 'deal' and c.column_name = 'stage' and c.old_text is not null
   and c.old_text || '>' || c.new_text not in ('open>offer', 'open>lost', 'offer>won', 'offer>lost', 'offer>open', 'lost>open');

-- @rule line.deal_open  The lines of a deal that is won or lost stay.
-- @zh 已关闭商机的明细不可修改
-- @tables deal_line
-- @since 1
select t.row_key as row_key, 'line' as field
  from touched t
  join deal_line l on l.id = t.row_key
  join deal d on d.id = l.deal_id
 where t.table_name = 'deal_line' and d.stage in ('won', 'lost');

-- @rule product.stock_floor  Nobody takes what is not there.
-- @zh 库存不足
-- @tables product
-- @since 1
select t.row_key as row_key, 'count' as field
  from touched t
  join product p on p.id = t.row_key
 where t.table_name = 'product' and p.stock < 0;
