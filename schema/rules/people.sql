-- @rule person.code_taken  Two people do not have the same code.
-- @zh 人员代码不能重复
-- @tables app_user
-- @since 1
select c.row_key as row_key, 'code' as field
  from changed c
  join app_user u on u.id = c.row_key
  join app_user other on other.code = u.code and other.id <> u.id
 where c.table_name = 'app_user' and c.column_name in ('code', 'deleted_at')
   and u.deleted_at is null and other.deleted_at is null;

-- @rule person.manager_circle  Nobody is, at some remove, his own manager.
-- @zh 汇报关系不能成环
-- @tables app_user
-- @since 1
with recursive above (row_key, manager_id) as (
  select c.row_key, c.new_blob
    from changed c
   where c.table_name = 'app_user' and c.column_name = 'manager_id' and c.new_blob is not null
   union
  select a.row_key, u.manager_id
    from above a
    join app_user u on u.id = a.manager_id
   where u.manager_id is not null
)
select row_key as row_key, 'manager' as field
  from above
 where manager_id = row_key;

-- @rule person.branch_active  People work in branches that are there.
-- @zh 人员只能归属有效网点
-- @tables app_user
-- @since 1
select c.row_key as row_key, 'branch' as field
  from changed c
  join branch b on b.id = c.new_blob
 where c.table_name = 'app_user' and c.column_name = 'branch_id'
   and (b.deleted_at is not null or b.active = 0);

-- @rule person.own_card  Salespeople change their own private card only.
-- @zh 只能修改本人的联系方式
-- @tables person_card
-- @since 1
select t.row_key as row_key, 'person' as field
  from touched t
 where t.table_name = 'person_card' and t.row_key <> actor()
   and has_role('manager') = 0 and has_role('hq') = 0 and has_role('admin') = 0;

-- @rule branch.code_taken  Two branches do not have the same code.
-- @zh 网点代码不能重复
-- @tables branch
-- @since 1
select c.row_key as row_key, 'code' as field
  from changed c
  join branch b on b.id = c.row_key
  join branch other on other.code = b.code and other.id <> b.id
 where c.table_name = 'branch' and c.column_name in ('code', 'deleted_at')
   and b.deleted_at is null and other.deleted_at is null;

-- @rule branch.parent_circle  No branch lies, at some remove, within itself.
-- @zh 网点层级不能成环
-- @tables branch
-- @since 1
with recursive above (row_key, parent_id) as (
  select c.row_key, c.new_blob
    from changed c
   where c.table_name = 'branch' and c.column_name = 'parent_id' and c.new_blob is not null
   union
  select a.row_key, b.parent_id
    from above a
    join branch b on b.id = a.parent_id
   where b.parent_id is not null
)
select row_key as row_key, 'parent' as field
  from above
 where parent_id = row_key;
