-- @command notice.read  One notice is read.
-- @zh 标记已读
-- @may_noop
-- @param notice id(notice)  Which.
-- @param at int(0..9000000000000)  When.
update notice set read_at = :at where id = :notice and read_at is null;

-- @command conflict.restore  Put the value that lost back in place; a stage with its step.
-- @zh 恢复被覆盖的值
-- @roles rep manager hq
-- @param conflict id(conflict)  Which.
-- @param step newid  The step's id, when a stage moves.
-- @param at int(0..9000000000000)  When.
select require(settlement is null, 'conflict.settled', 'conflict', 'It is settled already.') from conflict where id = :conflict;
select apply_cell(table_number, row_key, column_number, loser_value) from conflict where id = :conflict;
insert into deal_step (id, deal_id, from_stage, to_stage)
select :step, d.id, 'back', d.stage
  from conflict k join deal d on d.id = k.row_key
 where k.id = :conflict and k.table_number = 22 and k.column_number = 4;
update conflict set settlement = 'restored', settled_at = :at where id = :conflict;

-- @command conflict.keep  Leave the value that won.
-- @zh 保留现值
-- @roles rep manager hq
-- @param conflict id(conflict)  Which.
-- @param at int(0..9000000000000)  When.
select require(settlement is null, 'conflict.settled', 'conflict', 'It is settled already.') from conflict where id = :conflict;
update conflict set settlement = 'kept', settled_at = :at where id = :conflict;

-- @command refusal.settle  One has dealt with refused work.
-- @zh 处理被拒操作
-- @roles rep manager hq
-- @param refusal id(refusal)  Which.
-- @param at int(0..9000000000000)  When.
update refusal set settled_at = :at where id = :refusal and settled_at is null;
