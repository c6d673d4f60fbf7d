-- @query notice.list  What others did that concerns oneself, newest first.
-- @zh 通知列表
-- @param all bool=no  Those already read too.
-- @param limit int(1..100000)=100  How many at most.
select n.id, n.created_at as told_at, n.kind, n.title, u.name as from_person, n.detail, n.read_at, n.table_number, n.row_key as subject_id
  from notice n
  left join app_user u on u.id = n.from_user_id
 where n.user_id = actor() and (:all = 1 or n.read_at is null)
 order by n.created_at desc, n.id desc
 limit :limit;

-- @query conflict.list  Cells that two people wrote without knowing of each other, newest first.
-- @zh 冲突列表
-- @param all bool=no  Settled ones too.
-- @param limit int(1..100000)=100  How many at most.
select k.id, k.row_label, k.cell_name, w.name as winner, k.winner_text, k.winner_at, l.name as loser, k.loser_text, k.loser_at,
       k.reason, k.settlement, k.settled_at, k.table_number, k.row_key as subject_id
  from conflict k
  left join app_user w on w.id = k.winner_user_id
  left join app_user l on l.id = k.loser_user_id
 where :all = 1 or k.settlement is null
 order by k.loser_at desc, k.id
 limit :limit;

-- @query refusal.list  Work that headquarters did not take, and why, newest first.
-- @zh 被拒操作
-- @param all bool=no  Settled ones too.
-- @param limit int(1..100000)=100  How many at most.
select r.id, u.name as person, r.command, r.code, r.field, r.message, r.made_at, r.settled_at
  from refusal r
  left join app_user u on u.id = r.user_id
 where :all = 1 or r.settled_at is null
 order by r.made_at desc, r.id
 limit :limit;
