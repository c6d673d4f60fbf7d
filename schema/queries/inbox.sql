-- @query notice.list  What others did that concerns oneself, newest first.
-- @zh 通知列表
-- @param all bool=no  Those already read too.
-- @param limit int(1..100000)=100  How many at most.
select n.id, n.created_at as told_at, n.kind, n.title, u.name as from_person, n.detail, n.read_at, n.table_number, n.row_key as subject_id,
       s.subject, n.from_user_id
  from notice n
  left join record_kind s on s.table_number = n.table_number
  left join app_user u on u.id = n.from_user_id
 where n.user_id = actor() and (:all = 1 or n.read_at is null)
 order by n.created_at desc, n.id desc
 limit :limit;

-- @query conflict.list  Cells that two people wrote without knowing of each other, newest first.
-- @zh 冲突列表
-- @param all bool=no  Settled ones too.
-- @param limit int(1..100000)=100  How many at most.
select k.id, k.row_label, k.cell_name, w.name as winner, k.winner_text, k.winner_at, l.name as loser, k.loser_text, k.loser_at,
       k.reason, k.settlement, k.settled_at, k.table_number, k.row_key as subject_id, s.subject,
       k.winner_user_id, k.loser_user_id, x.name as winner_device, y.name as loser_device
  from conflict k
  left join record_kind s on s.table_number = k.table_number
  left join device x on x.id = k.winner_device_id
  left join device y on y.id = k.loser_device_id
  left join app_user w on w.id = k.winner_user_id
  left join app_user l on l.id = k.loser_user_id
 where :all = 1 or k.settlement is null
 order by k.loser_at desc, k.id
 limit :limit;

-- @query refusal.list  Work that headquarters did not take, and why, newest first.
-- @zh 被拒操作
-- @param all bool=no  Settled ones too.
-- @param limit int(1..100000)=100  How many at most.
select r.id, u.name as person, r.command, r.code, r.field, r.message, r.made_at, r.settled_at, r.user_id, d.name as device,
       d.code as device_code
  from refusal r
  left join device d on d.id = r.device_id
  left join app_user u on u.id = r.user_id
 where :all = 1 or r.settled_at is null
 order by r.made_at desc, r.id
 limit :limit;

-- @query device.list  The stations that headquarters enrolled, the newest first.
-- @zh 工作站列表
-- @roles hq
-- @param all bool=no  Revoked ones too.
-- @param text text(100)?  Only those whose name or code holds this text.
select d.id, d.code, d.name, d.ceiling, d.enrolled_at, d.revoked_at,
       (select count(*) from refusal r where r.device_id = d.id and r.settled_at is null) as open_refusals,
       (select count(*) from conflict k where k.loser_device_id = d.id and k.settlement is null) as open_conflicts
  from device d
 where (:all = 1 or d.revoked_at is null)
   and (:text is null or search_matches(:text, d.name, d.code))
 order by d.enrolled_at desc, d.id;
