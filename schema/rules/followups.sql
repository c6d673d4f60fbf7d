-- @rule interaction.subject  An interaction is about an opportunity or a customer.
-- @zh 跟进记录必须关联商机或客户
-- @tables interaction
-- @since 1
select t.row_key as row_key, 'customer' as field
  from touched t
  join interaction i on i.id = t.row_key
 where t.table_name = 'interaction' and i.opportunity_id is null and i.customer_id is null;

-- @rule interaction.own  Nobody writes or changes entries in another's name.
-- @zh 不能以他人名义填写或修改跟进记录
-- @tables interaction
-- @since 1
select t.row_key as row_key, 'interaction' as field
  from touched t
  join interaction i on i.id = t.row_key
 where t.table_name = 'interaction' and i.user_id <> actor() and has_role('hq') = 0;

-- @rule reminder.own  Salespeople set and close their own reminders only.
-- @zh 只能操作自己的提醒
-- @tables reminder
-- @since 1
select t.row_key as row_key, 'reminder' as field
  from touched t
  join reminder r on r.id = t.row_key
 where t.table_name = 'reminder' and r.user_id <> actor()
   and has_role('manager') = 0 and has_role('hq') = 0;
