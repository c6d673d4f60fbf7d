-- @command notice.mark_read  Mark one notice as read, or all of one's own.
-- @zh 标记已读
-- @roles rep manager hq
-- @may_noop
-- @param notice id(notice)?  The notice; all unread ones when not given.
update notice
   set read_at = now_ms()
 where user_id = actor() and read_at is null and (:notice is null or id = :notice);
select count(*) as unread from notice where user_id = actor() and read_at is null;

-- @command conflict.restore  Put the value that lost back in place.
-- @zh 恢复被覆盖的值
-- @roles rep manager hq
-- @param conflict id(conflict)  The conflict.
select require(settlement is null, 'conflict.settled', 'conflict', 'It is settled already.') from conflict where id = :conflict;
select apply_cell(table_number, row_key, column_number, loser_value) from conflict where id = :conflict;
-- A stage moves only with its step, also when it is put back: from where the last step led.
insert into opportunity_stage_event (id, opportunity_id, from_stage_id, to_stage_id, occurred_on, note)
select new_id(), o.id,
       (select e.to_stage_id from opportunity_stage_event e where e.opportunity_id = o.id order by e.created_at desc limit 1),
       o.stage_id, today(), c.cell_name || ': ' || c.reason
  from conflict c
  join opportunity o on o.id = c.row_key
 where c.id = :conflict and c.table_number = 42 and c.column_number = 5;
update conflict set settlement = 'restored', settled_at = now_ms() where id = :conflict;
insert into notice (id, user_id, kind, table_number, row_key, title, from_user_id, detail)
select new_id(), winner_user_id, 'conflict.restored', table_number, row_key, substr(row_label || ' · ' || cell_name, 1, 500), actor(),
       substr(winner_text || ' → ' || loser_text, 1, 2000)
  from conflict
 where id = :conflict and winner_user_id <> actor();
select id, row_label, cell_name, loser_text as value, settlement from conflict where id = :conflict;

-- @command conflict.keep  Leave the value that won in place.
-- @zh 保留现值
-- @roles rep manager hq
-- @param conflict id(conflict)  The conflict.
select require(settlement is null, 'conflict.settled', 'conflict', 'It is settled already.') from conflict where id = :conflict;
update conflict set settlement = 'kept', settled_at = now_ms() where id = :conflict;
select id, row_label, cell_name, winner_text as value, settlement from conflict where id = :conflict;

-- @command refusal.settle  Note that one has dealt with refused work.
-- @zh 处理被拒操作
-- @roles rep manager hq
-- @param refusal id(refusal)  The refusal.
select require(settled_at is null, 'refusal.settled', 'refusal', 'It is settled already.') from refusal where id = :refusal;
update refusal set settled_at = now_ms() where id = :refusal;
select id, command, code, settled_at from refusal where id = :refusal;
