-- @rule opportunity.owner_active  An opportunity goes to somebody who works here.
-- @zh 商机只能交给在职人员
-- @tables opportunity
-- @since 1
select c.row_key as row_key, 'owner' as field
  from changed c
  join app_user u on u.id = c.new_blob
 where c.table_name = 'opportunity' and c.column_name = 'owner_id' and u.active = 0
   and not (c.old_blob is null and has_role('hq') = 1);

-- @rule opportunity.stage_of_pipeline  The stage belongs to the opportunity's pipeline.
-- @zh 阶段必须属于该销售流程
-- @tables opportunity
-- @since 1
select c.row_key as row_key, 'stage' as field
  from changed c
  join opportunity o on o.id = c.row_key
  join stage s on s.id = o.stage_id
 where c.table_name = 'opportunity' and c.column_name in ('stage_id', 'pipeline_id')
   and s.pipeline_id <> o.pipeline_id;

-- @rule opportunity.stage_step  Stages go forward; back only where the pipeline allows it; out of a closed one only by managers.
-- @zh 阶段变更不被允许
-- @tables opportunity
-- @since 1
select c.row_key as row_key, 'stage' as field,
       case when f.kind <> 'open' then 'It is closed; a manager may reopen it.'
            else 'This pipeline only goes forward.' end as message
  from changed c
  join stage f on f.id = c.old_blob
  join stage t on t.id = c.new_blob
  join pipeline p on p.id = t.pipeline_id
 where c.table_name = 'opportunity' and c.column_name = 'stage_id'
   and ((f.kind <> 'open' and has_role('manager') = 0 and has_role('hq') = 0)
        or (f.kind = 'open' and t.kind = 'open' and t.position < f.position and p.allows_backward = 0));

-- The step is compared with the state and not the other way round: at headquarters a step that is earlier than
-- the present state is kept as history and rightly leaves the state alone.
-- @rule opportunity.stage_event  Every change of stage has its step, and the step leads there.
-- @zh 阶段变更必须有对应的阶段记录
-- @tables opportunity
-- @since 1
select c.row_key as row_key, 'stage' as field
  from changed c
 where c.table_name = 'opportunity' and c.column_name = 'stage_id'
   and (c.row_key, c.new_blob) not in (
         select e.opportunity_id, e.to_stage_id
           from touched t
           join opportunity_stage_event e on e.id = t.row_key
          where t.table_name = 'opportunity_stage_event' and t.op = 'insert');

-- @rule opportunity.lost_reason  A lost opportunity has a reason, and a note when the reason is other.
-- @zh 输单必须填写原因；选择“其他”时必须说明
-- @tables opportunity
-- @since 1
select c.row_key as row_key, case when o.lost_reason is null then 'reason' else 'note' end as field
  from changed c
  join opportunity o on o.id = c.row_key
  join stage s on s.id = o.stage_id
 where c.table_name = 'opportunity' and c.column_name in ('stage_id', 'lost_reason', 'lost_note')
   and s.kind = 'lost'
   and (o.lost_reason is null or (o.lost_reason = 'other' and coalesce(o.lost_note, '') = ''));

-- @rule opportunity.closed_on  An opportunity has a closing date if, and only if, it is closed.
-- @zh 关闭日期与状态不一致
-- @tables opportunity
-- @since 1
select c.row_key as row_key, 'closed_on' as field
  from changed c
  join opportunity o on o.id = c.row_key
  join stage s on s.id = o.stage_id
 where c.table_name = 'opportunity' and c.column_name in ('stage_id', 'closed_on')
   and ((s.kind = 'open' and o.closed_on is not null) or (s.kind in ('won', 'lost') and o.closed_on is null));

-- Business dates are compared with the engine's stamp of the step, which nobody can forge. Three days are left for time
-- zones and clocks that are off: nothing is refused for its clock.
-- @rule opportunity.backdated  Only headquarters gives a step another day than the one it was made on.
-- @zh 只有总部可以补录日期
-- @tables opportunity opportunity_stage_event
-- @since 1
select t.row_key as row_key, 'on' as field
  from touched t
  join opportunity_stage_event e on e.id = t.row_key
  join opportunity o on o.id = e.opportunity_id
 where t.table_name = 'opportunity_stage_event' and t.op = 'insert' and has_role('hq') = 0
   and (e.occurred_on is null
        or e.occurred_on < date(e.created_at / 1000 - 259200, 'unixepoch')
        or (o.stage_id = e.to_stage_id
            and (o.closed_on < date(e.created_at / 1000 - 259200, 'unixepoch')
                 or o.stage_entered_on < date(e.created_at / 1000 - 259200, 'unixepoch'))));

-- @rule opportunity.opened_on  Only headquarters changes when an opportunity began.
-- @zh 只有总部可以修改登记日期
-- @tables opportunity
-- @since 1
select c.row_key as row_key, 'opened_on' as field
  from changed c
  join opportunity o on o.id = c.row_key
 where c.table_name = 'opportunity' and c.column_name = 'opened_on' and has_role('hq') = 0
   and (c.old_text is not null or o.opened_on < date(o.created_at / 1000 - 259200, 'unixepoch'));

-- @rule opportunity.read_only  A collaborator who may read does not change the opportunity.
-- @zh 只读协作人不能修改商机
-- @tables opportunity opportunity_product opportunity_stage_event opportunity_member
-- @since 1
with parents (row_key, opportunity_id) as (
  select row_key, row_key from touched where table_name = 'opportunity' and op <> 'insert'
   union all
  select t.row_key, x.opportunity_id
    from touched t join opportunity_product x on x.id = t.row_key
   where t.table_name = 'opportunity_product'
   union all
  select t.row_key, x.opportunity_id
    from touched t join opportunity_stage_event x on x.id = t.row_key
   where t.table_name = 'opportunity_stage_event'
   union all
  -- He may take himself out.
  select t.row_key, substr(t.row_key, 1, 16)
    from touched t
   where t.table_name = 'opportunity_member' and substr(t.row_key, 17, 16) <> actor()
)
select p.row_key as row_key, 'opportunity' as field
  from parents p
  join opportunity o on o.id = p.opportunity_id
  join opportunity_member m on m.opportunity_id = p.opportunity_id and m.user_id = actor()
 where m.access = 'read' and m.deleted_at is null
   and o.owner_id is distinct from actor()
   and has_role('manager') = 0 and has_role('hq') = 0;

-- @rule opportunity.member_by_owner  Only the owner or a manager says who takes part; a member may leave.
-- @zh 只有负责人或经理可以管理协作人
-- @tables opportunity_member
-- @since 1
select t.row_key as row_key, 'person' as field
  from touched t
  join opportunity_member m on m.opportunity_id = substr(t.row_key, 1, 16) and m.user_id = substr(t.row_key, 17, 16)
  join opportunity o on o.id = m.opportunity_id
 where t.table_name = 'opportunity_member'
   and has_role('manager') = 0 and has_role('hq') = 0
   and o.owner_id is distinct from actor()
   and not (m.user_id = actor() and m.deleted_at is not null);

-- @rule opportunity.credit  The parts of all members together are at most 100 %.
-- @zh 协作人业绩占比合计不能超过 100%
-- @tables opportunity_member
-- @since 1
select t.row_key as row_key, 'credit' as field
  from touched t
 where t.table_name = 'opportunity_member'
   and (select sum(m.credit_bp)
          from opportunity_member m
         where m.opportunity_id = substr(t.row_key, 1, 16) and m.deleted_at is null) > 10000;

-- @rule opportunity.delete_own  Only its owner or a manager deletes an opportunity.
-- @zh 只有负责人或经理可以删除商机
-- @tables opportunity
-- @since 1
select c.row_key as row_key, 'opportunity' as field
  from changed c
  join opportunity o on o.id = c.row_key
 where c.table_name = 'opportunity' and c.column_name = 'deleted_at'
   and has_role('manager') = 0 and has_role('hq') = 0
   and o.owner_id is distinct from actor();

-- @rule assignment.subject  A hand-over is of an opportunity or a customer, and nobody but managers gives to others.
-- @zh 移交记录无效
-- @tables assignment
-- @since 1
select t.row_key as row_key, 'to' as field
  from touched t
  join assignment a on a.id = t.row_key
 where t.table_name = 'assignment'
   and ((a.opportunity_id is null and a.customer_id is null)
        or (has_role('manager') = 0 and has_role('hq') = 0
            and a.to_user_id is not null and a.to_user_id <> actor()));
