-- What a thumb did too much, taken back; and what is to come later.

-- @command reminder.reopen  A reminder was not done after all.
-- @zh 撤销完成提醒
-- @roles rep manager hq
-- @param reminder id(reminder)  The reminder.
select require(done_at is not null, 'reminder.open', 'reminder', 'It is not done.') from reminder where id = :reminder;
update reminder set done_at = null where id = :reminder;
select id, title, due_at, rings_at from reminder_card where id = :reminder;

-- @command task.reopen  A task was not done after all.
-- @zh 撤销完成任务
-- @roles rep manager hq
-- @param task id(task)  The task that was done.
-- @param next id(task)?  The next one, when it repeats: it is taken back.
-- @param id newid  Id of the task that is open again, when the caller wants to choose it.
-- That a task was done is never merged away: it comes again as a new one, and the old one goes.
select require(done_at is not null, 'task.open', 'task', 'It is not done.') from task where id = :task;
select require(done_at is null, 'task.done', 'next', 'It is done already.') from task where id = :next;
insert into task (id, title, assignee_id, priority, due_at, repeat_days, opportunity_id, customer_id, detail, planned_kind)
select :id, title, assignee_id, priority, due_at, repeat_days, opportunity_id, customer_id, detail, planned_kind
  from task
 where id = :task;
insert into reminder (id, user_id, title, due_at, opportunity_id, customer_id, task_id, planned_kind)
select new_id(), assignee_id, title, due_at, opportunity_id, customer_id, id, planned_kind
  from task
 where id = :id and due_at is not null and assignee_id = actor();
update task set deleted_at = now_ms() where id in (:task, :next) and deleted_at is null;
update reminder set deleted_at = now_ms() where task_id = :next and user_id = actor() and done_at is null and deleted_at is null;
select id, title, due_at, priority from task where id = :id;

-- @command task.snooze  Let a task of one's own rest until later; when it is due stays as it is.
-- @zh 稍后处理任务
-- @roles rep manager hq
-- @param task id(task)  The task.
-- @param until time  Until when.
-- @param reminder newid  Id of the reminder that is made when there is none, when the caller wants to choose it.
-- @example task=01970000-0000-7000-8000-000000000000 until="2027-01-12 09:00"
select require(done_at is null, 'task.done', 'task', 'It is done already.'),
       require(assignee_id = actor(), 'task.not_own', 'task', 'Only who does it lets it rest.')
  from task
 where id = :task;
insert into reminder (id, user_id, title, due_at, opportunity_id, customer_id, task_id, planned_kind)
select :reminder, assignee_id, title, coalesce(due_at, :until), opportunity_id, customer_id, id, planned_kind
  from task
 where id = :task
   and not exists (select 1 from reminder r where r.task_id = :task and r.user_id = actor() and r.done_at is null and r.deleted_at is null);
update reminder
   set snoozed_to_at = :until
 where task_id = :task and user_id = actor() and done_at is null and deleted_at is null;
select t.id, t.title, t.due_at, :until as planned_at from task t where t.id = :task;
