-- @command task.add  Give somebody, or oneself, a task.
-- @zh 新建任务
-- @roles rep manager hq
-- @param id newid  The task's id, when the caller wants to choose it.
-- @param title text(300)  What to do.
-- @param assignee id(app_user)?=me  Who does it.
-- @param due_at time?  Until when; makes a reminder for oneself.
-- @param priority enum(high|normal|low)=normal  How urgent it is.
-- @param repeat_days int(1..3660)?  Comes again so many days after it was due.
-- @param offset_minutes int(0..527040)=0  How long before it is due the reminder rings.
-- @param opportunity id(opportunity)?  The opportunity it is about.
-- @param customer id(customer)?  The customer it is about.
-- @param detail text(4000)?  More about it.
-- @param kind text(63)?  What it will be, from the list interaction_kind: call, visit …
-- @example title="Send the offer" due_at="2027-01-12 17:00" priority=high opportunity=1C1I7A6R
select require(:kind is null or exists (select 1 from list_item where list = 'interaction_kind' and code = :kind and active = 1),
               'list.unknown', 'kind', 'Not in the list; it has: ' || (select codes from list_choices where list = 'interaction_kind'));
insert into task (id, title, assignee_id, priority, due_at, repeat_days, opportunity_id, customer_id, detail, planned_kind)
values (:id, :title, coalesce(:assignee, actor()), :priority, :due_at, :repeat_days, :opportunity,
        coalesce(:customer, (select customer_id from opportunity where id = :opportunity)), :detail, :kind);
insert into reminder (id, user_id, title, due_at, offset_minutes, opportunity_id, customer_id, task_id, planned_kind)
select new_id(), assignee_id, title, due_at, :offset_minutes, opportunity_id, customer_id, id, planned_kind
  from task
 where id = :id and due_at is not null and assignee_id = actor();
insert into notice (id, user_id, kind, table_number, row_key, title, from_user_id)
select new_id(), assignee_id, 'task.assigned', 51, id, title, actor()
  from task
 where id = :id and assignee_id <> actor();
select id, title, due_at, priority from task where id = :id;

-- @command task.done  A task is done; one that repeats comes again.
-- @zh 完成任务
-- @roles rep manager hq
-- @param task id(task)  The task.
-- @param next newid  Id of the next one of a repeating task, when the caller wants to choose it.
select require(done_at is null, 'task.done', 'task', 'It is done already.') from task where id = :task;
update task set done_at = now_ms() where id = :task;
update reminder set done_at = now_ms() where task_id = :task and user_id = actor() and done_at is null;
insert into task (id, title, assignee_id, priority, due_at, repeat_days, opportunity_id, customer_id, detail, planned_kind)
select :next, title, assignee_id, priority, coalesce(due_at, now_ms()) + repeat_days * 86400000, repeat_days,
       opportunity_id, customer_id, detail, planned_kind
  from task
 where id = :task and repeat_days is not null;
insert into reminder (id, user_id, title, due_at, opportunity_id, customer_id, task_id, planned_kind)
select new_id(), assignee_id, title, due_at, opportunity_id, customer_id, id, planned_kind
  from task
 where id = :next and assignee_id = actor();
select d.id, d.title, d.done_at, n.id as next_id, n.due_at as next_at
  from task d
  left join task n on n.id = :next
 where d.id = :task;

-- @command task.edit  Change a task; what is not given stays.
-- @zh 修改任务
-- @roles rep manager hq
-- @param task id(task)  The task.
-- @param title text(300)?  What to do.
-- @param assignee id(app_user)?  Who does it.
-- @param due_at time?  Until when.
-- @param priority enum(high|normal|low)?  How urgent it is.
-- @param detail text(4000)?  More about it.
insert into notice (id, user_id, kind, table_number, row_key, title, from_user_id)
select new_id(), :assignee, 'task.assigned', 51, id, coalesce(:title, title), actor()
  from task
 where id = :task and :assignee is not null and :assignee <> assignee_id and :assignee <> actor();
update task
   set title = coalesce(:title, title), assignee_id = coalesce(:assignee, assignee_id), due_at = coalesce(:due_at, due_at),
       priority = coalesce(:priority, priority), detail = coalesce(:detail, detail)
 where id = :task;
select id, title, due_at, priority from task where id = :task;

-- @command task.remove  Take a task back.
-- @zh 删除任务
-- @roles rep manager hq
-- @param task id(task)  The task.
update task set deleted_at = now_ms() where id = :task and deleted_at is null;
update reminder set deleted_at = now_ms() where task_id = :task and user_id = actor() and done_at is null and deleted_at is null;
select id, title from task where id = :task;
