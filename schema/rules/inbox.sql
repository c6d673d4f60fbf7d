-- @rule notice.own_read  Only who is told something says that he has read it.
-- @zh 只有接收人可以标记已读
-- @tables notice
-- @since 1
select c.row_key as row_key, 'notice' as field
  from changed c
  join notice n on n.id = c.row_key
 where c.table_name = 'notice' and c.column_name = 'read_at' and n.user_id <> actor();

-- @rule notice.fixed  What a notice says does not change, and nobody signs one with another's name.
-- @zh 通知内容不可修改
-- @tables notice
-- @since 1
select t.row_key as row_key, 'notice' as field
  from touched t
  join notice n on n.id = t.row_key
 where t.table_name = 'notice'
   and ((t.op = 'insert' and n.from_user_id is distinct from actor() and has_role('hq') = 0)
        or (t.op = 'update'
            and t.row_key in (select c.row_key from changed c
                               where c.table_name = 'notice' and c.column_name <> 'read_at')));

-- @rule conflict.settler  A conflict is settled by those it is between, or by a manager.
-- @zh 只有冲突双方或经理可以处理冲突
-- @tables conflict
-- @since 1
select t.row_key as row_key, 'conflict' as field
  from touched t
  join conflict k on k.id = t.row_key
 where t.table_name = 'conflict' and t.op = 'update'
   and k.loser_user_id <> actor() and k.winner_user_id <> actor()
   and has_role('manager') = 0 and has_role('hq') = 0;

-- @rule refusal.settler  Refused work is settled by its author, or by a manager.
-- @zh 只有提交人或经理可以处理被拒操作
-- @tables refusal
-- @since 1
select t.row_key as row_key, 'refusal' as field
  from touched t
  join refusal r on r.id = t.row_key
 where t.table_name = 'refusal' and t.op = 'update' and r.user_id <> actor()
   and has_role('manager') = 0 and has_role('hq') = 0;
