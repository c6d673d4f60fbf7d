-- @query opportunity.plans  What is still to be done about an opportunity, the next first.
-- @zh 商机待办
-- @param opportunity id(opportunity)  The opportunity.
-- A task's own reminder is not told twice.
select kind, id, title, due_at, person, person_id, planned_kind, priority
  from (select 'task' as kind, t.id, t.title, t.due_at, u.name as person, t.assignee_id as person_id, t.planned_kind, t.priority
          from task t
          left join app_user u on u.id = t.assignee_id
         where t.opportunity_id = :opportunity and t.done_at is null and t.deleted_at is null
         union all
        select 'reminder', r.id, r.title, coalesce(r.snoozed_to_at, r.due_at), u.name, r.user_id, r.planned_kind, null
          from reminder r
          left join app_user u on u.id = r.user_id
         where r.opportunity_id = :opportunity and r.task_id is null and r.done_at is null and r.deleted_at is null) as plans
 order by coalesce(due_at, 9007199254740991), id;
