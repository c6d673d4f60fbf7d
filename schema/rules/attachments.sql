-- @rule attachment.subject  A file belongs to an opportunity or a customer.
-- @zh 附件必须关联商机或客户
-- @tables attachment
-- @since 3
select t.row_key as row_key, 'customer' as field
  from touched t
  join attachment a on a.id = t.row_key
 where t.table_name = 'attachment' and a.opportunity_id is null and a.customer_id is null;

-- @rule attachment.fixed  What was added stays as it is: another photo is another attachment.
-- @zh 附件内容不能更换
-- @tables attachment
-- @since 3
select c.row_key as row_key, 'file' as field
  from changed c
  join touched t on t.table_name = c.table_name and t.row_key = c.row_key
 where c.table_name = 'attachment' and c.column_name in ('file', 'size', 'media') and t.op = 'update';

-- @rule attachment.not_own  Only who added a file, a manager or headquarters removes it.
-- @zh 只能删除自己添加的附件
-- @tables attachment
-- @since 3
select c.row_key as row_key, 'attachment' as field
  from changed c
  join attachment a on a.id = c.row_key
 where c.table_name = 'attachment' and c.column_name = 'deleted_at'
   and a.created_by is not null and a.created_by <> actor() and not has_role('manager') and not has_role('hq');
